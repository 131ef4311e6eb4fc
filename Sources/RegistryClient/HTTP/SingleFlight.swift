internal import Core

/// Runs equal work once for all who ask for it at the same time.
///
/// A cancelled caller leaves at once; the work is cancelled when nobody waits for it any more.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RegistryError>

    private enum Step { case left, joined, start(Int) }

    private struct Flight {
        let id: Int
        var task: Task<Void, Never>?
        var waiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }

    private struct State {
        var nextID = 0
        var flights: [Key: Flight] = [:]
        var cancelledWaiters: Set<Int> = []
    }

    private let state = Locked(State())

    /// The outcome of `work`, which is started unless it is under way for `key` already.
    func run(
        _ key: Key, _ work: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        let waiter = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let step: Step = state.withLock { state in
                    if state.cancelledWaiters.remove(waiter) != nil { return .left }
                    if state.flights[key] != nil {
                        state.flights[key]?.waiters[waiter] = continuation
                        return .joined
                    }
                    state.flights[key] = Flight(id: waiter, waiters: [waiter: continuation])
                    return .start(waiter)
                }
                switch step {
                case .left: continuation.resume(returning: .failure(.cancelled("waiting for a shared request")))
                case .joined: break
                case .start(let id): start(key, id, work)
                }
            }
        } onCancel: {
            leave(key, waiter)
        }
        // A cancellation that came after the landing left its mark behind.
        state.withLock { _ = $0.cancelledWaiters.remove(waiter) }
        return try outcome.get()
    }

    private func start(_ key: Key, _ id: Int, _ work: @escaping @Sendable () async throws(RegistryError) -> Value) {
        let task = Task {
            let outcome: Outcome
            do throws(RegistryError) { outcome = .success(try await work()) } catch { outcome = .failure(error) }
            land(key, id, outcome)
        }
        let isAbandoned = state.withLock { state in
            guard state.flights[key]?.id == id else { return true }
            state.flights[key]?.task = task
            return false
        }
        // Everybody left, or the work ended, before the task was noted.
        if isAbandoned { task.cancel() }
    }

    private func land(_ key: Key, _ id: Int, _ outcome: Outcome) {
        let waiters = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
            guard let flight = state.flights[key], flight.id == id else { return [] }
            state.flights[key] = nil
            return Array(flight.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }

    private func leave(_ key: Key, _ waiter: Int) {
        let (continuation, task) = state.withLock {
            state -> (CheckedContinuation<Outcome, Never>?, Task<Void, Never>?) in
            guard let continuation = state.flights[key]?.waiters.removeValue(forKey: waiter) else {
                // Not there yet: the continuation is about to be made. Or it has landed.
                state.cancelledWaiters.insert(waiter)
                return (nil, nil)
            }
            guard state.flights[key]?.waiters.isEmpty == true else { return (continuation, nil) }
            let task = state.flights.removeValue(forKey: key)?.task
            return (continuation, task)
        }
        task?.cancel()
        continuation?.resume(returning: .failure(.cancelled("waiting for a shared request")))
    }
}
