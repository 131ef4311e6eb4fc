package import RegularExpressions

/// One pair of conditions on who signed; both must hold.
package struct IdentityMatcher: Sendable {
    /// A condition on a text.
    package enum Condition: Sendable {
        /// The text, byte for byte.
        case exact(String)
        /// Some part of the text matches.
        case pattern(RegularExpression)
        /// Any text.
        case any

        func accepts(_ text: String) -> Bool {
            switch self {
            case .exact(let wanted): wanted.utf8.elementsEqual(text.utf8)
            case .pattern(let expression): expression.matches(anywhereIn: text)
            case .any: true
            }
        }

        var description: String {
            switch self {
            case .exact(let text): "'\(shown(text))'"
            case .pattern(let expression): "/\(shown(expression.pattern))/"
            case .any: "anything"
            }
        }
    }

    /// Whoever writes objects chooses the expressions, many of them at once.
    private static let limits = RegularExpression.Limits(memory: 512 << 10)

    package let issuer: Condition
    package let subject: Condition

    /// Conditions on issuer and subject.
    package init(issuer: Condition, subject: Condition) {
        self.issuer = issuer
        self.subject = subject
    }

    /// The matcher of `spec.verify.matchOIDCIdentity[]`: RE2 expressions that match some part, as upstream.
    /// - Throws: `VerificationError` (`.policy`) naming the expression and its fault. An empty one, such as a substitution
    ///   that was not set leaves behind, would match everything; that has to be written out.
    package init(issuerPattern: String, subjectPattern: String) throws(VerificationError) {
        guard !issuerPattern.isEmpty else {  // check: issuer-pattern
            throw VerificationError(.policy, Self.emptyPattern("issuer"))
        }
        guard !subjectPattern.isEmpty else {  // check: subject-pattern
            throw VerificationError(.policy, Self.emptyPattern("subject"))
        }
        do {
            issuer = .pattern(try RegularExpression(issuerPattern, limits: Self.limits))
            subject = .pattern(try RegularExpression(subjectPattern, limits: Self.limits))
        } catch {
            throw VerificationError(.policy, "matchOIDCIdentity: \(error.description)")
        }
    }

    func accepts(_ issuer: String, _ subject: String) -> Bool {
        self.issuer.accepts(issuer) && self.subject.accepts(subject)
    }

    private static func emptyPattern(_ name: String) -> String {
        "matchOIDCIdentity: '\(name)' is empty and would accept any \(name); write '.*' if that is meant"
    }

    var description: String { "subject \(subject.description) by issuer \(issuer.description)" }
}
