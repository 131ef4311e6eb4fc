import Core
import Foundation
import TestSupport
import Testing

/// Secrets that are missing, wrong and repaired, with `kubectl` and real registries and proxies. No try of the objects' own
/// comes in the time of a test: what heals them is the watch on the Secrets.
@Suite(.serialized) struct SecretTests {
    private static func stand() async throws -> Stand {
        try await Stand(arguments: ["--min-retry-delay=1h", "--max-retry-delay=1h"])
    }

    private static func registry(login: (user: String, password: String)? = nil) async throws -> DockerRegistry {
        var protection = DockerRegistry.Protection()
        protection.login = login
        let registry = try await DockerRegistry(protection)
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false"] + (login.map { ["--dest-creds=\($0.user):\($0.password)"] } ?? []))
        return registry
    }

    private static func pullSecret(
        _ stand: Stand, _ name: String, server: String, password: String
    ) async throws {
        try await RegistryAccessTests.secret(
            stand, "docker-registry", name, "--docker-server=\(server)", "--docker-username=user",
            "--docker-password=\(password)")
    }

    /// Replaces values of a Secret in place.
    private static func change(_ stand: Stand, _ name: String, _ values: [String: [UInt8]]) async throws {
        let data = values.mapValues { JSONValue.string(Data($0).base64EncodedString()) }
        let patch = (["data": .object(data)] as JSONValue).text()
        let outcome = try await stand.kubectl("patch", "secret", name, "--type=merge", "-p", patch)
        guard outcome.status == 0 else { throw StandFailure(description: outcome.errorOutput) }
    }

    @Test func aMissingSecretIsNamedAndHealsWhenItComes() async throws {
        let registry = try await Self.registry(login: ("user", "correct-horse"))
        let stand = try await Self.stand()
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing: "Secret 'default/login' of spec.secretRef does not exist; create it or correct the name",
            reason: "AuthenticationFailed")
        try await Self.pullSecret(stand, "login", server: registry.address, password: "correct-horse")
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test func aRotatedPasswordHealsAtOnce() async throws {
        let registry = try await Self.registry(login: ("user", "correct-horse"))
        let stand = try await Self.stand()
        try await Self.pullSecret(stand, "login", server: registry.address, password: "wrong-battery")
        try await stand.apply(RegistryAccessTests.manifest(registry, "secretRef: { name: login }"))
        try await stand.wait(for: "podinfo", "Ready", "False", containing: "the credentials of Secret 'default/login'")
        let configuration = #"{"auths":{"\#(registry.address)":{"username":"user","password":"correct-horse"}}}"#
        try await Self.change(stand, "login", [".dockerconfigjson": Array(configuration.utf8)])
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test func aServiceAccountBringsSeveralPullSecrets() async throws {
        let registry = try await Self.registry(login: ("user", "correct-horse"))
        let stand = try await Self.stand()
        try await Self.pullSecret(stand, "elsewhere", server: "ghcr.io", password: "elsewhere-password")
        // The host alone fits, too, but the path fits better.
        try await Self.pullSecret(stand, "host", server: registry.address, password: "wrong-battery")
        try await stand.apply(
            """
            apiVersion: v1
            kind: ServiceAccount
            metadata: { name: puller, namespace: default }
            imagePullSecrets: [{ name: elsewhere }, { name: host }, { name: path }]
            """)
        try await stand.apply(RegistryAccessTests.manifest(registry, "serviceAccountName: puller"))
        try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing: "Secret 'default/path' of service account 'puller' does not exist",
            reason: "AuthenticationFailed")
        try await Self.pullSecret(
            stand, "path", server: "\(registry.address)/manifests", password: "correct-horse")
        try await stand.wait(for: "podinfo", "Ready", "True")
        for word in ["elsewhere-password", "wrong-battery", "correct-horse"] { #expect(!stand.log.contains(word)) }
    }

    @Test func aClientCertificateOfNobodyIsRefusedUntilItIsReplaced() async throws {
        let certificates = try await TestCertificates()
        let stranger = try await TestCertificates()
        var protection = DockerRegistry.Protection()
        protection.certificates = certificates
        protection.requiresClientCertificate = true
        let registry = try await DockerRegistry(protection)
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0", presenting: certificates)
        let stand = try await Self.stand()
        try await RegistryAccessTests.secret(
            stand, "generic", "tls", "--from-file=ca.crt=\(certificates.authority.certificatePath)")
        try await stand.apply(RegistryAccessTests.manifest(registry, "certSecretRef: { name: tls }"))
        let refused = try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing: "asked for a client certificate")
        let quote = Quote(
            #"tls: 127.0.0.1:5055 asked for a client certificate and ended the connection; add tls.crt and tls.key in certSecretRef"#
        )
        #expect(quote.matches(stand.message(of: refused)), "\(stand.message(of: refused))")
        // One that another authority signed.
        try await Self.change(
            stand, "tls", ["tls.crt": stranger.client.certificate, "tls.key": stranger.client.key])
        let refusedAgain = try await stand.wait(
            for: "podinfo", "Ready", "False", containing: "when it was shown the client certificate")
        let secondQuote = Quote(
            #"tls: 127.0.0.1:5055 ended the connection when it was shown the client certificate; check that it trusts the CA of tls.crt in certSecretRef, and that tls.crt has not expired"#
        )
        #expect(secondQuote.matches(stand.message(of: refusedAgain)), "\(stand.message(of: refusedAgain))")
        try await Self.change(
            stand, "tls", ["tls.crt": certificates.client.certificate, "tls.key": certificates.client.key])
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test(arguments: [
        // tinyproxy says 401, not 407.
        ("http", Quote(#"proxy http://127.0.0.1:5056 wants other credentials (401); check username and password"#)),
        ("socks5", Quote(#"proxy socks5://127.0.0.1:5056 wants other credentials; check username and password"#)),
    ])
    func aProxyThatRefusesThePasswordSaysSo(scheme: String, quote: Quote) async throws {
        let registry = try await Self.registry()
        let stand = try await Self.stand()
        let port = try freePort()
        let folder = try TemporaryDirectory()
        try folder.write(
            """
            Port \(port)
            Listen 127.0.0.1
            Timeout 60
            MaxClients 20
            BasicAuth me secret-word

            """, to: "conf")
        let proxy =
            scheme == "http"
            ? try ChildProcess("/usr/bin/tinyproxy", ["-d", "-c", folder.file("conf")])
            : try ChildProcess(
                "/usr/bin/microsocks", ["-i", "127.0.0.1", "-p", "\(port)", "-u", "me", "-P", "secret-word"])
        defer { proxy.kill() }
        try await eventually("the proxy listens") {
            try await CommandLineTool.run("curl", ["-s", "http://127.0.0.1:\(port)"]).status != 7
        }
        try await RegistryAccessTests.secret(
            stand, "generic", "proxy", "--from-literal=address=\(scheme)://127.0.0.1:\(port)",
            "--from-literal=username=me", "--from-literal=password=wrong-battery")
        try await stand.apply(RegistryAccessTests.manifest(registry, "proxySecretRef: { name: proxy }"))
        let failed = try await stand.wait(
            for: "podinfo", "Ready", "False", containing: "wants other credentials", reason: "OCIArtifactPullFailed")
        #expect(quote.matches(stand.message(of: failed)), "\(stand.message(of: failed))")
        #expect(!failed.text().contains("wrong-battery"))
        try await Self.change(stand, "proxy", ["password": Array("secret-word".utf8)])
        try await stand.wait(for: "podinfo", "Ready", "True")
        for word in ["wrong-battery", "secret-word"] { #expect(!stand.log.contains(word)) }
    }
}
