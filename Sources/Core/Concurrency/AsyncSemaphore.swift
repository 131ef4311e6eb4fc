/// Bounds how many tasks do something at the same time: tasks beyond the bound wait, and go in the order in which they
/// came. A waiting task that is cancelled leaves the line at once.
package final class AsyncSemaphore: Sendable {
    private struct State: Sendable {
        var free: Int
        /// Tasks that took a number and do not wait yet; missing here = cancelled before it waited.
        var arriving: Set<Int> = []
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        /// The number of the next task to come.
        var next = 0
        /// No waiting task has a lower number.
        var head = 0
    }

    private let state: Locked<State>

    /// A semaphore with `permits` (at least 1) permits.
    package init(permits: Int) {
        state = Locked(State(free: max(permits, 1)))
    }

    /// The number of tasks that wait at the moment.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Runs `body` while holding a permit.
    /// - Throws: `CancellationError` if the task is cancelled while it waits; what `body` throws.
    package func withPermit<Success>(_ body: () async throws -> Success) async throws -> Success {
        try await acquire()
        defer { release() }
        return try await body()
    }

    /// Takes a permit; whoever took one calls `release()` once.
    /// - Throws: `CancellationError` if the task is cancelled before it has the permit; it then has none.
    package func acquire() async throws {
        let number = state.withLock { state in
            defer { state.next += 1 }
            state.arriving.insert(state.next)
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    guard state.arriving.remove(number) != nil else { return .failure(CancellationError()) }
                    guard state.free > 0 else {
                        state.waiting[number] = continuation
                        state.head = min(state.head, number)
                        return nil
                    }
                    state.free -= 1
                    return .success(())
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.arriving.remove(number) == nil ? state.waiting.removeValue(forKey: number) : nil
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    /// Gives a permit back: the task that has waited longest gets it.
    package func release() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            if state.waiting.isEmpty {
                state.head = state.next
                state.free += 1
                return nil
            }
            while true {
                defer { state.head += 1 }
                if let next = state.waiting.removeValue(forKey: state.head) { return next }
            }
        }
        next?.resume()
    }
}
