package import Core

/// Wakes one waiting task; a signal that comes before the wait is kept. For loops that sleep until something happens or a
/// time has come: nothing ticks meanwhile.
package final class Wakeup: Sendable {
    private struct State: Sendable {
        var isSignalled = false
        var waiter: (id: Int, continuation: CheckedContinuation<Void, Never>)?
        var nextID = 0
    }

    private let state = Locked(State())

    /// Not signalled.
    package init() {}

    /// Ends the wait that goes on, or the next one.
    package func signal() {
        let continuation = state.withLock { state in
            guard let waiter = state.waiter else {
                state.isSignalled = true
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiter = nil
            return waiter.continuation
        }
        continuation?.resume()
    }

    /// Returns after a signal, or when the task is cancelled. One task waits at a time; a second one ends the first's wait.
    package func wait() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumed: [CheckedContinuation<Void, Never>] = state.withLock { state in
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return [continuation]
                    }
                    let displaced = state.waiter?.continuation
                    state.waiter = (id, continuation)
                    return displaced.map { [$0] } ?? []
                }
                for continuation in resumed { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                guard let waiter = state.waiter, waiter.id == id else {
                    return nil as CheckedContinuation<Void, Never>?
                }
                state.waiter = nil
                return waiter.continuation
            }
            continuation?.resume()
        }
    }

    /// Returns after a signal, after `limit`, or when the task is cancelled; nil waits for a signal however long.
    package func wait(atMost limit: Duration?, time: any TimeSource) async {
        guard let limit else { return await wait() }
        guard limit > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.sleep(for: limit) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
