/// Why a reconcile did not succeed, in the words of the status: the one form in which errors of every module end.
package struct ReconcileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The condition that reports a failure.
    package enum Subject: Sendable, Hashable {
        /// Resolving or downloading the source: `FetchFailed=True`.
        case fetch
        /// Writing to the content store: `StorageOperationFailed=True`.
        case storage
        /// The signature: `SourceVerified=False`.
        case verification
    }

    /// What happens next.
    package enum Recovery: Sendable, Hashable {
        /// Tried again after the object's back-off.
        case retry
        /// Tried again no earlier than after this time, because the registry asked for it.
        case retryAfter(Duration)
        /// Not tried again before the generation or the requested reconcile changes.
        case stall
    }

    package let subject: Subject
    package let reason: String
    /// Names what, where, why and the next step; never a secret.
    package let message: String
    /// What differs from one try to the next although nothing else does: for the log, never a part of `message`. The
    /// status is written, and events are told apart, by what the message says.
    package let particulars: String?
    package let recovery: Recovery

    /// A failure in the words of the status.
    package init(
        _ subject: Subject, reason: String, message: String, particulars: String? = nil, recovery: Recovery = .retry
    ) {
        self.subject = subject
        self.reason = reason
        self.message = message
        self.particulars = particulars
        self.recovery = recovery
    }

    /// The message, and behind it the particulars.
    package var description: String { particulars.map { "\(message) (\($0))" } ?? message }

    /// The same failure with more to say.
    func extended(_ text: String) -> ReconcileFailure {
        ReconcileFailure(
            subject, reason: reason, message: message + text, particulars: particulars, recovery: recovery)
    }

    /// Whether the object stalls.
    package var isStall: Bool { recovery == .stall }
}
