internal import Core
internal import HTTPTransport
internal import KubernetesAPI
internal import KubernetesClient
internal import OCI
internal import RegistryClient

/// How an object's registry is reached: credentials, TLS and proxy, from the Secrets and the service account that it names.
/// They are read anew for every reconcile, so that a rotated Secret heals the object.
struct SourceAccess: Sendable {
    /// The most of `spec.timeout` that counts: whoever writes objects must not be able to keep a worker for days.
    private static let maximumTimeout = Duration.seconds(3600)
    /// Pull secrets of one service account. Each is a request to the Kubernetes API, at each reconcile.
    private static let maximumPullSecrets = 64

    private let server: any KubernetesAPIServer
    private let environment: ProxyEnvironment
    /// The least of `spec.timeout` that makes sense. The API server checks only its form.
    private static let minimumTimeout = Duration.milliseconds(1)
    /// Whether `ObjectLevelWorkloadIdentity` is on.
    private let objectLevelIdentity: Bool

    /// An access that reads objects from `server` and, for objects without a proxy of their own, takes that of
    /// `environment`.
    init(server: any KubernetesAPIServer, environment: ProxyEnvironment, objectLevelIdentity: Bool) {
        self.server = server
        self.objectLevelIdentity = objectLevelIdentity
        self.environment = environment
    }

    /// The access of `object` to `repository`.
    func resolve(
        for object: OCIRepository, to repository: RepositoryReference, secrets: SecretReader
    ) async throws(ReconcileFailure) -> RegistryAccess {
        let spec = object.spec
        guard spec.timeout >= Self.minimumTimeout else {
            throw ReconcileFailure(
                .fetch, reason: ConditionReason.pullFailed,
                message:
                    "failed to determine artifact digest: spec.timeout is \(GoDuration(spec.timeout)), less than the \(GoDuration(Self.minimumTimeout)) that any request needs; correct it, or leave it out for 60s",
                recovery: .stall)
        }
        guard spec.provider == .generic else {
            guard spec.serviceAccountName == nil || objectLevelIdentity else {
                throw ReconcileFailure(
                    .fetch, reason: ConditionReason.featureGateDisabled,
                    message:
                        "to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller",
                    recovery: .stall)
            }
            throw .authentication(
                "failed to get credential from \(spec.provider.rawValue): logging in to cloud registries is not supported; use provider 'generic' with a secretRef, or public access",
                recovery: .stall)
        }
        let proxy = try await proxy(for: object, secrets)
        let tls = try await tls(for: object, secrets)
        let (credential, source) = try await credential(for: object, to: repository, secrets)
        return RegistryAccess(
            credential: credential, credentialSource: source, connection: ConnectionPolicy(tls: tls, proxy: proxy),
            plainHTTP: spec.isInsecure ? .allowed : .localHosts, timeout: min(spec.timeout, Self.maximumTimeout),
            timeoutSource: spec.timeout > Self.maximumTimeout ? nil : "spec.timeout", advice: SpecAdvice.registry)
    }

    // MARK: - Credentials

    private func credential(
        for object: OCIRepository, to repository: RepositoryReference, _ reader: SecretReader
    ) async throws(ReconcileFailure) -> (RegistryCredential, String) {
        var names: [(secret: String, origin: String)] = []
        if let secret = object.spec.secretRef { names.append((secret.name, "spec.secretRef")) }
        if let account = object.spec.serviceAccountName {
            let key = NamespacedName(namespace: object.metadata.namespace, name: account)
            let pulls: [String]
            do throws(KubernetesError) {
                pulls = try await server.get(ServiceAccount.self, key).imagePullSecrets
            } catch {
                let problem =
                    error.isNotFound ? "does not exist; create it or correct the name" : "cannot be read: \(error)"
                throw .authentication(
                    "failed to get credential: service account '\(key)' of spec.serviceAccountName \(problem)")
            }
            guard pulls.count <= Self.maximumPullSecrets else {
                throw .authentication(
                    "failed to get credential: service account '\(key)' of spec.serviceAccountName has \(pulls.count) imagePullSecrets; remove those that are not needed, \(Self.maximumPullSecrets) are accepted"
                )
            }
            names += pulls.map { ($0, "service account '\(account)'") }
        }
        guard !names.isEmpty else {
            return (.anonymous, "the object names no secretRef and no serviceAccountName")
        }
        var secrets = PullSecrets()
        for (name, origin) in names {
            let secret = try await secret(name, reader, failing: "failed to get credential", field: origin)
            do {
                secrets.append(try secret.pullSecrets(origin: "Secret '\(secret.key)' of \(origin)"))
            } catch let error as RegistryError {
                // Its message names the Secret already.
                throw .authentication("failed to get credential: \(error)")
            } catch {
                throw .authentication("failed to get credential: Secret '\(secret.key)' of \(origin): \(error)")
            }
        }
        guard let match = secrets.credential(for: repository) else {
            let list = names.map { "'\($0.secret)'" }.listed(atMost: 5)
            let entries = secrets.keys.map { "'\($0)'" }.listed(atMost: 5)
            return (
                .anonymous,
                "no entry of Secret \(list) is for '\(repository)'" + (entries.isEmpty ? "" : "; there are \(entries)")
            )
        }
        return (match.credential, "\(match.source), entry '\(match.matchedKey)'")
    }

