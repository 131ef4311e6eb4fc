package import Core

/// What Notation verification came to, where it did not fail.
package struct NotationVerdict: Sendable, CustomStringConvertible {
    /// How it ended.
    package enum Result: Sendable {
        /// A signature satisfies the trust policy.
        case verified(VerifiedSignature)
        /// The trust policy does not ask for a signature that is trusted: the artifact may be used, but nothing was verified.
        /// The text says why.
        case ignored(String)
    }

    package let result: Result
    /// The name of the trust policy statement that applied.
    package let statement: String
    /// Its level: `strict`, `permissive`, `audit`, `skip` or `custom`.
    package let level: String
    /// What failed, but is only logged at that level.
    package let logged: [SignatureFinding]
    /// After this time the verdict may be another although neither the trust nor the artifact changed: the earliest end of
    /// a signature, certificate or revocation answer that it rests on; nil when it rests on none.
    package let validUntil: Timestamp?

    package var description: String {
        let end = "trust policy '\(shown(statement, limit: 80))', level \(level)"
        return switch result {
        case .verified(let signature): "\(signature.description), \(end)"
        case .ignored(let why): "\(why) (\(end))"
        }
    }
}
