internal import Core
internal import Cryptography
internal import KubernetesAPI
internal import OCI
internal import Verification

/// What came of judging an artifact's signatures, where it was not refused.
struct SignatureJudgement: Sendable, Hashable {
    /// Who signed; nil where the policy wants no verdict.
    let signer: SignatureSigner?
    /// From this time on the judgement may be another although nothing it rests on has changed; nil: it may not.
    let validUntil: Timestamp?
}

/// What `spec.verify` asks for, with the keys, identities and trust material that it names, as they are now.
struct SignatureRequirement: Sendable {
    /// How the provider is named in messages: `cosign`, `cosign keyless` or `notation`.
    let provider: String
    /// SHA-256 over everything that a verdict rests on besides the artifact.
    let fingerprint: Digest
    private let judge: @Sendable (ResolvedSource, VerificationAccess) async throws -> SignatureJudgement

    init(
        provider: String, fingerprint: Digest,
        judge:
            @escaping @Sendable (ResolvedSource, VerificationAccess) async throws -> SignatureJudgement
    ) {
        self.provider = provider
        self.fingerprint = fingerprint
        self.judge = judge
    }

    /// Judges the signatures of what was resolved.
    func verify(
        _ source: ResolvedSource, through access: VerificationAccess
    ) async throws(ReconcileFailure) -> SignatureJudgement {
        do {
            return try await judge(source, access)
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
