package import Core

/// How a signature is made: the scheme and its hash.
package enum SignatureAlgorithm: Sendable, Hashable, CustomStringConvertible {
    /// ECDSA; the signature is a DER `SEQUENCE { r, s }`.
    case ecdsa(Digest.Algorithm)
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
    case rsaPKCS1(Digest.Algorithm)
    /// RSASSA-PSS (RFC 8017, section 8.1): MGF1 with the same hash, salt as long as the digest.
    case rsaPSS(Digest.Algorithm)
    /// Pure Ed25519 (RFC 8032).
    case ed25519

    /// The hash of the message; nil for Ed25519, which hashes by itself.
    package var hash: Digest.Algorithm? {
        switch self {
        case .ecdsa(let hash), .rsaPKCS1(let hash), .rsaPSS(let hash): hash
        case .ed25519: nil
        }
    }

    package var description: String {
        switch self {
        case .ecdsa(let hash): "ECDSA with \(hash.rawValue)"
        case .rsaPKCS1(let hash): "RSA PKCS#1 v1.5 with \(hash.rawValue)"
        case .rsaPSS(let hash): "RSA-PSS with \(hash.rawValue)"
        case .ed25519: "Ed25519"
        }
    }
}

/// What kind of key a key is.
package enum KeyKind: Sendable, Hashable, CustomStringConvertible {
    /// RSA with a modulus of so many bits.
    case rsa(bits: Int)
    /// ECDSA on a NIST curve.
    case ecdsa(Curve)
    /// Ed25519.
    case ed25519

    /// A NIST curve.
    package enum Curve: String, Sendable, Hashable, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"

        /// The hash as strong as the curve.
        package var hash: Digest.Algorithm {
            switch self {
            case .p256: .sha256
            case .p384: .sha384
            case .p521: .sha512
            }
        }

        /// Bytes of a coordinate, and so of `r` and `s`.
        package var byteCount: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }
    }

    /// The scheme that goes with the kind where nothing else is said: ECDSA with the curve's hash, PKCS#1 v1.5 with
    /// SHA-256, pure Ed25519.
    package var defaultAlgorithm: SignatureAlgorithm {
        switch self {
        case .rsa: .rsaPKCS1(.sha256)
        case .ecdsa(let curve): .ecdsa(curve.hash)
        case .ed25519: .ed25519
        }
    }

    package var description: String {
        switch self {
        case .rsa(let bits): "RSA-\(bits)"
        case .ecdsa(let curve): "ECDSA \(curve.rawValue)"
        case .ed25519: "Ed25519"
        }
    }
}
