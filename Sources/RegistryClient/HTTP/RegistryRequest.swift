internal import Core
internal import HTTPTransport

/// A request to a registry, before scheme, credentials and retries are decided on.
struct RegistryRequest: Sendable {
    enum Target: Sendable {
        /// Path and query at the registry.
        case path(String)
        /// A URL that an answer from `from`, the registry's origin, named (next page, upload location): credentials go
        /// there only if it is of the same origin.
        case url(RegistryURL, from: RegistryURL.Origin)
    }

    /// The content of a request, made anew for every try.
    struct Body: Sendable {
        let length: Int64
        let open: @Sendable () throws -> HTTPRequest.Body
    }

    var method = "GET"
    var target: Target
    var headers: HTTPFields = [:]
    var body: Body?
    var scope: TokenScope
    /// Answers other than 2xx that are returned, not thrown.
    var accepted: Set<Int> = []
    /// Whether it may be sent again after it may have had an effect.
    var isRepeatable = true
    /// Whether the answer is so large that it gets a connection to itself: see `ConnectionPolicy.ProtocolVersion.http1`.
    var isBulk = false
    /// What this is about, to start messages with: `cannot read tag '1.0' of 'team/x' from registry 'ghcr.io'`.
    var action: String
}

/// An answer with its head read and its body to come.
struct RegistryResponse: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: HTTPBody
    /// Where the answer came from, after redirects.
    let url: RegistryURL
    /// Where the registry itself was asked, for resolving relative links.
    let requestURL: RegistryURL
}
