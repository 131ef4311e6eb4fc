internal import Core

/// The head of a request, checked; what is needed to read the body and to frame the answer.
struct RequestHead {
    enum Content: Equatable {
        case length(Int)
        case chunked
    }

    var method: String
    var path: String
    var query: String?
    var fields: HTTPFields
    var content: Content
    /// Whether the client waits for a `100 Continue` before it sends the body.
    var expectsContinue: Bool
    /// Whether the connection may be used again after the answer.
    var keepsAlive: Bool
    /// HTTP/1.0 knows no chunks.
    var isVersion10: Bool
}

/// Why a request is refused before a handler sees it.
struct RequestFailure: Error, Equatable {
    let status: Int
    let message: String

    static func bad(_ message: String) -> RequestFailure { RequestFailure(status: 400, message: message) }
}

/// The bounds a request must keep.
struct RequestLimits {
    var headerBytes: Int
    var headerCount: Int
    var bodyBytes: Int
}
