package import Core
package import Cryptography
internal import RegularExpressions

/// What a signature must be to count.
package struct SignaturePolicy: Sendable {
    /// Who may have signed.
    package enum Signers: Sendable {
        /// The holders of these keys; any one suffices.
        case keys([PublicKey])
        /// Who any one of these matchers accepts, by a certificate of the trusted root's authorities.
        case identities([IdentityMatcher])
    }

    /// Which statements about the artifact count, in bundles that hold statements.
    package enum Statements: Sendable, Hashable {
        /// Cosign's signatures: `https://sigstore.dev/cosign/sign/v1`.
        case cosignSignature
        /// Any statement whose subject is the artifact.
        case any
    }

    package let signers: Signers
    package var statements: Statements
    /// How many parties' transparency logs must have the signature; 0 ignores log entries (keys only).
    package var logThreshold: Int
    /// How many parties' certificate logs must have the signer's certificate.
    package var certificateLogThreshold: Int
    /// How many parties' timestamp authorities must have stamped the signature.
    package var timestampThreshold: Int

    /// How many keys one policy may have: each signature may be tried with each of them.
    package static let maximumKeys = 32
    /// How many identity matchers one policy may have: each holds two compiled expressions.
    package static let maximumMatchers = 64

    /// Accepts what one of `keys` signed; no log is asked for, as with `spec.verify.secretRef`.
    /// - Throws: `VerificationError` (`.policy`) when there is no key, or more than `maximumKeys`.
    package init(keys: [PublicKey]) throws(VerificationError) {
        guard !keys.isEmpty else {  // check: some-key
            throw VerificationError(.policy, "there is no public key to verify with")
        }
        guard keys.count <= Self.maximumKeys else {  // check: key-count
            throw VerificationError(
                .policy, "there are \(keys.count) public keys, but at most \(Self.maximumKeys) may be accepted")
        }
        signers = .keys(keys)
        statements = .cosignSignature
        logThreshold = 0
        certificateLogThreshold = 0
        timestampThreshold = 0
    }

    /// Accepts what an identity that one of `matchers` accepts signed: one log, one certificate log, a trusted time.
    /// - Throws: `VerificationError` (`.policy`) when there is no matcher, or more than `maximumMatchers`.
    package init(identities matchers: [IdentityMatcher]) throws(VerificationError) {
        guard !matchers.isEmpty else {  // check: some-identity
            throw VerificationError(
                .policy, "keyless verification would accept anybody: say who may sign, by issuer and subject")
        }
        guard matchers.count <= Self.maximumMatchers else {  // check: matcher-count
            throw VerificationError(
                .policy,
                "there are \(matchers.count) identity matchers, but at most \(Self.maximumMatchers) may be accepted")
        }
        signers = .identities(matchers)
        statements = .cosignSignature
        logThreshold = 1
        certificateLogThreshold = 1
        timestampThreshold = 0
    }

    /// The matchers that accept every identity (`--insecure-accept-any-identity`).
    package static let anyIdentity = [IdentityMatcher(issuer: .any, subject: .any)]

    /// SHA-256 over everything that decides: a verdict may be kept as long as it and the trusted root stay the same.
    package var digest: Digest {
        var bytes: [UInt8] = []
        // The length keeps neighbours apart.
        func add(_ text: String) { bytes += Array("\(text.utf8.count):\(text)".utf8) }
        switch signers {
        case .keys(let keys): for key in keys.map(\.fingerprint.description).sorted() { add("key \(key)") }
        case .identities(let matchers):
            for matcher in matchers {
                add(Self.text(matcher.issuer))
                add(Self.text(matcher.subject))
            }
        }
        add("\(statements) \(logThreshold) \(certificateLogThreshold) \(timestampThreshold)")
        return Digest.of(bytes)
    }

    private static func text(_ condition: IdentityMatcher.Condition) -> String {
        switch condition {
        case .exact(let text): "exact \(text)"
        case .pattern(let expression): "pattern \(expression.pattern)"
        case .any: "any"
        }
    }
}
