internal import Core
internal import HTTPTransport
internal import KubernetesAPI
internal import Subprocesses

/// Credentials that a program prints, kept until they expire or are refused. The program runs once, however many requests
/// wait for it.
actor ExecCredentialSource: CredentialSource {
    private struct Cached {
        var credentials: RequestCredentials
        /// nil = valid until refused.
        var expires: Timestamp?
    }

    private static let timeout: Duration = .seconds(60)
    private let plugin: ExecPlugin
    private let time: any TimeSource
    private var cached: Cached?
    private var running: Task<Result<Cached, KubernetesError>, Never>?

    init(plugin: ExecPlugin, time: any TimeSource) {
        self.plugin = plugin
        self.time = time
    }

    func credentials(within limit: Duration?) async throws(KubernetesError) -> RequestCredentials {
        if let cached, cached.expires.map({ time.now < $0 }) ?? true { return cached.credentials }
        let task = running ?? Task { [plugin] in await Self.run(plugin) }
        running = task
        // Who has no more time leaves; the program runs on, for whoever asks next.
        guard let result = await Race.first(within: limit, time: time, { await task.value }) else {
            if Task.isCancelled {
                throw KubernetesError(.cancelled, "cancelled while waiting for credentials", isRetryable: false)
            }
            throw Self.fault(plugin, "did not print credentials in the time that the request had")
        }
        if running == task { running = nil }
        let fresh = try result.get()
        cached = fresh
        return fresh.credentials
    }

    func reject(_ refused: RequestCredentials) async -> Bool {
        if cached?.credentials == refused { cached = nil }
        return true
    }

    private static func run(_ plugin: ExecPlugin) async -> Result<Cached, KubernetesError> {
        var spec: JSONValue = ["interactive": false]
        if let cluster = plugin.cluster { spec["cluster"] = cluster }
        let info: JSONValue = ["kind": "ExecCredential", "apiVersion": .string(plugin.apiVersion), "spec": spec]
        var environment = ProcessEnvironment.current.merging(plugin.environment) { $1 }
        environment["KUBERNETES_EXEC_INFO"] = info.text()
        do throws(SubprocessError) {
            let result = try await Subprocess.run(
                plugin.command, arguments: plugin.arguments, environment: environment, timeout: timeout)
            guard result.isSuccess else {
                let said = RemoteText.printable(bytes: result.errorOutput, limit: 256)
                return .failure(fault(plugin, "failed (\(result.exit))" + (said.isEmpty ? "" : ": \(said)")))
            }
            return parse(result.output, plugin)
        } catch {
            let hint = error.code == .notFound && !plugin.installHint.isEmpty ? ". \(plugin.installHint)" : ""
            return .failure(fault(plugin, "could not be run: \(error)\(hint)"))
        }
    }

    private static func parse(_ output: [UInt8], _ plugin: ExecPlugin) -> Result<Cached, KubernetesError> {
        guard let json = try? JSONValue(parsing: output) else { return .failure(fault(plugin, "printed no JSON")) }
        guard json["kind"]?.stringValue == "ExecCredential", json["apiVersion"]?.stringValue == plugin.apiVersion else {
            return .failure(fault(plugin, "did not print an ExecCredential of \(plugin.apiVersion)"))
        }
        do throws(ObjectDecodingError) {
            let status = try FieldReader(try FieldReader(json).object("status") { $0.json })
            let token = try status.optionalString("token")
            let certificate = try status.optionalString("clientCertificateData")
            let key = try status.optionalString("clientKeyData")
            let expires = try status.optionalTime("expirationTimestamp")
            var credentials = RequestCredentials()
            if let token, !token.isEmpty {
                guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                    return .failure(fault(plugin, "printed a token with characters that no token has"))
                }
                credentials.authorization = Redacted("Bearer " + token)
            }
            if let certificate, let key, !certificate.isEmpty {
                do throws(TLSPolicyError) {
                    credentials.identity = try TLSIdentity(
                        certificatePEM: [UInt8](certificate.utf8), keyPEM: Redacted([UInt8](key.utf8)))
                } catch {
                    return .failure(fault(plugin, "printed a client certificate that cannot be used: \(error)"))
                }
            }
            guard credentials.authorization != nil || credentials.identity != nil else {
                return .failure(fault(plugin, "printed neither a token nor a client certificate with its key"))
            }
            return .success(Cached(credentials: credentials, expires: expires))
        } catch {
            return .failure(fault(plugin, "printed an ExecCredential that cannot be read: \(error)"))
        }
    }

    private static func fault(_ plugin: ExecPlugin, _ message: String) -> KubernetesError {
        KubernetesError(.credentials, "the credential plugin '\(plugin.command)' \(message)", isRetryable: true)
    }
}
