internal import Core
internal import OCI

/// A Notary Project trust policy document (`trustpolicy.json`, version 1.0).
struct TrustPolicyDocument: Sendable, Hashable {
    /// Bytes of a document.
    static let maximumSize = 256 << 10
    private static let maximumEntries = 256

    let statements: [TrustPolicyStatement]

    /// Reads and validates a document. Unknown members are refused: a misspelt one would weaken the policy silently.
    /// - Throws: `Rejection` naming the member and its fault.
    init(parsing bytes: [UInt8]) throws(Rejection) {
        var reader = try MessageReader(parsing: bytes, limit: Self.maximumSize)
        let version = try reader.string("version")
        guard version == "1.0" else {  // check: policy-version
            throw Rejection(
                .unsupported, "the version '\(shown(version ?? "", limit: 40))' is not supported; use '1.0'")
        }
        var statements: [TrustPolicyStatement] = []
        for item in try reader.messages("trustPolicies", limit: Self.maximumEntries) {
            statements.append(try Self.statement(item))
        }
        try reader.finish()
        guard !statements.isEmpty else {  // check: policy-statements
            throw Rejection(.malformed, "'trustPolicies' is missing or empty")
        }
        let names = Set(statements.map { Array($0.name.utf8) })
        guard names.count == statements.count else {  // check: policy-names
            throw Rejection(.malformed, "two statements have the same name")
        }
        self.statements = statements
        try verifyScopes()
    }

    /// The statement for a repository: one that names it, else the one for `*`; nil when there is none.
    func statement(for repository: RepositoryReference) -> TrustPolicyStatement? {
        statements.first { $0.scope.names(repository) } ?? statements.first { $0.scope == .any }
    }

    private func verifyScopes() throws(Rejection) {
        let wildcards = statements.count { $0.scope == .any }
        guard wildcards <= 1 else {  // check: policy-wildcards
            throw Rejection(.malformed, "more than one statement has the scope '*'")
        }
        var seen: Set<RepositoryReference> = []
        for case .repositories(let repositories) in statements.map(\.scope) {
            for repository in repositories {
                let isNew = seen.insert(repository).inserted
                guard isNew else {  // check: policy-scope-once
                    throw Rejection(.malformed, "the scope '\(shown(repository.description))' is there twice")
                }
            }
        }
    }

    private static func statement(_ item: MessageReader) throws(Rejection) -> TrustPolicyStatement {
        var item = item
        guard let name = try item.string("name"), !name.isEmpty else { throw item.missing("name") }
        let scope = try scope(try strings("registryScopes", &item), item)
        guard var verification = try item.message("signatureVerification") else {
            throw item.missing("signatureVerification")
        }
        let (level, afterExpiryOnly) = try level(&verification)
        let storeTexts = try strings("trustStores", &item)
        let identityTexts = try strings("trustedIdentities", &item)
        try item.finish()
        var stores: [TrustStoreName] = []
        // Without verification there is nothing to trust: what is written there is passed over, as upstream does.
        for text in level.isSkip ? [] : storeTexts { stores.append(try TrustStoreName(parsing: text)) }
        guard level.isSkip || !stores.isEmpty else {  // check: policy-stores
            throw Rejection(.malformed, "\(item.place("trustStores")) is missing or empty")
        }
        guard level.isSkip || !identityTexts.isEmpty else {  // check: policy-identities
            throw Rejection(.malformed, "\(item.place("trustedIdentities")) is missing or empty")
        }
        return TrustPolicyStatement(
            name: name, scope: scope, level: level, stores: stores,
            identities: level.isSkip ? .subjects([]) : try identities(identityTexts, item),
            timestampsAfterExpiryOnly: afterExpiryOnly)
    }

    private static func scope(_ texts: [String], _ item: MessageReader) throws(Rejection) -> TrustPolicyStatement.Scope
    {
        guard !texts.isEmpty else {  // check: policy-scopes
            throw Rejection(.malformed, "\(item.place("registryScopes")) is missing or empty")
        }
        if texts == ["*"] { return .any }
        var repositories: [RepositoryReference] = []
        for text in texts {
            // Docker Hub's short names have no host; a scope has one.
            let host = text.prefix { $0 != "/" }
            let isQualified = text.contains("/") && (host.contains(".") || host.contains(":") || host == "localhost")
            guard isQualified else {  // check: policy-scope-host
                throw Rejection(
                    .malformed,
                    "the scope '\(shown(text))' is no '<host>/<repository>'; '*' must stand alone")
            }
            do {
                repositories.append(try RepositoryReference(parsing: text))
            } catch {
                throw Rejection(.malformed, "the scope '\(shown(text))' is no repository: \(shown(error.message))")
            }
        }
        return .repositories(repositories)
    }

    private static func level(
        _ reader: inout MessageReader
    ) throws(Rejection) -> (level: VerificationLevel, timestampsAfterExpiryOnly: Bool) {
        guard let name = try reader.string("level") else { throw reader.missing("level") }
        var overrides: [String: String] = [:]
        if let value = reader.value("override") {
            guard let members = value.objectValue else { throw Rejection(.malformed, "an override is no object") }
            for (check, action) in members { overrides[check] = action.stringValue ?? "(\(action.kind))" }
        }
        let when = try reader.string("verifyTimestamp") ?? ""
        try reader.finish()
        guard ["", "always", "afterCertExpiry"].contains(when) else {  // check: policy-timestamp
            throw Rejection(
                .malformed, "'verifyTimestamp' is '\(shown(when, limit: 60))', not 'always' or 'afterCertExpiry'")
        }
        return (try VerificationLevel(named: name, overrides: overrides), when == "afterCertExpiry")
    }

    private static func identities(
        _ texts: [String], _ item: MessageReader
    ) throws(Rejection) -> TrustPolicyStatement.Identities {
        if texts == ["*"] { return .any }
        var subjects: [TrustedSubject] = []
        for text in texts {
            let prefix = "x509.subject:"
            guard text.hasPrefix(prefix) else {  // check: policy-identity-kind
                throw Rejection(
                    .unsupported,
                    "the identity '\(shown(text))' is not supported; write 'x509.subject: C=..., ST=..., O=...', or '*' alone"
                )
            }
            do {
                subjects.append(try TrustedSubject(parsing: text.dropFirst(prefix.count)))
            } catch {
                throw Rejection(.malformed, "the identity '\(shown(text))' cannot be used: \(error.message)")
            }
        }
        for (index, one) in subjects.enumerated() {
            let overlaps = subjects.enumerated().contains { $0.offset != index && one.isContained(in: $0.element) }
            guard !overlaps else {  // check: policy-identity-overlap
                throw Rejection(.malformed, "two identities of \(item.path) overlap")
            }
        }
        return .subjects(subjects)
    }

    private static func strings(_ name: String, _ reader: inout MessageReader) throws(Rejection) -> [String] {
        guard let value = reader.value(name) else { return [] }
        guard let elements = value.arrayValue, elements.count <= maximumEntries else {
            throw Rejection(.malformed, "\(reader.place(name)) is no array of at most \(maximumEntries) texts")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else {
                throw Rejection(.malformed, "\(reader.place(name)) holds a JSON \(element.kind), not a string")
            }
            texts.append(text)
        }
        return texts
    }
}

extension TrustPolicyStatement.Scope {
    /// Whether the repository is one of those named.
    func names(_ repository: RepositoryReference) -> Bool {
        if case .repositories(let repositories) = self { repositories.contains(repository) } else { false }
    }
}
