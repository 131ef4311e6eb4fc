internal import OCI

/// The kind of a trust store.
enum TrustStoreType: String, Sendable, Hashable, CaseIterable {
    /// Roots of signers.
    case ca
    /// Roots of signing authorities, which are trusted for the time too.
    case signingAuthority
    /// Roots of timestamp authorities.
    case tsa
}

/// A named trust store: `ca:acme`.
struct TrustStoreName: Sendable, Hashable, CustomStringConvertible {
    let type: TrustStoreType
    let name: String

    var description: String { "\(type.rawValue):\(name)" }

    init(_ type: TrustStoreType, _ name: String) {
        self.type = type
        self.name = name
    }

    /// Parses `<type>:<name>`.
    init(parsing text: String) throws(Rejection) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let type = TrustStoreType(rawValue: String(parts[0])), Self.isName(parts[1]) else {
            throw Rejection(
                .malformed,
                "the trust store '\(shown(text, limit: 80))' is no '<type>:<name>' with the type ca, signingAuthority "
                    + "or tsa and a name of letters, digits and '_.-'")
        }
        self.init(type, String(parts[1]))
    }

    static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// One statement of a trust policy document.
struct TrustPolicyStatement: Sendable, Hashable {
    /// Which repositories a statement is about.
    enum Scope: Sendable, Hashable {
        case any
        case repositories([RepositoryReference])
    }

    /// Who may have signed.
    enum Identities: Sendable, Hashable {
        case any
        case subjects([TrustedSubject])
    }

    let name: String
    let scope: Scope
    let level: VerificationLevel
    let stores: [TrustStoreName]
    let identities: Identities
    /// Whether a timestamp is asked for only when a certificate of the chain has expired.
    let timestampsAfterExpiryOnly: Bool
}
