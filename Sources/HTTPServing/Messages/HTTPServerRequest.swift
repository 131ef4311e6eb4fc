package import Core

/// One request as its handler sees it: the head checked against RFC 9112, the body read completely.
package struct HTTPServerRequest: Sendable {
    /// The method, any token of at most 32 bytes, in the case the client wrote.
    package let method: String
    /// The target's path, still percent-encoded and without the query; `*` for `OPTIONS *`.
    package let path: String
    /// What follows the first `?` of the target, still percent-encoded; nil without a `?`.
    package let query: String?
    /// The header fields in the order they came in.
    package let headers: HTTPFields
    /// The content, at most `HTTPServer.Configuration.maxBodyBytes` long.
    package let body: [UInt8]
    /// The client's address, `192.0.2.1:4711` or `[2001:db8::1]:4711`.
    package let peer: String

    /// A request from its parts (handlers are tested without a socket this way).
    package init(
        method: String = "GET", path: String, query: String? = nil, headers: HTTPFields = [:], body: [UInt8] = [],
        peer: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}
