internal import CommandLineParsing
internal import Core
internal import FileSystem
internal import HTTPTransport
internal import OCI
internal import RegistryClient

/// The flags that say how to reach a registry, shared by the commands on artifacts.
enum RegistryFlags {
    static let creds = Flag.string(
        "creds", placeholder: "user[:password]",
        help: "credentials for the registry; a single word is an access token. Without: docker's config.json",
        isSecret: true)
    static let provider = Flag.string(
        "provider", default: "generic", choices: ["generic"], help: "how to log in to the registry")
    static let insecure = Flag.bool(
        "insecure-registry", help: "allow plain HTTP and certificates that cannot be verified")
    static let timeout = Flag.duration(
        "timeout", default: .seconds(300), atLeast: .milliseconds(1), help: "time for the whole operation")
    static let debug = Flag.bool("debug", help: "show each request to the registry")

    static func add(to flags: inout FlagSet) {
        flags.add(creds)
        flags.add(provider)
        flags.add(insecure)
        flags.add(timeout)
        flags.add(debug)
    }

    /// A repository to work with, as the flags say.
    static func repository(
        _ reference: RepositoryReference, _ flags: ParsedFlags, _ context: CommandContext
    ) async throws -> Repository {
        var access = RegistryAccess(
            timeout: flags[timeout], timeoutSource: "--timeout", advice: CommandAdvice.registry)
        if flags[insecure] {
            access.plainHTTP = .allowed
            access.connection.tls.verification = .none
        }
        access.connection.proxy = .environment(ProxyEnvironment { context.environment[$0] })
        if flags.isGiven(creds) {
            access.credential = try credential(flags[creds])
            access.credentialSource = "--creds"
        } else if let (credential, source) = try await dockerCredential(reference, context) {
            access.credential = credential
            access.credentialSource = source
        } else {
            access.credentialSource = "neither --creds nor an entry of docker's config.json"
        }
        var configuration = RegistryClient.Configuration()
        configuration.userAgent = "sourcectl/\(ProductVersion.current)"
        let logger =
            flags[debug] ? Logger(level: .debug, encoding: .console, sink: StandardErrorSink()) : Logger.disabled
        return RegistryClient(http: CurlClient(), configuration: configuration, logger: logger)
            .repository(reference, access: access)
    }

    private static func credential(_ text: String) throws(CommandLineError) -> RegistryCredential {
        guard !text.isEmpty else { throw CommandLineError(.invalidValue, "--creds is empty") }
        guard let colon = text.firstIndex(of: ":") else { return .bearer(Redacted(text)) }
        return .basic(username: String(text[..<colon]), password: Redacted(String(text[text.index(after: colon)...])))
    }

    private static func dockerCredential(
        _ reference: RepositoryReference, _ context: CommandContext
    ) async throws -> (credential: RegistryCredential, source: String)? {
        let folder = context.environment["DOCKER_CONFIG"] ?? context.environment["HOME"].map { "\($0)/.docker" }
        guard let folder, !folder.isEmpty else { return nil }
        guard let bytes = try contents(of: "config.json", in: folder) else { return nil }
        return try await DockerConfiguration(parsing: bytes, path: "\(folder)/config.json")
            .credential(for: reference, environment: context.environment)
    }

    /// The file's bytes, nil if it is not there.
    private static func contents(of name: String, in folder: String) throws(FileSystemError) -> [UInt8]? {
        do {
            return try Directory(path: folder).openFile(name).contents(upTo: 4 << 20)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}

extension ParsedFlags {
    /// The artifact that the only argument names.
    /// - Throws: `CommandLineError`.
    func artifact() throws(CommandLineError) -> ArtifactReference {
        let text = try onlyArgument("artifact URL")
        do {
            return try ArtifactReference(ociURL: text)
        } catch {
            throw CommandLineError(.arguments, error.message)
        }
    }
}
