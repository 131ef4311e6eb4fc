package import Core
package import KubernetesAPI

/// Brings one object closer to what it asks for. Called with a key, never with an event: what the object looks like now is
/// for the reconciler to find out.
package protocol Reconciler: Sendable {
    /// Reconciles the object called `request.key`. Never runs twice at a time for the same key. The task is cancelled when
    /// the work is superseded (the object changed or is being deleted) or took too long; the outcome then counts for nothing.
    func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome
}

/// One call of a reconciler.
package struct ReconcileRequest: Sendable {
    package let key: NamespacedName
    /// Why now.
    package let priority: WorkPriority
    /// Failures in a row before this call.
    package let failures: Int
    /// On every log line of this call.
    package let reconcileID: String
    /// Carries the key and the ID.
    package let logger: Logger

    /// A call from its parts.
    package init(
        key: NamespacedName, priority: WorkPriority = .poll, failures: Int = 0, reconcileID: String = "",
        logger: Logger = .disabled
    ) {
        self.key = key
        self.priority = priority
        self.failures = failures
        self.reconcileID = reconcileID
        self.logger = logger
    }
}

/// What comes after a reconciliation: one of these, so that contradictions cannot be said.
package enum ReconcileOutcome: Sendable {
    /// Nothing until something changes.
    case done
    /// Again after this time.
    case requeue(after: Duration)
    /// Again at once: the object was changed and is to be read anew.
    case requeueImmediately
    /// It failed: again after the key's back-off, but not before `notBefore` (such as a server's `Retry-After`).
    case failed(any Error, notBefore: Duration = .zero)
    /// It failed in a way that only a change of the object can mend.
    case terminal(any Error)
}
