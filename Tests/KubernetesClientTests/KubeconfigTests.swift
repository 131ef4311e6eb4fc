import Core
import Foundation
import HTTPTransport
import KubernetesClient
import TestSupport
import Testing

@Suite struct KubeconfigTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func file(_ name: String, _ text: String) throws -> String {
        try folder.write(text, to: name)
    }

    private func config(
        cluster: String = "{server: 'https://host:6443/'}", user: String = "{}", context: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: main
        clusters: [{name: c, cluster: \(cluster)}]
        users: [{name: u, user: \(user)}]
        contexts: [{name: main, context: {cluster: c, user: u\(context)}}]
        """
    }

    private func load(_ text: String, context: String? = nil) throws -> ClientConfiguration {
        try ClientConfiguration.load(
            kubeconfig: try file("config", text), context: context, environment: [:])
    }

    @Test func theSimplestOne() throws {
        let configuration = try load(config(context: ", namespace: apps"))
        #expect(configuration.server == "https://host:6443")
        #expect(configuration.namespace == "apps")
        #expect(configuration.tls == TLSPolicy())
        guard case .none = configuration.authentication else {
            Issue.record("expected no credentials")
            return
        }
    }

    @Test func tokensAndPasswords() throws {
        guard case .token(let token) = try load(config(user: "{token: secret}")).authentication else {
            Issue.record("expected a token")
            return
        }
        #expect(token.revealed == "secret")
        guard case .basic(let name, let password) = try load(config(user: "{username: u, password: p}")).authentication
        else {
            Issue.record("expected a password")
            return
        }
        #expect(name == "u" && password.revealed == "p")
    }

    @Test func pathsAreRelativeToTheirFile() throws {
        try folder.write("secret\n", to: "sub/token")
        let path = try file("sub/config", config(user: "{tokenFile: token, token: other}"))
        let configuration = try ClientConfiguration.load(kubeconfig: path, environment: [:])
        guard case .tokenFile(let found) = configuration.authentication else {
            Issue.record("expected a token file")
            return
        }
        #expect(found == folder.file("sub/token"))
    }

    @Test func certificatesInlineAndFromFiles() async throws {
        let made = try await CommandLineTool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem",
                "-out", "cert.pem", "-subj", "/CN=me",
            ], directory: folder.path)
        try #require(made.status == 0)
        let other = try await CommandLineTool.run(
            "openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.pem"],
            directory: folder.path)
        try #require(other.status == 0)
        let certificate = Data(try folder.read("cert.pem")).base64EncodedString()
        let key = Data(try folder.read("key.pem")).base64EncodedString()
        for user in [
            "{client-certificate: cert.pem, client-key: key.pem}",
            "{client-certificate-data: \(certificate), client-key-data: \(key)}",
            "{client-certificate: cert.pem, client-key-data: \(key), client-key: nowhere}",
        ] {
            let configuration = try load(
                config(
                    cluster: "{server: 'https://h', certificate-authority: cert.pem, tls-server-name: other}",
                    user: user))
            #expect(configuration.tls.identity != nil)
            #expect(configuration.tls.additionalRoots == (try folder.read("cert.pem")))
            #expect(configuration.tls.replacesSystemRoots)
            #expect(configuration.tls.serverName == "other")
        }
        for (user, expected) in [
            ("{client-certificate: cert.pem, client-key: other.pem}", "users[u].user.client-key"),
            ("{client-certificate: key.pem, client-key: key.pem}", "users[u].user.client-certificate"),
            ("{client-certificate: cert.pem}", "users[u].user.client-certificate: needs client-key"),
            ("{client-key-data: \(key)}", "users[u].user.client-key-data: needs client-certificate"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { _ = try load(config(user: user)) }
            #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        }
    }

    @Test func proxiesAndUncheckedTLS() throws {
        let configuration = try load(
            config(cluster: "{server: 'https://h', insecure-skip-tls-verify: true, proxy-url: 'socks5://p:1080'}"))
        #expect(configuration.tls.verification == .none)
        guard case .server(let proxy) = configuration.proxy else {
            Issue.record("expected a proxy")
            return
        }
        #expect(proxy.description == "socks5://p:1080")
    }

    @Test func impersonation() throws {
        let configuration = try load(config(user: "{token: t, as: jane, as-groups: [a, b]}"))
        #expect(
            configuration.impersonation.map { "\($0.name)=\($0.value)" } == [
                "Impersonate-User=jane", "Impersonate-Group=a", "Impersonate-Group=b",
            ])
    }

    @Test func execPlugins() throws {
        let user = """
            {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [a], env: [{name: X, value: z}],
             interactiveMode: IfAvailable, provideClusterInfo: true, installHint: get it}}
            """
        guard case .exec(let plugin) = try load(config(user: user)).authentication else {
            Issue.record("expected a plugin")
            return
        }
        #expect(plugin.command == folder.file("./login"))
        #expect(plugin.arguments == ["a"])
        #expect(plugin.environment == ["X": "z"])
        #expect(plugin.cluster?["server"] == "https://host:6443/")
    }

    @Test func severalFilesAreMergedFirstOneWins() throws {
        let first = try file(
            "one",
            "clusters: [{name: c, cluster: {server: 'https://one'}}]\ncontexts: [{name: x, context: {cluster: d}}]")
        let second = try file(
            "two",
            """
            current-context: x
            clusters: [{name: c, cluster: {server: 'https://two'}}, {name: d, cluster: {server: 'https://dee'}}]
            contexts: [{name: x, context: {cluster: c}}, {name: second, context: {cluster: c}}]
            """)
        let environment = ["KUBECONFIG": "\(first):\(folder.file("missing")):\(second)"]
        #expect(try ClientConfiguration.load(environment: environment).server == "https://dee")
        #expect(try ClientConfiguration.load(context: "second", environment: environment).server == "https://one")
    }

    @Test(
        arguments: [
            ("kind: Pod\n", "kind: must be 'Config'"), ("- a\n", "is not a kubeconfig"),
            ("a: b: c\n", "line 1, column 5"), ("clusters: 5\n", "clusters: must be a list"),
            ("clusters: [{cluster: {}}]\n", "clusters[0].name: is required"), ("{}\n", "current-context: is not set"),
            ("current-context: x\n", "contexts[x]: there is no context"),
            (
                "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n",
                "contexts[x].context.cluster: there is no cluster 'c'"
            ),
            (
                "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
                    + "clusters: [{name: c, cluster: {server: 'https://h'}}]\n",
                "contexts[x].context.user: there is no user 'u'"
            ), ("current-context: x\ncontexts: [{name: x}]\n", "contexts[x].context.cluster: is required"),
        ])
    func faultsOfTheFileNameItAndTheField(_ text: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(folder.file("config")) == true)
    }

    @Test(
        arguments: [
            ("{}", "server: is required"), ("{server: 'host:1'}", "server: must start with"),
            ("{server: 'https://u:p@h'}", "server: must be a URL"), ("{server: 'https://'}", "server: must"),
            ("{server: 'https://h', certificate-authority: nowhere}", "certificate-authority: the file does not exist"),
            ("{server: 'https://h', certificate-authority-data: '!'}", "certificate-authority-data: is not base64"),
            ("{server: 'https://h', certificate-authority-data: YQ==}", "certificate-authority-data: holds no usable"),
            ("{server: 'https://h', certificate-authority-data: YQ==, insecure-skip-tls-verify: true}", "together"),
            ("{server: 'https://h', proxy-url: 'ftp://x'}", "proxy-url: "),
            ("{server: 'https://h', insecure-skip-tls-verify: 1}", "insecure-skip-tls-verify: must be a boolean"),
        ])
    func faultsOfTheCluster(_ cluster: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try load(config(cluster: cluster)) }
        #expect(error?.description.contains("clusters[c].cluster.\(expected)") == true || expected == "together")
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            ("{tokenFile: nowhere}", "tokenFile: the file does not exist"), ("{token: 5}", "token: must be a string"),
            ("{auth-provider: {name: gcp}}", "auth-provider: is no longer supported"),
            ("{as-groups: [x]}", "as: is required"), ("{exec: {command: x}}", "exec.apiVersion: is required"),
            ("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}", "exec.apiVersion: must be"),
            ("{exec: {apiVersion: client.authentication.k8s.io/v1}}", "exec.command: is required"),
            (
                "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}",
                "exec.interactiveMode: 'Always' needs a terminal"
            ), ("{token: verysecret, exec: {}}", "exec: cannot be used together"),
        ])
    func faultsOfTheUser(_ user: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try load(config(user: user)) }
        #expect(error?.description.contains("users[u].user.\(expected)") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("verysecret") == false)
    }

    @Test func otherUsersMayBeBroken() throws {
        let text = config(user: "{token: t}").replacingOccurrences(
            of: "users: [", with: "users: [{name: v, user: {tokenFile: nowhere}}, ")
        #expect(throws: Never.self) { _ = try load(text) }
    }

    @Test func inACluster() async throws {
        let made = try await CommandLineTool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem",
                "-out", "ca.crt", "-subj", "/CN=ca",
            ], directory: folder.path)
        try #require(made.status == 0)
        try folder.write("secret", to: "token")
        try folder.write("flux-system", to: "namespace")
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        let configuration = try ClientConfiguration.load(environment: environment, serviceAccountFolder: folder.path)
        #expect(configuration.server == "https://[fd00::1]:443")
        #expect(configuration.namespace == "flux-system")
        #expect(configuration.tls.replacesSystemRoots)
        guard case .tokenFile = configuration.authentication else {
            Issue.record("expected a token file")
            return
        }
        try folder.write("", to: "ca.crt")
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ClientConfiguration.load(environment: environment, serviceAccountFolder: folder.path)
        }
        #expect(error?.file == folder.file("ca.crt"))
    }

    @Test func nothingAnywhere() throws {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ClientConfiguration.load(environment: ["HOME": folder.path])
        }
        #expect(error?.file == folder.file(".kube/config"))
        #expect(throws: ConfigurationError.self) {
            _ = try ClientConfiguration.load(environment: ["KUBECONFIG": folder.file("missing")])
        }
    }
}
