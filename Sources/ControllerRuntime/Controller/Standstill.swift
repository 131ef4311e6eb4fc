internal import Core
internal import KubernetesAPI

/// What keeps a controller from making progress when nothing is missing but a new process.
///
/// Nothing outside is a standstill: a registry or an API server that is away ends each try in time. So it is long before
/// one is seen, and what is seen then does not mend itself.
struct Standstill: Sendable {
    /// How much later than it should have happened something counts as never happening.
    static let grace = Duration.seconds(300)
    private static let maximumInMessage = 3

    /// What a controller is at.
    struct Situation: Sendable {
        let concurrency: Int
        /// Since when each reconciliation goes on, as readings of the uptime.
        let begins: [NamespacedName: Duration]
        /// How long each key has waited for a worker.
        let waiting: [NamespacedName: Duration]
        /// After which a reconciliation is cancelled; nil = never.
        let reconcileTimeout: Duration?
        /// When the controller was asked to end; nil while it works.
        let endBegan: Duration?
        /// How long it may take to end.
        let drainTimeout: Duration
    }

    let situation: Situation
    let now: Duration
    let date: Timestamp

    /// What is stuck, and since when; nil if nothing is.
    var description: String? {
        let begins = situation.begins
        if let began = situation.endBegan {
            guard now - began > situation.drainTimeout + Self.grace, !begins.isEmpty else { return nil }
            return "the end is waited for since \(at(began)): \(named(begins))"
        }
        guard begins.count >= situation.concurrency else {
            // There is a free worker, and who waits gets it at once.
            guard let (key, waited) = situation.waiting.max(by: { $0.value < $1.value }), waited > Self.grace else {
                return nil
            }
            return "\(key) waits for a worker since \(at(now - waited)) although one is free"
        }
        guard let timeout = situation.reconcileTimeout,
            begins.values.allSatisfy({ now - $0 > timeout + Self.grace })
        else { return nil }
        let workers = begins.count == 1 ? "the only worker is" : "all \(begins.count) workers are"
        return "\(workers) stuck, cancelling did not help: \(named(begins))"
    }

    private func named(_ begins: [NamespacedName: Duration]) -> String {
        let sorted = begins.sorted { ($0.value, $0.key.description) < ($1.value, $1.key.description) }
        let told = sorted.prefix(Self.maximumInMessage).map { "\($0.key) since \(at($0.value))" }
        let more = sorted.count > told.count ? ", and \(sorted.count - told.count) more" : ""
        return told.joined(separator: ", ") + more
    }

    private func at(_ uptime: Duration) -> String { (date + (uptime - now)).rfc3339 }
}
