package import Core
internal import KubernetesAPI
package import KubernetesClient

/// An API server for the work of a leader: it is asked to change something only while this process leads.
///
/// A process that was suspended goes on with what it was at, or with what the watches brought meanwhile, before anything has
/// told it that another leads by now. What it read after that is fresh, so `resourceVersion` alone would let its writes pass.
package struct LeaderOnlyServer: KubernetesAPIServer {
    private let server: any KubernetesAPIServer
    private let isLeading: @Sendable () -> Bool

    /// - Parameter isLeading: asked before each write; must judge by a clock that goes on while the process does not.
    package init(_ server: any KubernetesAPIServer, isLeading: @escaping @Sendable () -> Bool) {
        self.server = server
        self.isLeading = isLeading
    }

    /// - Throws: what the server throws; code `notLeading` where nothing was sent.
    package func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
        guard ["GET", "HEAD"].contains(request.method) || isLeading() else {
            throw KubernetesError(
                .notLeading, "this process does not lead any more, so it writes nothing; the new leader will",
                isRetryable: false)
        }
        return try await server.send(request)
    }

    package func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
        try await server.watch(request)
    }
}
