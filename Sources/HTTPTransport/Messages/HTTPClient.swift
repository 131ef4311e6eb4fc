package import Core

/// Something that exchanges one HTTP request for one response.
package protocol HTTPClient: Sendable {
    /// Sends `request` and returns as soon as the response's head is there; the body follows as a stream.
    ///
    /// No redirect is followed, no credential, cookie or netrc entry is added and nothing is retried: what goes out is
    /// what `request` says. Cancelling the calling task frees the transfer at once.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}

/// One HTTP request (RFC 9110).
package struct HTTPRequest: Sendable {
    /// The content of a request.
    package enum Body: Sendable {
        /// No content; methods that expect some (POST, PUT, PATCH) say `Content-Length: 0`.
        case none
        case bytes([UInt8])
        /// Content that is read while it is sent. Without a length it goes out chunked; with one, a stream that gives
        /// more or fewer bytes fails the exchange.
        case stream(length: Int64?, any AsyncSequence<[UInt8], any Error> & Sendable)
    }

    package var method: String
    /// An absolute http or https URL without user information.
    package var url: String
    /// `Content-Length`, `Transfer-Encoding`, `Connection` and `Expect` belong to the transport: given ones are ignored.
    package var headers: HTTPFields
    package var body: Body
    /// How to get to the server; requests of different policies never share a connection.
    package var connection: ConnectionPolicy
    /// For the whole exchange, waiting for a free connection and the response's body included; nil: none.
    package var deadline: Duration?
    /// The exchange fails when no byte moved for that long while the transport waited for the peer; nil: never.
    package var idleTimeout: Duration?
    /// At most so many bytes of the response's body are read in a second, on average over a few; nil: as they come. The rest
    /// waits in the kernel and at the peer.
    package var maximumReceiveRate: Int?
    /// For name resolution, TCP, proxy and TLS handshakes together.
    package var connectTimeout: Duration
    /// Redirects are the caller's to follow, who alone knows which headers may go where: always 0.
    package var followsRedirects: Int { 0 }

    /// A request with a connect timeout of 10 seconds and no other time limit.
    package init(
        method: String = "GET", url: String, headers: HTTPFields = [:], body: Body = .none,
        connection: ConnectionPolicy = .init()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connection = connection
        self.connectTimeout = .seconds(10)
    }
}

/// The head of a response, and its body as a stream.
package struct HTTPResponse: Sendable {
    /// The status code, 200...999: interim responses are skipped.
    package let status: Int
    package let headers: HTTPFields
    package let body: HTTPBody
    /// The protocol spoken: `1.0`, `1.1` or `2`.
    package let version: String

    /// A response, for clients that are not `CurlClient`.
    package init(status: Int, headers: HTTPFields = [:], body: HTTPBody, version: String = "1.1") {
        self.status = status
        self.headers = headers
        self.body = body
        self.version = version
    }
}
