internal import Core
internal import HTTPTransport

/// When a piece of work must be over, on a time source's uptime.
struct Deadline: Sendable {
    private let time: any TimeSource
    private let end: Duration?
    /// The whole time that was given, for messages.
    private let allowance: Duration?
    /// What sets it, for messages.
    private let source: String?

    init(after allowance: Duration?, setBy source: String? = nil, time: any TimeSource) {
        self.source = source
        self.time = time
        self.allowance = allowance
        end = allowance.map { time.uptime + $0 }
    }

    /// Whether messages say what sets it.
    var isAdjustable: Bool { source != nil }

    /// What is left; zero when it is over, nil without a limit.
    var remaining: Duration? { end.map { max(.zero, $0 - time.uptime) } }

    /// Whether `duration` fits into what is left.
    func allows(_ duration: Duration) -> Bool { remaining.map { duration < $0 } ?? true }

    func expired(_ action: String) -> RegistryError {
        let within = allowance.map { " within \(GoDuration($0))" } ?? ""
        let hint = source.map { " (\($0)); raise it for large content or slow lines" } ?? ""
        return RegistryError(.timeout, "\(action): not done\(within)\(hint)")
    }

    /// What a failed exchange means. When the time is over, that is what is said, in words that are the same at every try:
    /// what was left for this one exchange says nothing to anybody.
    func failure(
        _ error: HTTPTransportError, while action: String, endpoint: String, advice: RegistryAdvice
    ) -> RegistryError {
        if error.code == .timeout, remaining == .zero { return expired(action) }
        return RegistryError(error, while: action, endpoint: endpoint, advice: advice)
    }

    /// Runs `work`, cancelling it when the time is over.
    /// - Returns: what the work returns, also when it succeeds in spite of that.
    func run<Success: Sendable>(
        _ action: String, _ work: @escaping @Sendable () async throws(RegistryError) -> Success
    ) async throws(RegistryError) -> Success {
        guard let remaining else { return try await work() }
        guard remaining > .zero else { throw expired(action) }
        let time = time
        let outcome = await withTaskGroup(of: Result<Success, RegistryError>?.self) { group in
            group.addTask {
                do throws(RegistryError) { return .success(try await work()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await time.sleep(for: remaining)
                return nil
            }
            var outcome = await group.next() ?? nil
            group.cancelAll()
            // The work may have been done at the same moment, and what it gained (a place at a gate) is the caller's.
            if outcome == nil, case .success(let value)?? = await group.next() { outcome = .success(value) }
            return outcome
        }
        if let outcome { return try outcome.get() }
        throw Task.isCancelled ? .cancelled(action) : expired(action)
    }
}
