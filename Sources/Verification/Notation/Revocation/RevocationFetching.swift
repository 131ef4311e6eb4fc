package import Core

/// A question about the revocation of a certificate, as HTTP.
package struct RevocationRequest: Sendable, Hashable {
    /// What is asked.
    package enum Kind: String, Sendable, Hashable {
        /// An OCSP responder (RFC 6960, appendix A).
        case ocsp
        /// A revocation list, complete or of changes.
        case revocationList = "revocation list"
    }

    package let kind: Kind
    /// An absolute `http` URL that a certificate names: its server is whatever the issuer wrote.
    package let url: String
    /// What to POST as `application/ocsp-request`; nil for a GET.
    package let body: [UInt8]?
    /// Bytes of the answer.
    package let limit: Int
    /// For the whole exchange.
    package var timeout: Duration

    /// A question; see the properties.
    package init(kind: Kind, url: String, body: [UInt8]?, limit: Int, timeout: Duration) {
        self.kind = kind
        self.url = url
        self.body = body
        self.limit = limit
        self.timeout = timeout
    }
}

/// Asks about revocation for the verifier, which opens no sockets: plain `http` only, no redirects to anywhere else, no
/// credentials, no more than the limit and the timeout of the request.
package protocol RevocationFetching: Sendable {
    /// The body of an answer with the status 200; may come from what was retained.
    func fetch(_ request: RevocationRequest) async throws -> [UInt8]
    /// Called with an answer that was judged valid: until `time` it may be given again for the same request.
    func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp)
}

extension RevocationFetching {
    /// Keeps nothing.
    package func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp) {}
}
