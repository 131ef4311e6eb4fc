internal import OCI

/// What a token must allow: actions on one repository, and reading another for a mount.
struct TokenScope: Sendable, Hashable {
    private let own: [String]

    /// Reading, or reading and writing, `repository`.
    init(_ repository: RepositoryReference, writing: Bool, reading other: String? = nil) {
        var scopes = ["repository:\(repository.path):\(writing ? "pull,push" : "pull")"]
        if let other { scopes.append("repository:\(other):pull") }
        own = scopes
    }

    /// The scopes to ask for: ours, and the challenge's where it names the repository differently (registries with
    /// virtual repositories do) and wants no more than ours does.
    func merged(withChallenge text: String?) -> [String] {
        guard let text, text.utf8.count <= 1024 else { return own }
        let wantsPush = own.contains { $0.hasSuffix(":pull,push") }
        var scopes = own
        for scope in text.split(separator: " ").prefix(8) {
            guard scope.utf8.starts(with: "repository:".utf8), scope.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else {
                continue
            }
            let actions = scope.split(separator: ":").last?.split(separator: ",") ?? []
            let isModest = actions.allSatisfy { $0 == "pull" || (wantsPush && $0 == "push") }
            let isNew = !own.contains { $0.split(separator: ":")[1] == scope.split(separator: ":").dropFirst().first }
            if isModest, isNew { scopes.append(String(scope)) }
        }
        return scopes
    }
}
