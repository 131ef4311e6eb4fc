/// Why an exchange did not happen or did not end.
///
/// The message names host and port, never the URL's path, query or user information, nor a header.
package struct HTTPTransportError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it was.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The request cannot be sent as it is: method, URL or a header.
        package static let invalidRequest = Code(description: "invalid request")
        /// The host's name has no address.
        package static let resolve = Code(description: "resolve")
        /// No connection: refused, unreachable.
        package static let connect = Code(description: "connect")
        /// The TLS handshake failed, or the certificate is not trusted.
        package static let tls = Code(description: "tls")
        /// TLS was tried and something answered that does not speak it.
        package static let notTLS = Code(description: "not tls")
        /// Connect timeout, idle timeout or deadline.
        package static let timeout = Code(description: "timeout")
        /// The proxy cannot be reached, or refuses.
        package static let proxy = Code(description: "proxy")
        /// The peer broke HTTP's rules.
        package static let `protocol` = Code(description: "protocol")
        /// A head or body larger than allowed.
        package static let tooLarge = Code(description: "too large")
        /// The task was cancelled, or the body dropped.
        package static let cancelled = Code(description: "cancelled")
        /// The connection ended in the middle of an exchange.
        package static let closed = Code(description: "closed")
        /// The request's body stream failed; `underlying` is its error.
        package static let upload = Code(description: "upload")
        /// The client was shut down.
        package static let shutdown = Code(description: "shutdown")
        /// Out of memory or descriptors, or a fault of the transport.
        package static let `internal` = Code(description: "internal")
    }

    /// What whoever set the connection up can do about the failure. How it is done differs (an object's field, a flag, a
    /// file), so it is for the callers to say.
    package enum Remedy: Sendable, Hashable {
        /// Trust the authority that issued the peer's certificate.
        case trustAuthority
        /// Show a client certificate.
        case showCertificate
        /// Show another client certificate, or make the peer accept the one that was shown.
        case replaceCertificate
    }

    package let code: Code
    /// What happened, and at which host and port.
    package let message: String
    /// What differs from one try to the next although nothing else does. For a log; never a part of `message`.
    package let particulars: String?
    /// What may help, where that is known.
    package let remedy: Remedy?
    /// `scheme://host:port`.
    package let endpoint: String?
    /// Whether the same request may succeed later without anybody changing anything.
    package let isRetryable: Bool
    /// What the request's body stream threw.
    package let underlying: (any Error)?

    /// An error that is retryable if its code usually is.
    package init(
        _ code: Code, _ message: String, particulars: String? = nil, endpoint: String?, isRetryable: Bool? = nil,
        remedy: Remedy? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.particulars = particulars
        self.remedy = remedy
        self.endpoint = endpoint
        self.isRetryable = isRetryable ?? Self.retryable.contains(code)
        self.underlying = underlying
    }

    private static let retryable: Set<Code> = [.resolve, .connect, .timeout, .proxy, .protocol, .closed]

    package var description: String { message }
}
