internal import Dispatch

/// Runs blocking work (hashing, archives, fsync) on a bounded number of threads of its own, so that it never starves the
/// pool on which everything asynchronous runs. On Linux that pool and Dispatch's are one: these threads are of neither.
package final class BlockingExecutor: Sendable {
    private struct State {
        /// Bodies from `head` on wait; those before it are spent, and nil so that they hold on to nothing.
        var waiting: [(@Sendable () -> Void)?] = []
        var head = 0
        var running = 0
    }

    private let label: String
    private let width: Int
    private let state = Locked(State())

    /// An executor with at most `width` (at least 1) threads at work; further work waits in order. Threads end when there
    /// is nothing left to do.
    /// - Parameter label: names the threads, by its first 15 bytes.
    package init(label: String, width: Int) {
        self.label = label
        self.width = max(1, width)
    }

    /// The number of bodies that run or wait at the moment.
    package var pendingCount: Int {
        state.withLock { $0.waiting.count - $0.head + $0.running }
    }

    /// Runs `body` on one of the executor's threads and returns what it returns.
    ///
    /// The work is not interrupted when the calling task is cancelled: long bodies check a flag of their own.
    /// - Throws: what `body` throws.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws -> Success
    ) async throws -> Success {
        try await withCheckedThrowingContinuation { continuation in
            enqueue { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Runs work that cannot fail, or that returns a `Result`; otherwise as the one above.
    package func run<Success: Sendable>(_ body: @escaping @Sendable () -> Success) async -> Success {
        await withCheckedContinuation { continuation in
            enqueue { continuation.resume(returning: body()) }
        }
    }

    private func enqueue(_ work: @escaping @Sendable () -> Void) {
        let startsWorker = state.withLock { state in
            state.waiting.append(work)
            guard state.running < width else { return false }
            state.running += 1
            return true
        }
        guard startsWorker else { return }
        // A system that refuses another thread has others that it shares out: slower, but the work is done.
        if !DetachedThread.start(label, { self.drain() }) { DispatchQueue.global().async { self.drain() } }
    }

    private func drain() {
        while let work = next() { work() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard state.head < state.waiting.count else {
                state.waiting.removeAll(keepingCapacity: false)
                state.head = 0
                state.running -= 1
                return nil
            }
            // Spent entries are dropped in batches, so that a long queue costs no quadratic shifting.
            if state.head >= 256 {
                state.waiting.removeFirst(state.head)
                state.head = 0
            }
            let work = state.waiting[state.head]
            state.waiting[state.head] = nil
            state.head += 1
            return work
        }
    }
}
