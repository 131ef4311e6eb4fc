import Core
import Cryptography
import TestPKI
import Verification

/// Everything that a verdict depends on, sound unless a test changes it.
struct BundleSetup {
    var recipe: BundleRecipe
    var trust: JSONValue
    var policy: SignaturePolicy
    var artifact: SignedArtifact

    /// One instance serves every test: making keys takes the time.
    static let instance = Result { try SigstoreInstance() }

    static var matchers: [IdentityMatcher] {
        [IdentityMatcher(issuer: .exact(BundleRecipe.issuer), subject: .exact(BundleRecipe.identity))]
    }

    init(_ kind: BundleRecipe.EntryKind = .dsseV1) throws {
        let instance = try Self.instance.get()
        recipe = try BundleRecipe(instance, kind)
        trust = instance.trustedRoot
        policy = try SignaturePolicy(identities: Self.matchers)
        artifact = .digest(Digest.of(recipe.artifact))
    }

    /// Signed with a key instead of a certificate, and still logged.
    mutating func useKey(_ kind: KeyKind = .ecdsa(.p256)) throws {
        recipe.isKeyed = true
        recipe.signerKey = try PrivateKey.generate(kind)
        policy = try SignaturePolicy(keys: [recipe.signerKey.publicKey])
        policy.logThreshold = 1
    }

    @discardableResult
    func verify() throws -> VerifiedSignature {
        let bundle = try Bundle(parsing: try recipe.bundle().serialized())
        return try BundleVerifier(policy: policy, trust: try TrustedRoot(parsing: trust.serialized()))
            .verify(bundle, artifact: artifact)
    }
}

extension Timestamp {
    /// `seconds` after the time at which a recipe signs.
    static func signing(_ seconds: Int64 = 0) -> Timestamp {
        Timestamp(seconds: SigstoreInstance.now.seconds + seconds)
    }
}
