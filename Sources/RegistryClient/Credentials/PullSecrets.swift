internal import Core
package import OCI

/// The credentials of Kubernetes pull secrets, matched to repositories by host globs and path prefixes.
package struct PullSecrets: Sendable {
    /// A credential that was found, and where.
    package struct Match: Sendable {
        package let credential: RegistryCredential
        /// The key of `auths` that matched; it names no secret value.
        package let matchedKey: String
        /// Where the key is from, as given to the initialiser: `Secret 'apps/ghcr'`.
        package let source: String
    }

    private struct Entry: Sendable {
        let key: PullSecretKey
        let text: String
        let credential: RegistryCredential
        let source: String
    }

    private static let maximumEntries = 10_000

    private var entries: [Entry] = []

    /// No credentials.
    package init() {}

    /// The value of a Secret's key `.dockerconfigjson`: `{"auths": {host: entry}}`.
    /// - Parameter source: what messages call the Secret.
    /// - Throws: `RegistryError` with code `invalidCredentials`, naming the place and never a value.
    package init(dockerConfigJSON bytes: [UInt8], source: String = "the Secret") throws(RegistryError) {
        let place = "\(source): .dockerconfigjson"
        let value = try CredentialEntry.parse(bytes, place: place)
        guard let auths = value["auths"], !auths.isNull else {
            throw RegistryError(
                .invalidCredentials, "\(place) has no 'auths'; make it with 'kubectl create secret docker-registry'")
        }
        try read(auths, place: "\(place): auths", source: source)
    }

    /// The value of a Secret's key `.dockercfg`: `{host: entry}`.
    /// - Throws: as `init(dockerConfigJSON:source:)`.
    package init(dockerCfg bytes: [UInt8], source: String = "the Secret") throws(RegistryError) {
        let place = "\(source): .dockercfg"
        try read(try CredentialEntry.parse(bytes, place: place), place: place, source: source)
    }

    private mutating func read(_ auths: JSONValue, place: String, source: String) throws(RegistryError) {
        guard let members = auths.objectValue else {
            throw RegistryError(.invalidCredentials, "\(place) is a JSON \(auths.kind), not an object of registries")
        }
        guard members.count <= Self.maximumEntries else {
            throw RegistryError(.invalidCredentials, "\(place) has more than \(Self.maximumEntries) registries")
        }
        for (text, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let shown = RemoteText.printable(text, limit: 120)
            let credential = try CredentialEntry.credential(value, place: "\(place): entry '\(shown)'")
            guard let key = PullSecretKey(text), let credential else { continue }
            entries.append(Entry(key: key, text: shown, credential: credential, source: source))
        }
    }

    /// Adds the credentials of a further Secret; of equally specific keys the earlier Secret's counts.
    package mutating func append(_ other: PullSecrets) { entries += other.entries }

    /// Whether there are no credentials at all.
    package var isEmpty: Bool { entries.isEmpty }

    /// The keys there are, for messages that say why none matched.
    package var keys: some Collection<String> { entries.lazy.map(\.text) }

    /// The credential whose key says most about `repository`, nil if none matches.
    package func credential(for repository: RepositoryReference) -> Match? {
        var best: Entry?
        for entry in entries where entry.key.matches(repository) {
            if let current = best, !entry.key.isMoreSpecific(than: current.key) { continue }
            best = entry
        }
        return best.map { Match(credential: $0.credential, matchedKey: $0.text, source: $0.source) }
    }
}
