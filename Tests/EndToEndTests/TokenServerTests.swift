import Core
import Foundation
import TestSupport
import Testing

/// Debian's registry behind a token server, as the big public registries are.
@Suite(.serialized) struct TokenServerTests {
    /// A registry with one artifact of an independent publisher, and a controller that logs all it can.
    private static func setUp(_ tokens: TokenServer) async throws -> (DockerRegistry, Stand) {
        var protection = DockerRegistry.Protection()
        protection.tokens = tokens.authority
        let registry = try await DockerRegistry(protection)
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false", "--dest-creds=publisher:open-sesame"])
        return (registry, try await Stand(arguments: ["--log-level=debug"]))
    }

    private static func login(
        _ stand: Stand, _ registry: DockerRegistry, password: String, name: String = "login"
    ) async throws {
        try await RegistryAccessTests.secret(
            stand, "docker-registry", name, "--docker-server=\(registry.address)", "--docker-username=robot",
            "--docker-password=\(password)")
    }

    private static func server() async throws -> TokenServer {
        try await TokenServer(
            users: ["publisher": "open-sesame", "robot": "correct-horse"], identityToken: "refresh-me")
    }

    @Test func aPullSecretGetsATokenThatServesManyPolls() async throws {
        let tokens = try await Self.server()
        defer { tokens.stop() }
        let (registry, stand) = try await Self.setUp(tokens)
        try await stand.apply(RegistryAccessTests.manifest(registry, ""))
        let refused = try await stand.wait(
            for: "podinfo", "Ready", "False", containing: "HTTP 401: incorrect username or password; anonymous")
        let anonymous = Quote(
            #"HTTP 401: incorrect username or password; anonymous: the object names no secretRef and no serviceAccountName: check user name, password or token and its rights"#
        )
        #expect(anonymous.matches(stand.message(of: refused)))

        try await Self.login(stand, registry, password: "wrong-battery")
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        let failed = try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing: """
                HTTP 401: incorrect username or password; the credentials of Secret 'default/login' of spec.secretRef, \
                entry '\(registry.address)' were used: check user name, password or token and its rights
                """, reason: "OCIArtifactPullFailed")
        #expect(!failed.text().contains("wrong-battery"))
        let quote = Quote(
            #"HTTP 401: incorrect username or password; the credentials of Secret 'default/login' of spec.secretRef, entry '127.0.0.1:5051' were used: check user name, password or token and its rights"#
        )
        #expect(quote.matches(stand.message(of: failed)))
        #expect(tokens.grants(to: "robot") == 0)

        _ = try await stand.kubectl("delete", "secret", "login")
        try await Self.login(stand, registry, password: "correct-horse")
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(try await stand.artifactEntries(of: object).filter { !$0.hasSuffix("/") } == ["./a.yaml"])
        for _ in 0..<3 { try await stand.reconcile("podinfo") }
        #expect(tokens.grants(to: "robot") == 1, "\(tokens.exchanges)")
        let scopes = Set(tokens.exchanges.filter { $0.client == "robot" }.flatMap(\.scopes))
        #expect(scopes == ["repository:manifests/podinfo:pull"], "no more is asked for than is needed")
        for secret in tokens.tokens + ["wrong-battery", "correct-horse"] { #expect(!stand.log.contains(secret)) }
    }

    @Test func anIdentityTokenIsExchanged() async throws {
        let tokens = try await Self.server()
        defer { tokens.stop() }
        let (registry, stand) = try await Self.setUp(tokens)
        let configuration = #"{"auths":{"\#(registry.address)":{"identitytoken":"refresh-me"}}}"#
        try await RegistryAccessTests.secret(
            stand, "generic", "login", "--type=kubernetes.io/dockerconfigjson",
            "--from-literal=.dockerconfigjson=\(configuration)")
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(tokens.exchanges.contains { $0.method == "POST" && $0.client == "refresh_token" && $0.status == 200 })
        #expect(!stand.log.contains("refresh-me"))
    }

    @Test func anExpiredTokenIsReplaced() async throws {
        let tokens = try await Self.server()
        defer { tokens.stop() }
        tokens.changeLifetime(seconds: 1)
        let (registry, stand) = try await Self.setUp(tokens)
        try await Self.login(stand, registry, password: "correct-horse")
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        let before = tokens.grants(to: "robot")
        try await eventually("another token") {
            try await stand.reconcile("podinfo")
            return tokens.grants(to: "robot") > before
        }
        #expect(try await stand.events(of: "podinfo").allSatisfy { $0.type == "Normal" })
    }

    @Test func aTokenThatTheRegistryRefusesIsReplaced() async throws {
        let tokens = try await Self.server()
        defer { tokens.stop() }
        let (registry, stand) = try await Self.setUp(tokens)
        try await Self.login(stand, registry, password: "correct-horse")
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(tokens.grants(to: "robot") == 1)
        try await tokens.changeKey()
        try await registry.stop()
        try await registry.start()
        try await stand.reconcile("podinfo")
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(tokens.grants(to: "robot") == 2, "\(tokens.exchanges)")
        #expect(try await stand.events(of: "podinfo").allSatisfy { $0.type == "Normal" })
    }
}
