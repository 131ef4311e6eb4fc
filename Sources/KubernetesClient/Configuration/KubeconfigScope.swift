internal import Core
internal import HTTPTransport
internal import KubernetesAPI

/// One entry of a kubeconfig while it is read: its errors name file and field, its paths are relative to its file.
struct KubeconfigScope {
    let entry: Kubeconfig.Entry
    /// Where the entry is in the file.
    let field: String

    func error(_ name: String, _ message: String) -> ConfigurationError {
        ConfigurationError(file: entry.file, field: "\(field).\(name)", message)
    }

    private func read<Value>(
        _ body: (FieldReader) throws(ObjectDecodingError) -> Value
    ) throws(ConfigurationError) -> Value {
        do throws(ObjectDecodingError) {
            return try body(try FieldReader(entry.value))
        } catch {
            throw self.error(error.path, error.message)
        }
    }

    func optionalString(_ name: String) throws(ConfigurationError) -> String? {
        let text = try read { reader throws(ObjectDecodingError) in try reader.optionalString(name) }
        return text?.isEmpty == false ? text : nil
    }

    func string(_ name: String) throws(ConfigurationError) -> String {
        guard let text = try optionalString(name) else { throw error(name, "is required") }
        return text
    }

    private func path(_ name: String) throws(ConfigurationError) -> String? {
        try optionalString(name).map { ConfigurationFile.resolve($0, besides: entry.file) }
    }

    /// The bytes of `<name>-data`, or of the file that `<name>` names; the data wins.
    private func data(_ name: String) throws(ConfigurationError) -> (bytes: [UInt8], field: String)? {
        if let text = try optionalString(name + "-data") {
            guard let bytes = ConfigurationFile.decodeBase64(text) else { throw error(name + "-data", "is not base64") }
            return (bytes, name + "-data")
        }
        guard let path = try path(name) else { return nil }
        return (try ConfigurationFile.read(path, field: "\(field).\(name)"), name)
    }

    // MARK: - Cluster

    /// The configuration of a cluster entry, without a user.
    func cluster(environment: [String: String]) throws(ConfigurationError) -> ClientConfiguration {
        let server = try normalizedServer()
        var tls = TLSPolicy()
        let isUnchecked = try read { reader throws(ObjectDecodingError) in try reader.bool("insecure-skip-tls-verify") }
        if let authority = try data("certificate-authority") {
            guard !isUnchecked else {
                throw error("insecure-skip-tls-verify", "cannot be true together with a certificate authority")
            }
            tls.additionalRoots = authority.bytes
            tls.replacesSystemRoots = true
            do throws(TLSPolicyError) {
                try tls.validate()
            } catch {
                throw self.error(authority.field, "holds no usable certificate")
            }
        }
        if isUnchecked { tls.verification = .none }
        tls.serverName = try optionalString("tls-server-name")
        var proxy = ProxyPolicy.environment(ProxyEnvironment(environment))
        if let address = try optionalString("proxy-url") {
            do throws(ProxyError) {
                proxy = .server(try ProxyServer(parsing: address))
            } catch {
                throw self.error("proxy-url", error.message)
            }
        }
        return ClientConfiguration(server: server, tls: tls, proxy: proxy)
    }

