/// How a server is reached. Two requests share a connection only if their policies are equal: nobody's proxy, CA, client
/// certificate or switched-off verification ever serves another.
package struct ConnectionPolicy: Sendable, Hashable {
    /// Which versions of HTTP are offered.
    package enum ProtocolVersion: Sendable, Hashable {
        /// HTTP/2 where the server agrees to it in the TLS handshake, else HTTP/1.1.
        case negotiated
        /// HTTP/1.1 only: one connection per transfer, so a large download neither holds up nor is held up by others.
        ///
        /// For bodies of megabytes: with HTTP/2, libcurl grants each stream a window of 32 MiB, so that a consumer who is
        /// slower than the network makes it keep that much; with HTTP/1.1 the rest stays in the kernel and at the peer.
        case http1
    }

    package var tls: TLSPolicy
    package var proxy: ProxyPolicy
    package var version: ProtocolVersion
    /// Requests with a name have connections of their own, apart from those of other names and of none.
    package var dedicatedPool: String?
    /// A connection whose sent bytes (keep-alive probes included) nobody acknowledges for that long is dead
    /// (`TCP_USER_TIMEOUT`); nil: the system's default, a quarter of an hour.
    package var unacknowledgedTimeout: Duration?

    /// Verified TLS, no proxy, shared connections, dead peers noticed after 30 seconds.
    package init(
        tls: TLSPolicy = .init(), proxy: ProxyPolicy = .direct, version: ProtocolVersion = .negotiated,
        dedicatedPool: String? = nil, unacknowledgedTimeout: Duration? = .seconds(30)
    ) {
        self.tls = tls
        self.proxy = proxy
        self.version = version
        self.dedicatedPool = dedicatedPool
        self.unacknowledgedTimeout = unacknowledgedTimeout
    }
}

/// What the connections of one pool have in common: the policy, with the proxy that it means for the target.
struct PoolKey: Hashable, Sendable {
    var tls: TLSPolicy
    var proxy: ProxyServer?
    var version: ConnectionPolicy.ProtocolVersion
    var dedicatedPool: String?
    var unacknowledgedTimeout: Duration?

    init(_ policy: ConnectionPolicy, target: RequestTarget) throws(HTTPTransportError) {
        tls = policy.tls
        proxy = try policy.proxy.server(for: target)
        version = policy.version
        dedicatedPool = policy.dedicatedPool
        unacknowledgedTimeout = policy.unacknowledgedTimeout
    }
}
