package import Core

/// What a handler answers. The server itself adds `Date`, `Connection`, and the framing (`Content-Length` or
/// `Transfer-Encoding`); values for those from a handler are ignored, except `Connection: close`, which closes, and the
/// `Content-Length` of an empty answer to HEAD.
package struct HTTPServerResponse: Sendable {
    /// The content of a response.
    package enum Body: Sendable {
        /// No content.
        case empty
        /// Content in memory, sent with its length.
        case bytes([UInt8])
        /// A file, or the given range of it, sent without passing through the process's memory.
        case file(ServedFile, range: Range<Int64>?)
        /// Content written bit by bit. Every write is sent at once. The closure's task is cancelled when the client
        /// leaves; what it throws ends the connection without the end mark, so the client sees that content is missing.
        case stream(@Sendable (any HTTPResponseWriter) async throws -> Void)
    }

    /// The status code, 200 to 599.
    package var status: Int
    /// Header fields. A field that is not valid (line breaks and such) turns the response into a 500.
    package var headers: HTTPFields
    /// The content; not sent to HEAD and for 204 and 304.
    package var body: Body

    /// A response from its parts.
    package init(status: Int, headers: HTTPFields = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A plain-text response that ends with a line break.
    package static func text(_ status: Int, _ message: String, headers: HTTPFields = [:]) -> HTTPServerResponse {
        var fields = headers
        fields["Content-Type"] = "text/plain; charset=utf-8"
        return HTTPServerResponse(status: status, headers: fields, body: .bytes(Array("\(message)\n".utf8)))
    }
}

/// The way out for content that is written bit by bit. One task writes at a time.
package protocol HTTPResponseWriter: Sendable {
    /// Sends `bytes` without delay; suspends first while the client is behind by more than the configured buffer.
    /// - Throws: `HTTPServingError` with code `.disconnected` when the client left or the server stopped,
    ///   `CancellationError` when the task was cancelled (which also happens when the client leaves).
    func write(_ bytes: [UInt8]) async throws
}