    private func normalizedServer() throws(ConfigurationError) -> String {
        var server = try string("server")
        while server.hasSuffix("/") { server.removeLast() }
        guard let scheme = ["https://", "http://"].first(where: server.hasPrefix) else {
            throw error("server", "must start with https:// or http://")
        }
        let rest = server.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.utf8.contains(UInt8(ascii: "@")), !rest.contains("?"), !rest.contains("#"),
            !rest.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f })
        else {
            throw error("server", "must be a URL of host, port and perhaps a path only")
        }
        return server
    }

    // MARK: - User

    /// Adds the credentials of a user entry.
    func addUser(to configuration: inout ClientConfiguration, cluster: JSONValue) throws(ConfigurationError) {
        configuration.tls.identity = try identity()
        configuration.impersonation = try impersonation()
        let exec = try read { reader throws(ObjectDecodingError) in
            try reader.optionalObject("exec") { $0.json }
        }
        if exec == nil, entry.value["auth-provider"]?.objectValue != nil {
            throw error("auth-provider", "is no longer supported by Kubernetes; use an exec plugin")
        }
        let token = try optionalString("token")
        let tokenFile = try path("tokenFile")
        let username = try optionalString("username")
        if let exec {
            guard token == nil, tokenFile == nil, username == nil else {
                throw error("exec", "cannot be used together with a token or a username")
            }
            configuration.authentication = .exec(try plugin(exec, cluster: cluster))
        } else if let tokenFile {
            _ = try ConfigurationFile.read(tokenFile, field: "\(field).tokenFile")
            configuration.authentication = .tokenFile(tokenFile)
        } else if let token {
            configuration.authentication = .token(Redacted(token))
        } else if let username {
            configuration.authentication = .basic(
                username: username, password: Redacted(try optionalString("password") ?? ""))
        }
    }

    private func identity() throws(ConfigurationError) -> TLSIdentity? {
        let certificate = try data("client-certificate")
        let key = try data("client-key")
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            do throws(TLSPolicyError) {
                return try TLSIdentity(certificatePEM: certificate.bytes, keyPEM: Redacted(key.bytes))
            } catch {
                let isKey = error.message.hasPrefix("tls.key")
                let message = error.message
                    .replacing("tls.crt", with: certificate.field).replacing("tls.key", with: key.field)
                throw self.error(isKey ? key.field : certificate.field, message)
            }
        case (nil, let key?): throw error(key.field, "needs client-certificate beside it")
        case (let certificate?, nil): throw error(certificate.field, "needs client-key beside it")
        }
    }

    private func impersonation() throws(ConfigurationError) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let user = try optionalString("as") { headers.append(("Impersonate-User", user)) }
        if let uid = try optionalString("as-uid") { headers.append(("Impersonate-Uid", uid)) }
        let groups = try read { reader throws(ObjectDecodingError) in try reader.strings("as-groups") }
        headers += groups.map { ("Impersonate-Group", $0) }
        guard headers.isEmpty || headers.contains(where: { $0.name == "Impersonate-User" }) else {
            throw error("as", "is required by as-uid and as-groups")
        }
        return headers
    }

    private func plugin(_ exec: JSONValue, cluster: JSONValue) throws(ConfigurationError) -> ExecPlugin {
        let scope = KubeconfigScope(entry: Kubeconfig.Entry(value: exec, file: entry.file), field: field + ".exec")
        let apiVersion = try scope.string("apiVersion")
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(apiVersion) else {
            throw scope.error("apiVersion", "must be '\(versions[0])' or '\(versions[1])'")
        }
        guard try scope.optionalString("interactiveMode") != "Always" else {
            throw scope.error("interactiveMode", "'Always' needs a terminal, which this program does not offer")
        }
        var command = try scope.string("command")
        // As kubectl: a bare name is looked for in PATH, anything with a slash is relative to the kubeconfig.
        if command.utf8.contains(UInt8(ascii: "/")) {
            command = ConfigurationFile.resolve(command, besides: entry.file)
        }
        let (arguments, variables, wantsCluster) = try scope.read { reader throws(ObjectDecodingError) in
            (
                try reader.strings("args"),
                try reader.objects("env") { variable throws(ObjectDecodingError) in
                    (try variable.string("name"), try variable.stringOrEmpty("value"))
                }, try reader.bool("provideClusterInfo")
            )
        }
        return ExecPlugin(
            apiVersion: apiVersion, command: command, arguments: arguments,
            environment: Dictionary(variables, uniquingKeysWith: { $1 }),
            installHint: try scope.optionalString("installHint") ?? "",
            cluster: wantsCluster ? Self.describe(cluster) : nil)
    }

    /// A kubeconfig's cluster as plugins are told of it.
    private static func describe(_ cluster: JSONValue) -> JSONValue {
        var info: JSONValue = [:]
        for name in [
            "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url",
        ] {
            info[name] = cluster[name]
        }
        for item in cluster["extensions"]?.arrayValue ?? []
        where item["name"]?.stringValue == "client.authentication.k8s.io/exec" {
            info["config"] = item["extension"]
        }
        return info
    }
}
