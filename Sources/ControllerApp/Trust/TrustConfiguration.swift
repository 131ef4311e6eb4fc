internal import CommandLineParsing
internal import Core
internal import FoundationEssentials
internal import HTTPTransport
internal import SourceReconcilers
internal import Verification

/// Where trust in signatures of the public Sigstore instance comes from, as the flags say.
struct TrustConfiguration: Sendable {
    let trust: any SigstoreTrust
    /// Set where TUF keeps the material fresh.
    let publicTrust: PublicTrust?

    /// - Throws: what says which file of which flag cannot be read.
    init(
        _ configuration: ControllerConfiguration, environment: [String: String], http: any HTTPClient,
        time: any TimeSource, metrics: MetricsRegistry, logger: Logger
    ) throws {
        let flags = configuration.flags, values = configuration.values
        let executor = BlockingExecutor(label: "trust", width: 1)
        let file = values[flags.sigstoreTrustedRoot]
        guard file.isEmpty else {
            trust = TrustedRootFile(path: file, executor: executor)
            publicTrust = nil
            return
        }
        var connection = ConnectionPolicy(proxy: .environment(ProxyEnvironment(environment)))
        if !values[flags.sigstoreTUFCAFile].isEmpty {
            connection.tls.additionalRoots = try Self.read(flags.sigstoreTUFCAFile, values)
            try connection.tls.validate()
        }
        if !values[flags.sigstoreTUFProxy].isEmpty {
            connection.proxy = .server(
                try ProxyServer(parsing: values[flags.sigstoreTUFProxy], username: nil, password: nil))
        }
        var mirror = values[flags.sigstoreTUFMirror]
        while mirror.hasSuffix("/") { mirror.removeLast() }
        let root =
            values[flags.sigstoreTUFRoot].isEmpty
            ? PublicGoodInstance.tufRoot : try Self.read(flags.sigstoreTUFRoot, values)
        let folder = environment["TUF_ROOT"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp/.sigstore"
        let tuf = PublicTrust(
            client: TUFClient(
                initialRoot: root,
                store: TUFDirectory(path: folder, mirror: mirror, initialRoot: root, executor: executor),
                mirror: TUFMirror(http: http, base: mirror, connection: connection)),
            time: time, metrics: metrics, logger: logger)
        trust = tuf
        publicTrust = tuf
    }

    private static func read(_ flag: Flag<String>, _ values: ParsedFlags) throws -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: values[flag])) else {
            throw PublicTrustError(
                "the file '\(values[flag])' of --\(flag.definition.name) does not exist or may not be read")
        }
        return [UInt8](data)
    }
}
