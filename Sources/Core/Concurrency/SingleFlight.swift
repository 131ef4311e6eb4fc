/// Shares work between those who ask for the same at the same time: while the work for a key is under way, further
/// callers wait for its result instead of starting it again. Nothing is kept once it is done.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight: Sendable {
        let id: Int
        let task: Task<Void, Never>
        var waiters: [Int: CheckedContinuation<Value, any Error>]
    }

    private struct State: Sendable {
        var nextID = 0
        var flights: [Key: Flight] = [:]
        /// Callers that took a number and do not wait yet; missing here = cancelled before it waited.
        var arriving: Set<Int> = []
    }

    private let state = Locked(State())

    /// Nothing is under way yet.
    package init() {}

    /// The number of keys whose work is under way.
    package var flightCount: Int { state.withLock { $0.flights.count } }

    /// The number of callers that wait for the work of `key`.
    package func waiterCount(for key: Key) -> Int {
        state.withLock { $0.flights[key]?.waiters.count ?? 0 }
    }

    /// The result of `work`, or of the work that is under way for `key`.
    ///
    /// A cancelled caller returns at once and leaves the others their work; when the last one is gone the work itself is
    /// cancelled, and the next caller starts anew.
    /// - Throws: what the work throws, to all who wait; `CancellationError` to a cancelled caller.
    package func run(_ key: Key, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let waiter = state.withLock { state in
            defer { state.nextID += 1 }
            state.arriving.insert(state.nextID)
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard state.arriving.remove(waiter) != nil else { return false }
                    if state.flights[key] == nil {
                        // The first caller's number names the flight. The task cannot finish before it is recorded: it
                        // needs this lock for that.
                        state.flights[key] = Flight(id: waiter, task: start(key, id: waiter, work), waiters: [:])
                    }
                    state.flights[key]?.waiters[waiter] = continuation
                    return true
                }
                if !isWaiting { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            leave(key, waiter: waiter)
        }
    }

    private func start(
        _ key: Key, id: Int, _ work: @escaping @Sendable () async throws -> Value
    ) -> Task<Void, Never> {
        Task {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            land(key, id: id, result)
        }
    }

    private func land(_ key: Key, id: Int, _ result: Result<Value, any Error>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
            // An abandoned flight may have been followed by another one.
            guard let flight = state.flights[key], flight.id == id else { return [] }
            state.flights[key] = nil
            return Array(flight.waiters.values)
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    private func leave(_ key: Key, waiter: Int) {
        let (continuation, abandoned) = state.withLock {
            state -> (CheckedContinuation<Value, any Error>?, Task<Void, Never>?) in
            if state.arriving.remove(waiter) != nil { return (nil, nil) }
            guard let continuation = state.flights[key]?.waiters.removeValue(forKey: waiter) else { return (nil, nil) }
            guard let flight = state.flights[key], flight.waiters.isEmpty else { return (continuation, nil) }
            state.flights[key] = nil
            return (continuation, flight.task)
        }
        abandoned?.cancel()
        continuation?.resume(throwing: CancellationError())
    }
}
