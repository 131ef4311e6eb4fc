import Core
import Foundation
import TestSupport
import Testing

/// Registries behind TLS, client certificates, passwords and proxies, with content by an independent publisher.
@Suite(.serialized) struct RegistryAccessTests {
    static func manifest(_ registry: DockerRegistry, _ extra: String) -> String {
        """
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: { name: podinfo, namespace: default }
        spec:
          interval: 10m
          url: oci://\(registry.address)/manifests/podinfo
          ref: { tag: 1.0.0 }
          \(extra)
        """
    }

    static func secret(_ stand: Stand, _ arguments: String...) async throws {
        let outcome = try await CommandLineTool.run(
            Programs.kubectl, ["create", "secret"] + arguments,
            environment: ["KUBECONFIG": stand.folder.file("kubeconfig"), "HOME": stand.folder.path])
        guard outcome.status == 0 else { throw StandFailure(description: outcome.errorOutput) }
    }

    @Test func skopeosImagesAreRead() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await IndependentPublisher.publish(
            ["a.yaml": "a", "b c.yaml": "b"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false"])
        try await stand.apply(Self.manifest(registry, ""))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(
            try await stand.artifactEntries(of: object).filter { !$0.hasSuffix("/") } == ["./a.yaml", "./b c.yaml"])
    }

    @Test(arguments: [nil, ("user", "correct-horse")])
    func artifactsOfTheORASClientAreRead(login: (user: String, password: String)?) async throws {
        var protection = DockerRegistry.Protection()
        protection.login = login
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand()
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: folder.file("deploy/deep"), withIntermediateDirectories: true)
        let files = ["deploy/a.yaml": "a: 1\n", "deploy/deep/ünï cödé.yaml": "b: 2\n"]
        for (name, text) in files { try folder.write(text, to: name) }
        try folder.write("{}", to: "values.json")
        try await ORASPublisher.push(
            ["deploy:application/vnd.test.content.v1.tar+gzip", "values.json:application/vnd.test.values.v1+json"],
            in: folder, to: "\(registry.address)/manifests/podinfo:1.0.0",
            annotations: ["org.opencontainers.image.source": "https://git.test/app"], login: login)
        var extra = ""
        if let login {
            try await Self.secret(
                stand, "docker-registry", "login", "--docker-server=\(registry.address)",
                "--docker-username=\(login.user)", "--docker-password=\(login.password)")
            extra = "secretRef: { name: login }"
        }

        try await stand.apply(Self.manifest(registry, extra))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        let unpacked = try TemporaryDirectory()
        try unpacked.write(try await stand.artifact(of: object), to: "artifact")
        let listing = try await CommandLineTool.run("tar", ["-C", unpacked.path, "-xzf", unpacked.file("artifact")])
        #expect(listing.status == 0, "\(listing.errorOutput)")
        for (name, text) in files { #expect(try unpacked.read(name) == Array(text.utf8)) }
        #expect(
            object.member(at: "status", "artifact", "metadata", "org.opencontainers.image.source")?.stringValue
                == "https://git.test/app")

        // The other layer, as it is.
        try await stand.apply(
            Self.manifest(
                registry,
                "layerSelector: { mediaType: application/vnd.test.values.v1+json, operation: copy }\n  \(extra)"))
        let copied = try await eventually("the copied layer") {
            let object = try await stand.object("podinfo")
            let isCopied = object.member(at: "status", "observedLayerSelector", "operation")?.stringValue == "copy"
            return isCopied ? object : nil
        }
        #expect(try await stand.artifact(of: copied) == Array("{}".utf8))
    }

    @Test func aPasswordIsNeededAndTaken() async throws {
        var protection = DockerRegistry.Protection()
        protection.login = ("user", "correct-horse")
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand()
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false", "--dest-creds=user:correct-horse"])
        try await stand.apply(Self.manifest(registry, ""))
        try await stand.wait(for: "podinfo", "Ready", "False", containing: "401")
        // A wrong password first, then the right one: the object heals by itself.
        try await Self.secret(
            stand, "docker-registry", "login", "--docker-server=\(registry.address)", "--docker-username=user",
            "--docker-password=wrong-battery")
        try await stand.apply(Self.manifest(registry, "secretRef: { name: login }"))
        let failed = try await stand.wait(for: "podinfo", "Ready", "False", containing: "Secret 'default/login'")
        #expect(!failed.text().contains("wrong-battery"))
        _ = try await stand.kubectl("delete", "secret", "login")
        try await Self.secret(
            stand, "docker-registry", "login", "--docker-server=\(registry.address)", "--docker-username=user",
            "--docker-password=correct-horse")
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(!stand.log.contains("correct-horse") && !stand.log.contains("wrong-battery"))
    }

    @Test func aPrivateAuthorityIsTrustedOnlyWhenNamed() async throws {
        let certificates = try await TestCertificates()
        var protection = DockerRegistry.Protection()
        protection.certificates = certificates
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand(arguments: ["--registry-plain-http-for-private-hosts=false"])
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false"])
        try await stand.apply(Self.manifest(registry, ""))
        try await stand.wait(for: "podinfo", "Ready", "False", containing: "not trusted")
        try await Self.secret(
            stand, "generic", "authority", "--from-file=ca.crt=\(certificates.authority.certificatePath)")
        try await stand.apply(Self.manifest(registry, "certSecretRef: { name: authority }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test func insecureSkipsTheCertificateCheck() async throws {
        var protection = DockerRegistry.Protection()
        protection.certificates = try await TestCertificates()
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand()
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false"])
        try await stand.apply(Self.manifest(registry, "insecure: true"))
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test func aClientCertificateIsShown() async throws {
        let certificates = try await TestCertificates()
        var protection = DockerRegistry.Protection()
        protection.certificates = certificates
        protection.requiresClientCertificate = true
        let registry = try await DockerRegistry(protection)
        let stand = try await Stand()
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0", presenting: certificates)
        try await Self.secret(
            stand, "generic", "client", "--from-file=ca.crt=\(certificates.authority.certificatePath)",
            "--from-file=tls.crt=\(certificates.client.certificatePath)",
            "--from-file=tls.key=\(certificates.client.keyPath)")
        try await stand.apply(Self.manifest(registry, "certSecretRef: { name: client }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test(arguments: ForwardProxy.Kind.allCases)
    func aProxyIsUsed(kind: ForwardProxy.Kind) async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let proxy = try await ForwardProxy(kind)
        try await IndependentPublisher.publish(
            ["a.yaml": "a"], to: "\(registry.address)/manifests/podinfo:1.0.0",
            arguments: ["--dest-tls-verify=false"])
        var arguments = ["generic", "proxy", "--from-literal=address=\(kind.rawValue)://\(proxy.address)"]
        if kind == .socks5 {
            arguments += [
                "--from-literal=username=\(ForwardProxy.username)", "--from-literal=password=\(ForwardProxy.password)",
            ]
        }
        let outcome = try await CommandLineTool.run(
            Programs.kubectl, ["create", "secret"] + arguments,
            environment: ["KUBECONFIG": stand.folder.file("kubeconfig"), "HOME": stand.folder.path])
        try #require(outcome.status == 0)
        try await stand.apply(Self.manifest(registry, "proxySecretRef: { name: proxy }"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(proxy.log.contains(kind == .http ? registry.address : "connected to 127.0.0.1"), "\(proxy.log)")
        #expect(!stand.log.contains(ForwardProxy.password))
        // Without the proxy nothing goes: it is not merely tried first.
        proxy.stop()
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        try await stand.wait(for: "podinfo", "Ready", "False", containing: "proxy")
    }
}
