internal import Core
package import KubernetesAPI

/// Why a request to a Kubernetes API server failed.
package struct KubernetesError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package struct Code: Sendable, Hashable {
        private enum Value { case status, transport, invalidResponse, tooLarge, credentials, cancelled, notLeading }
        private let value: Value
        /// The server answered with a failure; `status` says which.
        package static let status = Code(value: .status)
        /// No complete answer came.
        package static let transport = Code(value: .transport)
        /// The answer is not what a Kubernetes API server answers.
        package static let invalidResponse = Code(value: .invalidResponse)
        /// The answer has more bytes or values than are read: asking for less may help.
        package static let tooLarge = Code(value: .tooLarge)
        /// No credentials could be had for the request.
        package static let credentials = Code(value: .credentials)
        /// The calling task was cancelled.
        package static let cancelled = Code(value: .cancelled)
        /// The request would have changed something, and only the leader may do that.
        package static let notLeading = Code(value: .notLeading)
    }

    package let code: Code
    /// What failed, for people: bounded, printable and without secrets.
    package let message: String
    /// What the server said, with `code == .status`.
    package let status: Status?
    /// The HTTP status code, if there was an answer.
    package let httpStatus: Int?
    /// How long the server asks to wait.
    package let retryAfter: Duration?
    /// Whether the same request may succeed later without anybody changing anything.
    package let isRetryable: Bool

    /// An error without an answer of the server.
    package init(_ code: Code, _ message: String, httpStatus: Int? = nil, isRetryable: Bool) {
        self.code = code
        self.message = message
        self.status = nil
        self.httpStatus = httpStatus
        self.retryAfter = nil
        self.isRetryable = isRetryable
    }

    /// The server's own failure.
    package init(status: Status, retryAfter: Duration? = nil) {
        code = .status
        let text = status.message.isEmpty ? "the server answered \(status.code) \(status.reason)" : status.message
        message = RemoteText.printable(text, limit: 1024)
        self.status = status
        httpStatus = status.code
        let seconds = status.details?.retryAfterSeconds ?? 0
        self.retryAfter = retryAfter ?? (seconds > 0 ? .seconds(min(seconds, 86400)) : nil)
        isRetryable = [408, 409, 429, 500, 502, 503, 504].contains(status.code)
    }

    package var description: String { message }

    /// The reason word of the server's failure; empty if it gave none.
    package var reason: String { status?.reason ?? "" }
    /// The object does not exist.
    package var isNotFound: Bool { httpStatus == 404 }
    /// The object was changed by somebody else since it was read.
    package var isConflict: Bool { httpStatus == 409 && !isAlreadyExists }
    /// An object of that name exists.
    package var isAlreadyExists: Bool { httpStatus == 409 && reason == "AlreadyExists" }
    /// The history that was asked for is gone: list again.
    package var isGone: Bool { httpStatus == 410 || reason == "Expired" || reason == "Gone" }
    /// The credentials are not known to the server.
    package var isUnauthorized: Bool { httpStatus == 401 }
    /// The credentials do not allow the request.
    package var isForbidden: Bool { httpStatus == 403 }
    /// The server wants fewer requests.
    package var isTooManyRequests: Bool { httpStatus == 429 }
}
