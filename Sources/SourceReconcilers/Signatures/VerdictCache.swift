internal import Core
internal import KubernetesAPI

/// The last verdict on each object's signature: it holds as long as artifact, policy and trust material stay the same, so
/// that an unchanged poll verifies nothing.
final class VerdictCache: Sendable {
    /// What a verdict is about.
    struct Subject: Sendable, Hashable {
        /// `host/path`.
        let repository: String
        let digest: Digest
        let requirement: Digest
    }

    private let verdicts = Locked<[NamespacedName: (subject: Subject, judgement: SignatureJudgement)]>([:])

    /// The judgement on `subject`, if that is what the object was judged for last and it still holds.
    func judgement(on subject: Subject, of object: NamespacedName, at now: Timestamp) -> SignatureJudgement? {
        verdicts.withLock { verdicts in
            guard let verdict = verdicts[object], verdict.subject == subject else { return nil }
            if let end = verdict.judgement.validUntil, now >= end { return nil }
            return verdict.judgement
        }
    }

    /// Keeps a judgement in place of the object's last one.
    func keep(_ judgement: SignatureJudgement, on subject: Subject, of object: NamespacedName) {
        verdicts.withLock { $0[object] = (subject, judgement) }
    }

    /// Forgets what is known of an object.
    func remove(_ object: NamespacedName) {
        verdicts.withLock { $0[object] = nil }
    }
}
