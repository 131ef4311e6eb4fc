internal import Core

/// A reconciliation that is going on, and the ways in which it is ended from outside.
final class Execution: Sendable {
    enum Interruption: Sendable {
        /// The object changed or is being deleted.
        case superseded
        /// It took too long.
        case timedOut
        /// The process ends.
        case shutdown
    }

    private struct State: Sendable {
        var task: Task<Void, Never>?
        var interruption: Interruption?
        var cancellation: Duration?
    }

    /// When it began, as a reading of the uptime.
    let begin: Duration
    private let state = Locked(State())

    init(begin: Duration) { self.begin = begin }

    /// Why it was ended, if it was; the first reason stands.
    var interruption: Interruption? { state.current.interruption }

    /// When it was cancelled because it took too long or the process ends, as a reading of the uptime.
    var cancellation: Duration? { state.current.cancellation }

    /// Hands over the task that does the work.
    func attach(_ task: Task<Void, Never>) {
        let isInterrupted = state.withLock { state in
            state.task = task
            return state.interruption != nil
        }
        if isInterrupted { task.cancel() }
    }

    /// Cancels the work.
    /// - Parameter now: a reading of the uptime.
    func interrupt(_ reason: Interruption, at now: Duration) {
        let task = state.withLock { state in
            if reason != .superseded, state.cancellation == nil { state.cancellation = now }
            if state.interruption == nil { state.interruption = reason }
            return state.task
        }
        task?.cancel()
    }
}
