/// How strictly a trust policy statement judges (Notary Project trust policy specification, "Signature verification
/// levels").
struct VerificationLevel: Sendable, Hashable {
    /// What a failed check does.
    enum Action: String, Sendable, Hashable {
        /// The signature does not count.
        case enforce
        /// It is told, and the signature counts.
        case log
        /// The check is not made.
        case skip
    }

    /// `strict`, `permissive`, `audit`, `skip`; `custom` with overrides.
    private(set) var name: String
    /// A trusted certificate in the chain, and an accepted identity.
    private(set) var authenticity: Action
    private(set) var authenticTimestamp: Action
    private(set) var expiry: Action
    private(set) var revocation: Action

    /// Whether nothing is verified at all. At every other level integrity is enforced.
    var isSkip: Bool { name == "skip" }

    private static let levels: [VerificationLevel] = [
        VerificationLevel("strict", .enforce, .enforce, .enforce, .enforce),
        VerificationLevel("permissive", .enforce, .log, .log, .log),
        VerificationLevel("audit", .log, .log, .log, .log),
        VerificationLevel("skip", .skip, .skip, .skip, .skip),
    ]

    private init(_ name: String, _ authenticity: Action, _ timestamp: Action, _ expiry: Action, _ revocation: Action) {
        self.name = name
        self.authenticity = authenticity
        authenticTimestamp = timestamp
        self.expiry = expiry
        self.revocation = revocation
    }

    /// A level with overrides.
    /// - Throws: `Rejection` (`.malformed`) for names and combinations that there are not.
    init(named name: String, overrides: [String: String]) throws(Rejection) {
        guard let level = Self.levels.first(where: { $0.name == name }) else {
            throw Rejection(
                .malformed, "the level '\(shown(name, limit: 60))' is none of strict, permissive, audit and skip")
        }
        self = level
        guard overrides.isEmpty || !level.isSkip else {  // check: policy-override-skip
            throw Rejection(.malformed, "the level 'skip' cannot be overridden")
        }
        for (check, text) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let action = Action(rawValue: text) else {
                throw Rejection(
                    .malformed, "the action '\(shown(text, limit: 60))' is none of enforce, log and skip")
            }
            guard action != .skip || check == "revocation" else {  // check: policy-override-action
                throw Rejection(.malformed, "only 'revocation' can be skipped, not '\(shown(check, limit: 60))'")
            }
            switch check {
            case "authenticity": authenticity = action
            case "authenticTimestamp": authenticTimestamp = action
            case "expiry": expiry = action
            case "revocation": revocation = action
            default: throw Rejection(.malformed, "the check '\(shown(check, limit: 60))' cannot be overridden")
            }
            self.name = "custom"
        }
    }
}
