internal import Core

/// Lets a bounded number of requests to one registry be under way at a time, and starts them at a bounded rate.
///
/// A request holds its place until its answer's head is there: a slow download keeps nobody waiting.
final class HostGate: Sendable {
    private struct State {
        var free: Int
        var bucket: TokenBucket
        var nextID = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var cancelled: Set<Int> = []

        mutating func takePlace() -> Bool {
            guard free > 0, waiters.isEmpty else { return false }
            free -= 1
            return true
        }
    }

    private let limit: Int
    private let isRateLimited: Bool
    private let time: any TimeSource
    private let state: Locked<State>

    /// - Parameters:
    ///   - limit: requests at a time, at least 1.
    ///   - rate: requests started each second; 0 for no limit.
    init(limit: Int, rate: Double, burst: Int, time: any TimeSource) {
        self.limit = max(1, limit)
        isRateLimited = rate > 0
        self.time = time
        state = Locked(State(free: max(1, limit), bucket: TokenBucket(rate: rate, burst: burst)))
    }

    /// Whether nobody is inside or waits.
    var isIdle: Bool { state.withLock { $0.free == limit && $0.waiters.isEmpty } }

    /// Takes a place if one is free and no rate is to be kept: the usual case, without any waiting.
    func enterAtOnce() -> Bool {
        state.withLock { state in !isRateLimited && state.takePlace() }
    }

    /// Waits for a place and for the rate's turn, in order; `leave()` gives the place back.
    /// - Throws: `CancellationError`, as soon as the task is cancelled.
    func enter() async throws {
        if !state.withLock({ $0.takePlace() }) { try await waitForPlace() }
        let delay = state.withLock { $0.bucket.reserve(at: time.uptime) }
        guard delay > .zero else { return }
        do {
            try await time.sleep(for: delay)
        } catch {
            state.withLock { $0.bucket.cancelReservation(at: time.uptime) }
            leave()
            throw error
        }
    }

    /// Gives a place back, or on to who waits longest.
    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiters.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        next?.resume(returning: true)
    }

    private func waitForPlace() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let hasPlace = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let verdict: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    if state.takePlace() { return true }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: false)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        guard hasPlace else { throw CancellationError() }
    }
}
