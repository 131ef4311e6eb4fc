/// Tells blocking work that nobody waits for it any more.
package final class CancellationFlag: Sendable {
    private let isSet = Locked(false)

    /// A flag that is not set.
    package init() {}

    /// Whether the work is to end.
    package var isRaised: Bool { isSet.current }

    /// Asks the work to end.
    package func set() { isSet.withLock { $0 = true } }

    /// Fails once the work is to end.
    package func check() throws(CancellationError) {
        if isRaised { throw CancellationError() }
    }
}

extension BlockingExecutor {
    /// Runs blocking work that looks at a flag from time to time, which cancelling the task sets. Work whose task was
    /// cancelled before its turn came does not begin.
    /// - Throws: what `body` throws; `CancellationError` when it did not begin.
    package func runCancellable<Success: Sendable>(
        _ flag: CancellationFlag = CancellationFlag(),
        _ body: @escaping @Sendable (CancellationFlag) throws -> Success
    ) async throws -> Success {
        try await withTaskCancellationHandler {
            try await run {
                try flag.check()
                return try body(flag)
            }
        } onCancel: {
            flag.set()
        }
    }
}
