package import Core
package import Verification

/// The trust material of a Sigstore instance, as it stands now.
package struct TrustMaterial: Sendable {
    package let root: TrustedRoot
    /// Of the bytes that the root was read from: a verdict holds no longer than the material that it rests on.
    package let digest: Digest

    /// Trust material from the bytes of a `trusted_root.json`.
    /// - Throws: `VerificationError` with code `trustedRoot`.
    package init(parsing bytes: [UInt8], digest: Digest) throws(VerificationError) {
        root = try TrustedRoot(parsing: bytes)
        self.digest = digest
    }
}

/// Gives the trust material for keyless verification where an object brings none of its own.
package protocol SigstoreTrust: Sendable {
    /// The material that is good now.
    /// - Throws: what says why there is none and what to do.
    func material() async throws -> TrustMaterial
}
