internal import Core
package import OCI
internal import Subprocesses

/// A user's docker `config.json`: credentials by registry, or programs that keep them.
///
/// Hosts match literally (Docker Hub's by its legacy key too). A helper for the host goes before an entry of `auths`, and
/// that before the general helper.
package struct DockerConfiguration: Sendable {
    private let auths: [String: JSONValue]
    private let helpers: [String: String]
    private let store: String?
    private let place: String

    /// The longest that a helper may run; people may have to unlock a keychain.
    private static let helperTimeout = Duration.seconds(60)
    private static let helperOutputLimit = 1 << 20

    /// Reads the file's bytes.
    /// - Parameter path: the file, for messages.
    /// - Throws: `RegistryError` with code `invalidCredentials`, never repeating the content.
    package init(parsing bytes: [UInt8], path: String) throws(RegistryError) {
        place = path
        let value = try CredentialEntry.parse(bytes, place: path)
        func object(_ key: String) throws(RegistryError) -> [String: JSONValue] {
            switch value[key] {
            case nil, .null: return [:]
            case .object(let members): return members
            case .some(let other):
                throw RegistryError(.invalidCredentials, "\(path): '\(key)' is a JSON \(other.kind), not an object")
            }
        }
        auths = try object("auths")
        helpers = try object("credHelpers").compactMapValues(\.stringValue)
        store = value["credsStore"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The credential for a registry, and where it is from; nil if there is none.
    /// - Parameter environment: what a helper program gets.
    /// - Throws: `RegistryError` with code `invalidCredentials` where an entry is broken or a helper fails.
    package func credential(
        for repository: RepositoryReference, environment: [String: String]
    ) async throws(RegistryError) -> (credential: RegistryCredential, source: String)? {
        let names = Self.names(of: repository.registry)
        for name in names {
            if let helper = helpers[name] {
                return try await ask(helper, names: names, environment)
            }
        }
        for (text, value) in auths.sorted(by: { $0.key < $1.key }) where names.contains(Self.normalised(text)) {
            let place = "\(place): entry '\(RemoteText.printable(text, limit: 120))'"
            if let credential = try CredentialEntry.credential(value, place: place) { return (credential, place) }
        }
        guard let store else { return nil }
        return try await ask(store, names: names, environment)
    }

    /// The names that a registry's credentials may be kept under.
    private static func names(of registry: String) -> [String] {
        let host = registry.lowercased()
        guard host == RepositoryReference.dockerHub else { return [host] }
        return ["https://index.docker.io/v1/", host, "docker.io", "registry-1.docker.io"]
    }

    private static func normalised(_ key: String) -> String {
        var text = key.lowercased()
        if text == "https://index.docker.io/v1/" { return text }
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
            text = String(text.dropFirst(scheme.count))
        }
        return String(text.prefix { $0 != "/" })
    }

    private func ask(
        _ helper: String, names: [String], _ environment: [String: String]
    ) async throws(RegistryError) -> (credential: RegistryCredential, source: String)? {
        // The name becomes part of a program's name: nothing in it may lead elsewhere.
        guard !helper.isEmpty, helper.utf8.count <= 100,
            helper.utf8.allSatisfy({ byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte != 0x40
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
            })
        else {
            throw RegistryError(.invalidCredentials, "\(place) names a credential helper that is no program's name")
        }
        let program = "docker-credential-\(helper)"
        for name in names {
            let result: SubprocessResult
            do {
                result = try await Subprocess.run(
                    program, arguments: ["get"], environment: environment, input: Array(name.utf8),
                    timeout: Self.helperTimeout, outputLimit: Self.helperOutputLimit)
            } catch {
                throw RegistryError(.invalidCredentials, "\(place): credential helper failed: \(error.message)")
            }
            if let credential = try Self.parse(result, program, place) { return (credential, "\(program) (\(place))") }
        }
        return nil
    }

    private static func parse(
        _ result: SubprocessResult, _ program: String, _ place: String
    ) throws(RegistryError) -> RegistryCredential? {
        guard result.isSuccess else {
            let said = String(decoding: result.output.prefix(4096), as: UTF8.self)
            // The protocol's way to say that there is nothing.
            if said.contains("credentials not found") { return nil }
            throw RegistryError(
                .invalidCredentials,
                "\(place): credential helper '\(program)' failed: \(RemoteText.printable(said, limit: 200))")
        }
        let value = try CredentialEntry.parse(result.output, place: "\(place): the answer of '\(program)'")
        guard let username = value["Username"]?.stringValue, let secret = value["Secret"]?.stringValue else {
            throw RegistryError(.invalidCredentials, "\(place): '\(program)' answered without Username and Secret")
        }
        return username.isEmpty && secret.isEmpty ? nil : CredentialEntry.named(username, secret)
    }
}
