internal import Core

/// The writing end of a streamed response: counts what the client has not yet taken and lets the writer wait for room.
final class ResponseStream: HTTPResponseWriter {
    private struct Waiter {
        let id: UInt64
        let count: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var buffered = 0
        var isClosed = false
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
        /// Waiters cancelled before they were queued.
        var cancelled: Set<UInt64> = []
    }

    private let exchange: ExchangeID
    private let mailbox: Mailbox
    private let limit: Int
    private let counters: ServerCounters
    private let logger: Logger
    private let state = Locked(State())

    init(exchange: ExchangeID, mailbox: Mailbox, limit: Int, counters: ServerCounters, logger: Logger) {
        self.exchange = exchange
        self.mailbox = mailbox
        self.limit = limit
        self.counters = counters
        self.logger = logger
    }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try Task.checkCancellation()
        try await reserve(bytes.count)
        mailbox.post(.chunk(exchange, bytes))
    }

    /// Runs the closure that makes the content, and tells the loop how it ended.
    func run(_ body: @Sendable (any HTTPResponseWriter) async throws -> Void) async {
        do {
            try await body(self)
            mailbox.post(.finish(exchange, isComplete: true))
        } catch {
            if !(error is CancellationError), (error as? HTTPServingError)?.code != .disconnected {
                logger.error("a streamed response ended early", error: error)
            }
            mailbox.post(.finish(exchange, isComplete: false))
        }
    }

    private func reserve(_ count: Int) async throws {
        let id: UInt64? = try state.withLock { state in
            if state.isClosed { throw Self.disconnected }
            if state.buffered < limit, state.waiters.isEmpty {
                state.buffered += count
                return nil
            }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return counters.buffer(count) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal: (any Error)? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return CancellationError() }
                    if state.isClosed { return Self.disconnected }
                    state.waiters.append(Waiter(id: id, count: count, continuation: continuation))
                    return nil
                }
                if let refusal { continuation.resume(throwing: refusal) } else { resumeWaiters(afterTaking: 0) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
        counters.buffer(count)
    }

    /// `count` bytes have gone to the socket.
    func acknowledge(_ count: Int) {
        counters.buffer(-count)
        resumeWaiters(afterTaking: count)
    }

    private func resumeWaiters(afterTaking count: Int) {
        let ready: [Waiter] = state.withLock { state in
            state.buffered -= count
            var ready: [Waiter] = []
            while let first = state.waiters.first, state.buffered < limit {
                state.buffered += first.count
                ready.append(first)
                state.waiters.removeFirst()
            }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// The client is gone: every write from now on throws.
    func abandon() {
        let (waiters, buffered) = state.withLock { state in
            state.isClosed = true
            defer {
                state.waiters = []
                state.buffered = 0
            }
            return (state.waiters, state.buffered)
        }
        counters.buffer(-buffered)
        for waiter in waiters { waiter.continuation.resume(throwing: Self.disconnected) }
    }

    private static let disconnected = HTTPServingError(
        .disconnected, "the client left before the response was complete")
}
