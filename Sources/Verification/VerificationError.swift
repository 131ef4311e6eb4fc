/// Why verification failed or could not be done.
package struct VerificationError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A trusted root that cannot be used.
        package static let trustedRoot = Code(description: "trusted root")
        /// A policy that cannot be met: no keys, no identities, a bad expression, an unreadable key.
        package static let policy = Code(description: "policy")
        /// What was looked at holds no signature that counts.
        package static let noMatchingSignature = Code(description: "no matching signature")
        /// Signatures could not be looked up.
        package static let lookup = Code(description: "lookup")
    }

    package let code: Code
    /// What happened, and the next step: printable, bounded text.
    package let message: String
    /// The signatures that were found and why each does not count.
    package let findings: [SignatureFinding]
    /// How many signatures were not looked at because there are too many.
    package let skipped: Int
    /// What a lookup failed with.
    package let underlying: (any Error)?
    /// Whether trying again may help although neither policy nor artifact change.
    package let isRetryable: Bool

    package var description: String { message }

    init(
        _ code: Code, _ message: String, findings: [SignatureFinding] = [], skipped: Int = 0,
        underlying: (any Error)? = nil, isRetryable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.findings = findings
        self.skipped = skipped
        self.underlying = underlying
        self.isRetryable = isRetryable
    }
}

/// A signature that was found, and why it does not count.
package struct SignatureFinding: Sendable, Hashable, CustomStringConvertible {
    /// What it is and where it was: `bundle sha256:…`, `signature 2 of the tag sha256-….sig`.
    package let place: String
    package let rejection: Rejection

    package var description: String { "\(place): \(rejection.message)" }
}
