internal import COpenSSL
package import Core

/// An RFC 3161 timestamp: a statement of an authority that some bytes existed at some time.
///
/// Reading one proves nothing; `verify(over:signer:intermediates:anchors:)` does.
package struct TimestampToken: Sendable {
    /// The time that the authority states.
    package let time: Timestamp
    /// How exact the time is, where the authority says so.
    package let accuracy: Duration?
    /// The hash of the stamped bytes, of the kind that the token names.
    package let imprint: Digest
    let handle: TokenHandle

    /// Bytes of a response or token.
    package static let maximumSize = 64 << 10

    /// Reads a DER TimeStampResp (RFC 3161, section 2.4.2) that was granted.
    /// - Throws: `CryptographyError` (`.timestamp`).
    package init(response der: [UInt8]) throws(CryptographyError) {
        defer { OpenSSLErrors.clear() }
        guard der.count <= Self.maximumSize else {  // check: timestamp-response-size
            throw CryptographyError(.timestamp, "it exceeds 64 KiB")
        }
        guard let token = TokenHandle.fromResponse(der) else {
            throw CryptographyError(.timestamp, "it is no valid timestamp response, or the authority did not grant it")
        }
        try self.init(token)
    }

    /// Reads a bare DER TimeStampToken, as Notation envelopes carry it.
    /// - Throws: `CryptographyError` (`.timestamp`).
    package init(token der: [UInt8]) throws(CryptographyError) {
        defer { OpenSSLErrors.clear() }
        guard der.count <= Self.maximumSize else {  // check: timestamp-token-size
            throw CryptographyError(.timestamp, "it exceeds 64 KiB")
        }
        guard let token = TokenHandle.fromToken(der) else {
            throw CryptographyError(.timestamp, "it is no valid timestamp token")
        }
        try self.init(token)
    }

    private init(_ handle: TokenHandle) throws(CryptographyError) {
        guard let info = handle.info() else {
            throw CryptographyError(
                .timestamp, "its content is malformed, or its hash is none of SHA-256, SHA-384 and SHA-512")
        }
        guard !info.hasCriticalExtension else {  // check: tsa-critical
            throw CryptographyError(.timestamp, "it has a critical extension that is not known")
        }
        (time, accuracy, imprint) = (info.time, info.accuracy, info.imprint)
        guard handle.hasBoundedCertificates else {  // check: tsa-certificates
            throw CryptographyError(
                .timestamp, "it carries more than 16 certificates, or one with an RSA key that is not accepted")
        }
        self.handle = handle
    }

    /// Judges the timestamp at its own time: it is about `message`; its only signer, made certain by the signed
    /// attributes (RFC 5816), is for timestamps and nothing else, and has a path to `anchors` over `intermediates`.
    /// - Parameters:
    ///   - signer: the certificate that must have signed; the token may leave it out. If nil, any with such a path may.
    /// - Returns: the certificate that signed.
    /// - Throws: `CryptographyError` (`.timestamp`, `.path`, `.expired`).
    @discardableResult
    package func verify(
        over message: [UInt8], signer: Certificate?, intermediates: [Certificate], anchors: [Certificate]
    ) throws(CryptographyError) -> Certificate {
        defer { OpenSSLErrors.clear() }
        guard imprint == Digest.of(message, imprint.algorithm) else {  // check: tsa-imprint
            throw CryptographyError(.timestamp, "the timestamp is for another signature")
        }
        guard handle.signerHashIsStrong else {  // check: tsa-signer-hash
            throw CryptographyError(.timestamp, "the timestamp is signed with a weak hash")
        }
        guard let certificate = handle.verifiedSigner(known: [signer].compactMap(\.self) + intermediates, anchors)
        else {
            throw CryptographyError(.timestamp, "the timestamp's signature does not hold\(OpenSSLErrors.suffix())")
        }
        guard signer == nil || certificate == signer else {  // check: tsa-signer
            throw CryptographyError(.timestamp, "the timestamp is signed with another certificate of the authority")
        }
        // OpenSSL has made sure that the signer is for timestamps alone, and critically so.
        _ = try CertificatePath(
            from: certificate, intermediates: intermediates, anchors: anchors, at: time, usage: .timeStamping)
        return certificate
    }
}
