package import Core
package import Cryptography
package import TestPKI
package import Verification

/// Everything that a verdict depends on, sound unless a test changes it.
package struct BundleSetup {
    package var recipe: BundleRecipe
    package var trust: JSONValue
    package var policy: SignaturePolicy
    package var artifact: SignedArtifact

    /// One instance serves every test: making keys takes the time.
    package static let instance = Result { try SigstoreInstance() }

    package static var matchers: [IdentityMatcher] {
        [IdentityMatcher(issuer: .exact(BundleRecipe.issuer), subject: .exact(BundleRecipe.identity))]
    }

    package init(_ kind: BundleRecipe.EntryKind = .dsseV1) throws {
        let instance = try Self.instance.get()
        recipe = try BundleRecipe(instance, kind)
        trust = instance.trustedRoot
        policy = try SignaturePolicy(identities: Self.matchers)
        artifact = .digest(Digest.of(recipe.artifact))
    }

    /// Signed with a key instead of a certificate, and still logged.
    package mutating func useKey(_ kind: KeyKind = .ecdsa(.p256)) throws {
        recipe.isKeyed = true
        recipe.signerKey = try PrivateKey.generate(kind)
        policy = try SignaturePolicy(keys: [recipe.signerKey.publicKey])
        policy.logThreshold = 1
    }

    @discardableResult
    package func verify() throws -> VerifiedSignature {
        let bundle = try Bundle(parsing: try recipe.bundle().serialized())
        return try BundleVerifier(policy: policy, trust: try TrustedRoot(parsing: trust.serialized()))
            .verify(bundle, artifact: artifact)
    }
}

extension Timestamp {
    /// `seconds` after the time at which a recipe signs.
    package static func signing(_ seconds: Int64 = 0) -> Timestamp {
        Timestamp(seconds: SigstoreInstance.now.seconds + seconds)
    }
}
