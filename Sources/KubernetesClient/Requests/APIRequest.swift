package import Core
internal import KubernetesAPI

/// One request to an API server, before the server's address and the credentials are added.
package struct APIRequest: Sendable {
    /// How the request stands towards the others.
    package enum Lane: Sendable, Hashable {
        /// Limited by the client's rate.
        case ordinary
        /// As ordinary, but on connections of its own: watches stay, and would leave no room for what they ask for.
        case watch
        /// Not limited, and on connections of its own: leases must be renewed whatever else happens.
        case lease

        /// The connections that only requests of this lane use; nil for those in common.
        var pool: String? {
            switch self {
            case .ordinary: nil
            case .watch: "watch"
            case .lease: "lease"
            }
        }
    }

    /// A patch's format.
    package enum PatchFormat: String, Sendable, Hashable {
        /// RFC 7386.
        case merge = "application/merge-patch+json"
        /// RFC 6902.
        case json = "application/json-patch+json"
    }

    package var method: String
    /// Absolute path, percent-encoded.
    package var path: String
    /// Query items, not encoded.
    package var query: [(name: String, value: String)]
    package var body: JSONValue?
    package var contentType: String
    /// What the client wants to be answered with.
    package var accept = "application/json"
    package var lane: Lane
    /// For the whole exchange; nil = the client's default.
    package var deadline: Duration?

    /// A request from its parts.
    package init(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: JSONValue? = nil,
        contentType: String = "application/json", lane: Lane = .ordinary, deadline: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.lane = lane
        self.deadline = deadline
    }

    /// Path and query as they go onto the wire.
    package var target: String {
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { URLEncoding.encode($0.name) + "=" + URLEncoding.encode($0.value) }.joined(separator: "&")
    }
}