    // MARK: - TLS

    private func tls(
        for object: OCIRepository, _ reader: SecretReader
    ) async throws(ReconcileFailure) -> TLSPolicy {
        guard let reference = object.spec.certSecretRef else {
            // Without certificates of its own, `insecure` means an unchecked certificate; with them, they are checked.
            return TLSPolicy(verification: object.spec.isInsecure ? .none : .full)
        }
        let prefix = "failed to generate transport for '\(object.spec.url)'"
        let secret = try await secret(reference.name, reader, failing: prefix, field: "spec.certSecretRef")
        func failure(_ problem: String) -> ReconcileFailure {
            .authentication("\(prefix): Secret '\(secret.key)' of spec.certSecretRef: \(problem)")
        }
        let certificate = secret.data["tls.crt"], key = secret.data["tls.key"], authority = secret.data["ca.crt"]
        guard certificate != nil || authority != nil || key != nil else {
            throw failure("has none of the keys 'tls.crt' with 'tls.key', and 'ca.crt'")
        }
        var policy = TLSPolicy(additionalRoots: authority?.revealed)
        switch (certificate, key) {
        case (nil, nil): break
        case (let certificate?, let key?):
            do throws(TLSPolicyError) {
                policy.identity = try TLSIdentity(certificatePEM: certificate.revealed, keyPEM: key)
            } catch { throw failure(error.message) }
        case (nil, _?): throw failure("has 'tls.key' but not 'tls.crt'; both or neither are needed")
        case (_?, nil): throw failure("has 'tls.crt' but not 'tls.key'; both or neither are needed")
        }
        do throws(TLSPolicyError) { try policy.validate() } catch { throw failure(error.message) }
        return policy
    }

    // MARK: - Proxy

    private func proxy(
        for object: OCIRepository, _ reader: SecretReader
    ) async throws(ReconcileFailure) -> ProxyPolicy {
        guard let reference = object.spec.proxySecretRef else { return .environment(environment) }
        let prefix = "failed to get proxy address"
        let secret = try await secret(reference.name, reader, failing: prefix, field: "spec.proxySecretRef")
        func failure(_ problem: String) -> ReconcileFailure {
            .authentication("\(prefix): Secret '\(secret.key)' of spec.proxySecretRef: \(problem)")
        }
        func text(_ key: String) throws(ReconcileFailure) -> String? {
            guard let bytes = secret.data[key] else { return nil }
            guard let text = String(validating: bytes.revealed, as: UTF8.self) else {
                throw failure("key '\(key)' is not text")
            }
            // What 'echo' and editors leave behind, which none of the three may end in (RFC 3986, RFC 7617).
            let end = text.utf8.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            return end.map { String(text[...$0]) } ?? ""
        }
        guard let address = try text("address") else { throw failure("has no key 'address'") }
        let username = try text("username"), password = try text("password")
        do throws(ProxyError) {
            return .server(
                try ProxyServer(parsing: address, username: username, password: password.map { Redacted($0) }))
        } catch { throw failure("key 'address': \(error.message)") }
    }

    // MARK: - Secrets

    private func secret(
        _ name: String, _ reader: SecretReader, failing prefix: String, field: String
    ) async throws(ReconcileFailure) -> Secret {
        do throws(SecretProblem) {
            return try await reader.secret(name, field: field)
        } catch {
            throw .authentication("\(prefix): \(error)")
        }
    }
}

extension Secret {
    /// The credentials that a pull secret holds; `origin` names it in messages.
    fileprivate func pullSecrets(origin: String) throws -> PullSecrets {
        if let content = data[".dockerconfigjson"] {
            return try PullSecrets(dockerConfigJSON: content.revealed, source: origin)
        }
        if let content = data[".dockercfg"] { return try PullSecrets(dockerCfg: content.revealed, source: origin) }
        throw PullSecretShapeError(type: type)
    }
}

private struct PullSecretShapeError: Error, CustomStringConvertible {
    let type: String

    var description: String {
        "is of type '\(type)' and has neither the key '.dockerconfigjson' nor '.dockercfg'; create it with 'kubectl create secret docker-registry'"
    }
}

extension ReconcileFailure {
    fileprivate static func authentication(_ message: String, recovery: Recovery = .retry) -> ReconcileFailure {
        ReconcileFailure(.fetch, reason: ConditionReason.authenticationFailed, message: message, recovery: recovery)
    }
}
