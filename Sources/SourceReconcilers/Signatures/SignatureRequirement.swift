internal import Core
internal import Cryptography
internal import KubernetesAPI
internal import OCI
internal import Verification

/// What `spec.verify` asks for, with the keys, identities and trust material that it names, as they are now.
struct SignatureRequirement: Sendable {
    /// How the provider is named in messages: `cosign`, `cosign keyless` or `notation`.
    let provider: String
    /// SHA-256 over everything that a verdict rests on besides the artifact.
    let fingerprint: Digest
    private let check: @Sendable (Digest, String, any SourceRepository) async throws -> String

    init(
        provider: String, fingerprint: Digest,
        check: @escaping @Sendable (Digest, String, any SourceRepository) async throws -> String
    ) {
        self.provider = provider
        self.fingerprint = fingerprint
        self.check = check
    }

    /// Judges the signatures of the manifest with this digest.
    /// - Returns: who signed, for the condition's message.
    func verify(
        _ digest: Digest, reference: String, in repository: any SourceRepository
    ) async throws(ReconcileFailure) -> String {
        do {
            return try await check(digest, reference, repository)
        } catch {
            throw .verification(provider, error)
        }
    }
}

extension ReconcileFailure {
    /// A failed verification, in the words of the contract.
    static func verification(
        _ provider: String, _ problem: any Error, recovery: Recovery = .retry
    ) -> ReconcileFailure {
        ReconcileFailure(
            .verification, reason: ConditionReason.verificationError,
            message: "failed to verify the signature using provider '\(provider)': \(problem)", recovery: recovery)
    }
}
