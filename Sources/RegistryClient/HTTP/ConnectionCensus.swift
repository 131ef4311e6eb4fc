internal import Core

/// Which of the process's open connections lead to registries, and to the servers that registries send us to.
final class ConnectionCensus: Sendable {
    /// Servers that are remembered; registries choose where their redirects lead.
    private static let maximumServers = 1000

    /// What the servers that were asked are called in metrics, by `scheme://host:port`.
    private let servers = Locked<[String: String]>([:])
    private let openConnections: @Sendable () -> [String: Int]

    /// - Parameter openConnections: the connections open now, by `scheme://host:port`, whatever they are for.
    init(openConnections: @escaping @Sendable () -> [String: Int]) {
        self.openConnections = openConnections
    }

    /// Notes that a request goes to `origin`.
    func note(_ origin: RegistryURL.Origin) {
        let endpoint = origin.endpoint
        let isFull = servers.withLock { servers in
            if servers[endpoint] != nil { return false }
            guard servers.count < Self.maximumServers else { return true }
            servers[endpoint] = origin.authority
            return false
        }
        guard isFull else { return }
        let open = openConnections()
        servers.withLock { servers in
            servers = servers.filter { open[$0.key] != nil }
            if servers.count < Self.maximumServers { servers[endpoint] = origin.authority }
        }
    }

    /// The connections open now to servers that were asked, by `host` or `host:port`.
    var counts: [String: Int] {
        let open = openConnections()
        return servers.current.reduce(into: [:]) { counts, server in
            counts[server.value, default: 0] += open[server.key] ?? 0
        }
    }
}
