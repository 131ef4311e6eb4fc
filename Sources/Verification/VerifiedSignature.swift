package import Core
package import Cryptography

/// A signature that satisfies a policy.
package struct VerifiedSignature: Sendable, CustomStringConvertible {
    /// Who signed.
    package enum Signer: Sendable, CustomStringConvertible {
        case key(PublicKey)
        case identity(CertificateIdentity)
        /// The subject of a certificate whose chain holds a trusted one (Notation).
        case subject(Certificate)

        package var description: String {
            switch self {
            case .key(let key): "key \(key.fingerprint)"
            case .identity(let identity): "identity \(identity)"
            case .subject(let certificate):
                "certificate '\(shown(certificate.subject.description))' (\(Digest.of(certificate.der)))"
            }
        }
    }

    /// How the signature was stored.
    package enum Format: String, Sendable, Hashable {
        /// A Sigstore bundle.
        case bundle
        /// A layer of a `.sig` tag.
        case simpleSigning = "simple signing"
        /// A Notary Project signature, a referrer with a JWS or COSE envelope.
        case notation
    }

    package let signer: Signer
    package let format: Format
    /// The index of the entry in the transparency log; nil where no log was asked for.
    package let logIndex: Int64?
    /// The trusted times of signing; empty where none was needed.
    package let times: [Timestamp]
    /// The type of the statement; nil for a signature over the artifact itself.
    package let predicateType: String?

    /// Who signed, in what format and where it is logged, for a condition or an event.
    package var description: String {
        "signed by \(signer) (\(format.rawValue)\(logIndex.map { ", log index \($0)" } ?? ""))"
    }
}
