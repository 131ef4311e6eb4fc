internal import Core

/// Which registry hosts have series of their own. Whoever writes objects chooses hosts: there is room for a number of them,
/// the others are counted together, and a host that has not been asked for long leaves its place to another.
final class HostLabels: Sendable {
    /// What hosts without a place are counted under.
    static let rest = "other"

    private struct State: Sendable {
        /// For each host when it was counted last, in counts of all.
        var lastUse: [String: Int] = [:]
        var uses = 0
    }

    private let limit: Int
    private let patience: Int
    private let state = Locked(State())

    /// - Parameters:
    ///   - limit: hosts with series of their own.
    ///   - patience: a host keeps its place for that many counts of others.
    init(limit: Int = 200, patience: Int = 100_000) {
        self.limit = limit
        self.patience = patience
    }

    /// What `host` is counted under, and the host whose series end because it took that one's place.
    func label(of host: String) -> (label: String, leaving: String?) {
        state.withLock { state in
            state.uses += 1
            if state.lastUse[host] != nil || state.lastUse.count < limit {
                state.lastUse[host] = state.uses
                return (host, nil)
            }
            guard let oldest = state.lastUse.min(by: { $0.value < $1.value }), state.uses - oldest.value > patience
            else {
                return (Self.rest, nil)
            }
            state.lastUse[oldest.key] = nil
            state.lastUse[host] = state.uses
            return (host, oldest.key)
        }
    }
}
