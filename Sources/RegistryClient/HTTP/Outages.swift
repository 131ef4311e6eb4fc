internal import Core

/// Which registries could not be reached a moment ago, for each way of reaching them.
///
/// A lost connection heals when a request is sent again; a registry that is away does not come back within the second that
/// this takes. Who finds it away tries as often as it may, the others meanwhile once: otherwise each of a thousand objects
/// would keep a worker waiting. All of them are tried again later by those who asked.
final class Outages: Sendable {
    private struct Key: Hashable {
        let registry: String
        let access: AccessKey
    }

    private static let lifetime = Duration.seconds(30)
    private static let maximumEntries = 10_000

    private let time: any TimeSource
    private let ends = Locked<[Key: Duration]>([:])

    init(time: any TimeSource) { self.time = time }

    /// Notes that all tries of a request were in vain.
    func begin(_ registry: String, _ access: AccessKey) {
        let now = time.uptime
        ends.withLock { ends in
            if ends.count >= Self.maximumEntries { ends = ends.filter { $0.value > now } }
            if ends.count >= Self.maximumEntries { ends = [:] }
            ends[Key(registry: registry, access: access)] = now + Self.lifetime
        }
    }

    /// Notes that the registry answered.
    func end(_ registry: String, _ access: AccessKey) {
        ends.withLock { ends in
            if !ends.isEmpty { ends[Key(registry: registry, access: access)] = nil }
        }
    }

    /// Whether the registry was away a moment ago, and nothing is known to have changed.
    func goesOn(_ registry: String, _ access: AccessKey) -> Bool {
        ends.withLock { $0[Key(registry: registry, access: access)] }.map { time.uptime < $0 } ?? false
    }
}
