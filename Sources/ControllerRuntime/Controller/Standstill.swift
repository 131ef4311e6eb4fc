internal import Core
internal import KubernetesAPI

/// What keeps a controller from making progress when nothing is missing but a new process.
///
/// Nothing outside is a standstill: a registry or an API server that is away ends each try in time. So it is long before
/// one is seen, and what is seen then does not mend itself. A process that was suspended finds everything late when it goes
/// on: what counts is what was asked for since, and has not happened.
struct Standstill: Sendable {
    /// How much later than it should have happened something counts as never happening.
    static let grace = Duration.seconds(300)
    private static let maximumInMessage = 3

    /// A reconciliation that goes on; the times are readings of the uptime.
    struct Work: Sendable {
        let begin: Duration
        /// When it was cancelled because it took too long or the controller ends; nil while it may go on.
        let cancellation: Duration?
    }

    /// What a controller is at.
    struct Situation: Sendable {
        let concurrency: Int
        let works: [NamespacedName: Work]
        /// How long each key has waited for a worker.
        let waiting: [NamespacedName: Duration]
        /// When it was last looked for work, or a worker became free.
        let lastTurn: Duration
        /// When the controller was asked to end; nil while it works.
        let endBegan: Duration?
    }

    let situation: Situation
    let now: Duration
    let date: Timestamp

    /// What is stuck, and since when; nil if nothing is.
    var description: String? {
        let works = situation.works
        let stuck = works.filter { $0.value.cancellation.map { now - $0 > Self.grace } ?? false }
        if let began = situation.endBegan {
            guard now - began > Self.grace, !stuck.isEmpty else { return nil }
            return "the end is waited for since \(at(began)): \(named(stuck))"
        }
        guard works.count >= situation.concurrency else {
            // There is a free worker, and who waits gets it at once. In a long queue all have waited long when one becomes
            // free.
            guard now - situation.lastTurn > Self.grace,
                let (key, waited) = situation.waiting.max(by: { $0.value < $1.value }), waited > Self.grace
            else { return nil }
            return "\(key) waits for a worker since \(at(now - waited)) although one is free"
        }
        guard stuck.count == works.count else { return nil }
        let workers = works.count == 1 ? "the only worker is" : "all \(works.count) workers are"
        return "\(workers) stuck, cancelling did not help: \(named(works))"
    }

    private func named(_ works: [NamespacedName: Work]) -> String {
        let sorted = works.sorted { ($0.value.begin, $0.key.description) < ($1.value.begin, $1.key.description) }
        let told = sorted.prefix(Self.maximumInMessage).map { "\($0.key) since \(at($0.value.begin))" }
        let more = sorted.count > told.count ? ", and \(sorted.count - told.count) more" : ""
        return told.joined(separator: ", ") + more
    }

    private func at(_ uptime: Duration) -> String { (date + (uptime - now)).rfc3339 }
}
