internal import Core
internal import HTTPTransport
internal import OCI

/// Why a registry did not do what it was asked.
///
/// The message names the registry, what was asked of it, the cause and the next step. What the registry said is in it only
/// as the parsed error code and at most 256 printable characters; no URL query, credential or token ever is.
package struct RegistryError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A reference that cannot be asked for.
        package static let invalidReference = Code(description: "invalidReference")
        /// HTTP 401: no credential, or one that the registry or its token server does not take.
        package static let unauthorized = Code(description: "unauthorized")
        /// HTTP 403: the credential does not suffice.
        package static let denied = Code(description: "denied")
        /// HTTP 404: no such repository, tag, manifest or blob.
        package static let notFound = Code(description: "notFound")
        /// HTTP 429; see `retryAfter`.
        package static let rateLimited = Code(description: "rateLimited")
        /// HTTP 5xx, or 408.
        package static let server = Code(description: "server")
        /// An answer that the distribution specification does not allow.
        package static let invalidResponse = Code(description: "invalidResponse")
        /// Bytes whose digest is not the one asked for.
        package static let digestMismatch = Code(description: "digestMismatch")
        /// More or fewer bytes than the descriptor says.
        package static let sizeMismatch = Code(description: "sizeMismatch")
        /// More bytes than we read.
        package static let tooLarge = Code(description: "tooLarge")
        /// No connection, TLS, proxy or protocol trouble.
        package static let transport = Code(description: "transport")
        /// Content comes slower than allowed.
        package static let tooSlow = Code(description: "tooSlow")
        /// The time for the work is over.
        package static let timeout = Code(description: "timeout")
        /// The calling task was cancelled.
        package static let cancelled = Code(description: "cancelled")
        /// Credentials that cannot be read.
        package static let invalidCredentials = Code(description: "invalidCredentials")
        /// The content to push could not be read.
        package static let content = Code(description: "content")
    }

    package let code: Code
    package let message: String
    /// What differs from one try to the next although nothing else does: measured figures, the registry's names for single
    /// requests. For a log; never a part of `message`, which says the same as long as the failure is the same.
    package let particulars: String?
    /// The registry's `host[:port]`, or that of another server that was involved.
    package let endpoint: String?
    package let httpStatus: Int?
    /// The distribution API's error code, such as `MANIFEST_UNKNOWN`.
    package let registryCode: String?
    /// How long the registry asked to wait.
    package let retryAfter: Duration?
    /// Whether the same request may succeed later without a change by anybody.
    package let isRetryable: Bool
    /// What the transport's failure was, for falling back from HTTPS.
    let transportCode: HTTPTransportError.Code?

    /// An error; `isRetryable` follows from the code unless it is given.
    package init(
        _ code: Code, _ message: String, particulars: String? = nil, endpoint: String? = nil, httpStatus: Int? = nil,
        registryCode: String? = nil, retryAfter: Duration? = nil, isRetryable: Bool? = nil
    ) {
        self.init(
            code, message, particulars: particulars, endpoint: endpoint, httpStatus: httpStatus,
            registryCode: registryCode, retryAfter: retryAfter, isRetryable: isRetryable, transportCode: nil)
    }

    private init(
        _ code: Code, _ message: String, particulars: String?, endpoint: String?, httpStatus: Int?,
        registryCode: String?, retryAfter: Duration?, isRetryable: Bool?, transportCode: HTTPTransportError.Code?
    ) {
        self.code = code
        self.message = message
        self.particulars = particulars
        self.endpoint = endpoint
        self.httpStatus = httpStatus
        self.registryCode = registryCode
        self.retryAfter = retryAfter
        self.isRetryable = isRetryable ?? [.rateLimited, .server, .timeout, .tooSlow, .transport].contains(code)
        self.transportCode = transportCode
    }

    package var description: String { message }

    /// The message with the particulars behind it, for somebody who sees this one try.
    package var detailed: String { particulars.map { "\(message) (\($0))" } ?? message }
}

extension RegistryError {
    /// What the transport's error means here.
    init(
        _ error: HTTPTransportError, while action: String, particulars: String? = nil, endpoint: String,
        advice: RegistryAdvice
    ) {
        let code: Code =
            switch error.code {
            case .timeout: .timeout
            case .tooLarge: .tooLarge
            case .cancelled: .cancelled
            case .upload: .content
            default: .transport
            }
        self.init(
            code, "\(action): \(RemoteText.printable(error.message, limit: 1024))\(advice.ending(error.remedy))",
            particulars: particulars ?? error.particulars.map { RemoteText.printable($0, limit: 1024) },
            endpoint: error.endpoint ?? endpoint,
            httpStatus: nil, registryCode: nil, retryAfter: nil, isRetryable: error.isRetryable,
            transportCode: error.code)
    }

    /// The same error with more to say.
    func extended(_ text: String) -> RegistryError {
        RegistryError(
            code, message + text, particulars: particulars, endpoint: endpoint, httpStatus: httpStatus,
            registryCode: registryCode, retryAfter: retryAfter, isRetryable: isRetryable, transportCode: transportCode)
    }

    static func cancelled(_ action: String) -> RegistryError {
        RegistryError(.cancelled, "\(action): cancelled")
    }
}
