package import Core

/// A time source that stands still until a test moves it. Sleepers are released in the order of their deadlines, equal
/// ones in the order in which they fell asleep.
package final class ManualTime: TimeSource {
    private struct Sleeper: Sendable {
        let id: Int
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher: Sendable {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State: Sendable {
        var uptime: Duration = .zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var watchers: [Watcher] = []
    }

    private let start: Timestamp
    private let state = Locked(State())

    /// A clock that shows `start` (2026-11-20T09:49:46Z unless told otherwise).
    package init(start: Timestamp = Timestamp(seconds: 1_795_168_186)) {
        self.start = start
    }

    package var now: Timestamp { start + uptime }
    package var uptime: Duration { state.current.uptime }

    /// The number of tasks that sleep at the moment.
    package var sleeperCount: Int { state.current.sleepers.count }

    /// How far away the next sleeper's deadline is; nil if nobody sleeps.
    package var nextDeadline: Duration? {
        state.withLock { state in state.sleepers.map(\.deadline).min().map { $0 - state.uptime } }
    }

    package func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Verdict { case cancelled, elapsed, asleep([Watcher]) }
                let verdict: Verdict = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .cancelled }
                    if duration <= .zero { return .elapsed }
                    state.sleepers.append(
                        Sleeper(id: id, deadline: state.uptime + duration, continuation: continuation))
                    let count = state.sleepers.count
                    let ready = state.watchers.filter { $0.count <= count }
                    state.watchers.removeAll { $0.count <= count }
                    return .asleep(ready)
                }
                switch verdict {
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .elapsed: continuation.resume()
                case .asleep(let ready): for watcher in ready { watcher.continuation.resume() }
                }
            }
        } onCancel: {
            let sleeper: Sleeper? = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time by `duration` and wakes who has slept long enough.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.uptime += duration
            let now = state.uptime
            let due = state.sleepers.filter { $0.deadline <= now }
                .sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
            state.sleepers.removeAll { $0.deadline <= now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until at least `count` tasks sleep. Hangs if that never happens: give the test a time limit.
    package func waitForSleepers(count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
