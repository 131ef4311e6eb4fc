internal import Core
internal import Cryptography

/// A Notary Project signature envelope, whichever way it is written. Reading one proves nothing; see
/// `NotationSignatureVerification`.
struct NotationEnvelope: Sendable {
    /// What the payload is; the only kind that is accepted.
    static let payloadType = "application/vnd.cncf.notary.payload.v1+json"
    /// Bytes of an envelope. A chain of ten certificates and a timestamp take less than a tenth.
    static let maximumSize = 1 << 20
    /// Certificates of a chain.
    static let maximumChain = 10

    let payload: [UInt8]
    /// The bytes that the signature is over.
    let signedBytes: [UInt8]
    /// As the envelope has it: `r ‖ s` for ECDSA.
    let signature: [UInt8]
    let algorithm: NotationAlgorithm
    let attributes: NotationAttributes
    /// The signer's certificate first, the root last.
    let chain: [Certificate]
    /// A bare TimeStampToken over the signature; not signed.
    let timestamp: [UInt8]?

    /// Reads an envelope of a media type.
    /// - Throws: `Rejection` (`.malformed`, `.unsupported`, `.certificate`).
    init(_ bytes: [UInt8], mediaType: String) throws(Rejection) {
        let isSmall = bytes.count <= Self.maximumSize
        guard isSmall else {  // check: notation-envelope-size
            throw Rejection(.malformed, "the envelope exceeds \(Self.maximumSize) bytes")
        }
        switch mediaType {
        case Self.jws: try self.init(jws: bytes)
        case Self.cose: try self.init(cose: bytes)
        default:
            throw Rejection(
                .unsupported,
                "signature envelopes of type '\(shown(mediaType))' are not supported; use '\(Self.jws)' or '\(Self.cose)'"
            )
        }
    }

    static let jws = "application/jose+json"
    static let cose = "application/cose"

    init(
        payload: [UInt8], contentType: String?, signedBytes: [UInt8], signature: [UInt8], algorithm: NotationAlgorithm,
        attributes: NotationAttributes, chain: [[UInt8]], timestamp: [UInt8]?
    ) throws(Rejection) {
        let isPayload = contentType.map { $0.utf8.elementsEqual(Self.payloadType.utf8) } ?? false
        guard isPayload else {  // check: notation-content-type
            throw Rejection(.unsupported, "payloads of type '\(shown(contentType ?? ""))' are not supported")
        }
        guard (1...Self.maximumChain).contains(chain.count) else {  // check: notation-chain-length
            throw Rejection(.malformed, "it has \(chain.count) certificates; 1 to \(Self.maximumChain) are accepted")
        }
        var certificates: [Certificate] = []
        for der in chain {
            do {
                certificates.append(try Certificate(der: der))
            } catch {
                throw Rejection(.certificate, "a certificate of the chain is not usable: \(error.message)")
            }
        }
        (self.payload, self.signedBytes, self.signature, self.timestamp) = (payload, signedBytes, signature, timestamp)
        (self.algorithm, self.attributes) = (algorithm, attributes)
        self.chain = certificates
    }
}

/// A signature algorithm of the Notary Project, by its JWS name (RFC 7518, section 3.1).
enum NotationAlgorithm: String, Sendable, Hashable, CaseIterable {
    case PS256, PS384, PS512, ES256, ES384, ES512

    /// The algorithm that COSE gives a number to (RFC 9053, section 2; RFC 8230, section 2); nil for others.
    init?(cose label: Int64) {
        switch label {
        case -37: self = .PS256
        case -38: self = .PS384
        case -39: self = .PS512
        case -7: self = .ES256
        case -35: self = .ES384
        case -36: self = .ES512
        default: return nil
        }
    }

    /// The one algorithm that a key of this kind signs with; nil for kinds that are not accepted.
    init?(for kind: KeyKind) {
        switch kind {
        case .rsa(2048): self = .PS256
        case .rsa(3072): self = .PS384
        case .rsa(4096): self = .PS512
        case .ecdsa(.p256): self = .ES256
        case .ecdsa(.p384): self = .ES384
        case .ecdsa(.p521): self = .ES512
        case .rsa, .ed25519: return nil
        }
    }

    /// Whether `signature` over `message` is by `key`, which must be of the kind that the algorithm is for.
    func isValid(_ signature: [UInt8], over message: [UInt8], by key: PublicKey) -> Bool {
        switch (self, key.kind) {
        case (.PS256, .rsa): key.isValidSignature(signature, over: message, .rsaPSS(.sha256))
        case (.PS384, .rsa): key.isValidSignature(signature, over: message, .rsaPSS(.sha384))
        case (.PS512, .rsa): key.isValidSignature(signature, over: message, .rsaPSS(.sha512))
        case (.ES256, .ecdsa(let curve)), (.ES384, .ecdsa(let curve)), (.ES512, .ecdsa(let curve)):
            ECDSASignature.der(fromRaw: signature, curve).map {
                key.isValidSignature($0, over: message, .ecdsa(curve.hash))
            } ?? false
        default: false
        }
    }
}
