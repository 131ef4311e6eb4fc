import Core
import Foundation
import TestSupport
import Testing

/// Signatures are looked up the way the object's content is: with its credentials, its certificates and its proxy.
@Suite(.serialized) struct SignatureAccessTests {
    private static let repository = "manifests/podinfo"

    /// Publishes content that `signer` signs, and creates the Secret with its key.
    private static func publish(
        _ registry: DockerRegistry, _ stand: Stand, skopeo: [String], scheme: String = "http", curl: [String] = []
    ) async throws {
        let signer = try await OpenSSLSigner()
        let reference = "\(registry.address)/\(repository):1.0.0"
        try await IndependentPublisher.publish(["a.yaml": "a"], to: reference, arguments: skopeo)
        let inspected = try await CommandLineTool.run(
            "skopeo",
            ["inspect", "--format", "{{.Digest}}", "docker://\(reference)"]
                + skopeo.map { $0.replacingOccurrences(of: "--dest-", with: "--") })
        let digest = inspected.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(digest.hasPrefix("sha256:"), "\(inspected.errorOutput)")
        try await signer.sign(
            digest, with: try RegistryUpload(repository, on: registry.address, scheme: scheme, arguments: curl))
        try await RegistryAccessTests.secret(
            stand, "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
    }

    private static func manifest(_ registry: DockerRegistry, _ extra: String) -> String {
        RegistryAccessTests.manifest(registry, "\(extra)\n  verify: { secretRef: { name: cosign-pub } }")
    }

    private static func expectVerified(_ stand: Stand) async throws {
        try await stand.wait(for: "podinfo", "Ready", "True")
        try await stand.wait(for: "podinfo", "SourceVerified", "True", containing: "(simple signing)")
    }

    @Test func withItsCredentials() async throws {
        var protection = DockerRegistry.Protection()
        protection.login = ("user", "correct-horse")
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand()
        try await Self.publish(
            registry, stand, skopeo: ["--dest-tls-verify=false", "--dest-creds=user:correct-horse"],
            curl: ["-u", "user:correct-horse"])
        try await RegistryAccessTests.secret(
            stand, "docker-registry", "login", "--docker-server=\(registry.address)", "--docker-username=user",
            "--docker-password=correct-horse")
        try await stand.apply(Self.manifest(registry, "secretRef: { name: login }"))
        try await Self.expectVerified(stand)
        #expect(!stand.log.contains("correct-horse"))
    }

    @Test func withItsCertificates() async throws {
        let certificates = try await TestCertificates()
        var protection = DockerRegistry.Protection()
        protection.certificates = certificates
        protection.requiresClientCertificate = true
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand(arguments: ["--registry-plain-http-for-private-hosts=false"])
        let folder = try TemporaryDirectory()
        try folder.write(certificates.authority.certificate, to: "ca.crt")
        try folder.write(certificates.client.certificate, to: "client.cert")
        try folder.write(certificates.client.key, to: "client.key")
        try await Self.publish(
            registry, stand, skopeo: ["--dest-cert-dir=\(folder.path)"], scheme: "https",
            curl: [
                "--cacert", certificates.authority.certificatePath, "--cert", certificates.client.certificatePath,
                "--key", certificates.client.keyPath,
            ])
        try await RegistryAccessTests.secret(
            stand, "generic", "client", "--from-file=ca.crt=\(certificates.authority.certificatePath)",
            "--from-file=tls.crt=\(certificates.client.certificatePath)",
            "--from-file=tls.key=\(certificates.client.keyPath)")
        try await stand.apply(Self.manifest(registry, "certSecretRef: { name: client }"))
        try await Self.expectVerified(stand)
    }

    @Test func throughItsProxy() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let proxy = try await ForwardProxy()
        try await Self.publish(registry, stand, skopeo: ["--dest-tls-verify=false"])
        try await RegistryAccessTests.secret(
            stand, "generic", "proxy", "--from-literal=address=http://\(proxy.address)")
        try await stand.apply(Self.manifest(registry, "proxySecretRef: { name: proxy }"))
        try await Self.expectVerified(stand)
        // What the proxy saw, in its own words.
        for part in ["/v2/\(Self.repository)/referrers/sha256:", ".sig", "/blobs/sha256:"] {
            #expect(proxy.log.contains(part), "'\(part)' did not go through the proxy: \(proxy.log)")
        }
    }
}
