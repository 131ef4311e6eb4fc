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

    private let verdicts = Locked<[NamespacedName: (subject: Subject, message: String)]>([:])

    /// The message of the verdict on `subject`, if that is what the object was judged for last.
    func message(for subject: Subject, of object: NamespacedName) -> String? {
        verdicts.withLock { verdicts in
            guard let verdict = verdicts[object], verdict.subject == subject else { return nil }
            return verdict.message
        }
    }

    /// Keeps a verdict in place of the object's last one.
    func keep(_ message: String, for subject: Subject, of object: NamespacedName) {
        verdicts.withLock { $0[object] = (subject, message) }
    }

    /// Forgets what is known of an object.
    func remove(_ object: NamespacedName) {
        verdicts.withLock { $0[object] = nil }
    }
}
