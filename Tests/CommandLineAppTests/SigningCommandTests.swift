import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing
import Verification

@Suite("sourcectl sign and verify", .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct SigningCommandTests {
    private static let password = ["COSIGN_PASSWORD": "hunter2"]

    /// A registry with an artifact, and a folder for keys.
    private struct Stage {
        let registry: DockerRegistry
        let folder: TemporaryDirectory
        let url: String

        init() async throws {
            registry = try await DockerRegistry()
            folder = try TemporaryDirectory()
            url = "oci://\(registry.address)/team/app:1"
            try folder.write("kind: A\n", to: "content/a.yaml")
            let pushed = await SourcectlRun([
                "push", "artifact", url, "--path", folder.file("content"), "--source", "s", "--revision", "r",
            ])
            #expect(pushed.code == 0, "\(pushed.progress)")
        }

        func sign(_ key: String, _ extra: String..., environment: [String: String] = [:]) async -> SourcectlRun {
            await SourcectlRun(["sign", "artifact", url, "--key", folder.file(key)] + extra, environment: environment)
        }

        func verify(_ keys: String...) async -> SourcectlRun {
            await SourcectlRun(["verify", "artifact", url] + keys.flatMap { ["--key", folder.file($0)] })
        }

        func openssl(_ arguments: String...) async throws {
            let outcome = try await CommandLineTool.run("openssl", arguments, directory: folder.path)
            #expect(outcome.status == 0, "\(outcome.errorOutput)")
        }

        /// A document under a tag, as another client reads it.
        func manifest(_ tag: String) async throws -> JSONValue {
            let outcome = try await CommandLineTool.run(
                "curl",
                [
                    "-fsS", "-H", "Accept: application/vnd.oci.image.index.v1+json", "-H",
                    "Accept: application/vnd.oci.image.manifest.v1+json",
                    "http://\(registry.address)/v2/team/app/manifests/\(tag)",
                ])
            return try JSONValue(parsing: outcome.stdout)
        }

        func digest() async throws -> String {
            Digest.of(try await manifest("1").serialized()).hex
        }
    }

    private func generate(_ folder: TemporaryDirectory, _ name: String = "cosign") async -> SourcectlRun {
        await SourcectlRun(
            ["generate-key-pair", "--output-key-prefix", folder.file(name)], environment: Self.password)
    }

    @Test("Key pair, push, sign, verify: without another tool")
    func workflow() async throws {
        let stage = try await Stage()
        #expect(await generate(stage.folder).code == 0)
        #expect(await generate(stage.folder, "other").code == 0)
        let unsigned = await stage.verify("cosign.pub")
        #expect(unsigned.code == 1)
        #expect(unsigned.progress.contains("it has neither a Sigstore bundle as a referrer nor the tag"))

        let signed = await stage.sign("cosign.key", environment: Self.password)
        #expect(signed.code == 0, "\(signed.progress)")
        let verified = await stage.verify("other.pub", "cosign.pub")
        #expect(verified.code == 0)
        let key = try PublicKey(pem: try stage.folder.read("cosign.pub"))
        #expect(verified.progress.contains("signed by key \(key.fingerprint) (bundle)"), "\(verified.progress)")
        let refused = await stage.verify("other.pub")
        #expect(refused.code == 1)
        #expect(refused.progress.contains("\n  - bundle sha256:"))
        #expect(refused.progress.contains("not signed with any of the accepted keys (tried ECDSA P-256 sha256:"))
        let keyless = await SourcectlRun([
            "verify", "artifact", stage.url, "--certificate-identity-regexp", "^x$", "--certificate-oidc-issuer=y",
        ])
        #expect(keyless.code == 1)
        #expect(keyless.progress.contains("but a certificate with an identity is expected"))

        // This registry has no referrers API: the fallback tag lists the signature.
        let index = try await stage.manifest("sha256-\(try await stage.digest())")
        let entries = try #require(index["manifests"]?.arrayValue)
        #expect(entries.count == 1)
        #expect(entries[0]["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json")
        let referrer = try await stage.manifest(entries[0]["digest"]?.stringValue ?? "")
        #expect(referrer.member(at: "subject", "digest") == .string("sha256:\(try await stage.digest())"))
        _ = await stage.sign("other.key", environment: Self.password)
        #expect(await stage.verify("other.pub").code == 0)
        #expect(await stage.verify("cosign.pub").code == 0)
    }

    @Test("With --legacy, signatures gather under one tag, each key's once")
    func legacy() async throws {
        let stage = try await Stage()
        _ = await generate(stage.folder)
        _ = await generate(stage.folder, "other")
        for name in ["cosign", "other", "cosign"] {
            let signed = await stage.sign("\(name).key", "--legacy", environment: Self.password)
            #expect(signed.code == 0, "\(signed.progress)")
        }
        let again = await stage.sign("other.key", "--legacy", environment: Self.password)
        #expect(again.progress.contains("was already signed with this key"))
        let image = try await stage.manifest("sha256-\(try await stage.digest()).sig")
        #expect(image["layers"]?.arrayValue?.count == 2)
        for name in ["cosign.pub", "other.pub"] {
            let verified = await stage.verify(name)
            #expect(verified.code == 0 && verified.progress.contains("(simple signing)"), "\(verified.progress)")
        }
        // What openssl says of the newest layer, by nothing but the registry's content.
        let layer = try #require(image["layers"]?.arrayValue?.last)
        let text = layer.member(at: "annotations", "dev.cosignproject.cosign/signature")?.stringValue ?? ""
        try stage.folder.write(Base64.decode(text) ?? [], to: "signature")
        let blob = try await CommandLineTool.run(
            "curl",
            [
                "-fsS",
                "http://\(stage.registry.address)/v2/team/app/blobs/\(layer["digest"]?.stringValue ?? "")",
            ])
        try stage.folder.write(blob.stdout, to: "payload")
        try await stage.openssl("dgst", "-sha256", "-verify", "other.pub", "-signature", "signature", "payload")
        // The same signature under another artifact's tag does not count for that one.
        #expect(
            try JSONValue(parsing: blob.stdout).member(at: "critical", "image", "docker-manifest-digest")
                == .string("sha256:\(try await stage.digest())"))
    }

    @Test("A tag with as many signatures as verifiers look at gets no other, nor does one that is something else")
    func fullTag() async throws {
        let stage = try await Stage()
        _ = await generate(stage.folder)
        let repository = RegistryClient(http: CurlClient()).repository(
            try RepositoryReference(parsing: "\(stage.registry.address)/team/app"), access: RegistryAccess())
        let digest = try await repository.fetchManifest(.tag("1")).descriptor.digest
        let tag = CosignVerifier.tag(of: digest)
        let other = try ArtifactSigner(key: try PrivateKey.generate(.ed25519))
            .simpleSignature(of: digest, repository: "x")
        var image = SignatureImage(adding: other, to: nil)
        for _ in 1..<SignatureImage.maximumLayers { image = SignatureImage(adding: other, to: image.manifest) }
        try await repository.push(SignatureImage.layer(other), content: .bytes(other.payload))
        try await repository.push(image.manifest.config, content: .bytes(image.config))
        try await repository.push(
            manifest: image.manifest.serialized(), mediaType: .ociManifest, reference: .tag(tag))
        let full = await stage.sign("cosign.key", "--legacy", environment: Self.password)
        #expect(full.code == 1 && full.progress.contains("has 64 signatures or more"), "\(full.progress)")
        try await repository.push(
            manifest: ImageIndex(manifests: []).serialized(), mediaType: .ociIndex, reference: .tag(tag))
        let foreign = await stage.sign("cosign.key", "--legacy", environment: Self.password)
        #expect(foreign.code == 1 && foreign.progress.contains("is no image; remove it"), "\(foreign.progress)")
    }

    @Test(
        "Keys of every kind and form sign",
        arguments: [
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["ecparam", "-name", "secp384r1", "-genkey"], ["genpkey", "-algorithm", "ED25519"],
            ["genrsa", "-traditional"],
        ])
    func keys(_ command: [String]) async throws {
        let stage = try await Stage()
        let made = try await CommandLineTool.run("openssl", command + ["-out", stage.folder.file("key.pem")])
        #expect(made.status == 0, "\(made.errorOutput)")
        try await stage.openssl("pkey", "-in", "key.pem", "-pubout", "-out", "key.pub")
        for extra in [[], ["--legacy"]] {
            let signed = await SourcectlRun(
                ["sign", "artifact", stage.url, "--key", stage.folder.file("key.pem")] + extra)
            #expect(signed.code == 0, "\(signed.progress)")
            #expect(await stage.verify("key.pub").code == 0)
        }
    }

    @Test("Passwords are asked for, and a wrong one is told")
    func passwords() async throws {
        let stage = try await Stage()
        let typed = await SourcectlRun(
            ["generate-key-pair", "--output-key-prefix", stage.folder.file("typed")], typing: ["geheim", "geheim"])
        #expect(typed.code == 0)
        let differing = await SourcectlRun(
            ["generate-key-pair", "--output-key-prefix", stage.folder.file("x")], typing: ["geheim", "gehiem"])
        #expect(differing.code == 1 && differing.progress.contains("the two passwords differ"))
        #expect(throws: (any Error).self) { try stage.folder.read("x.key") }
        let nobody = await stage.sign("typed.key")
        #expect(nobody.code == 1 && nobody.progress.contains("set COSIGN_PASSWORD to it"))
        let wrong = await stage.sign("typed.key", environment: ["COSIGN_PASSWORD": "hunter3"])
        #expect(wrong.code == 1)
        #expect(wrong.progress.contains("typed.key' cannot be used: the password does not open the private key"))
        #expect(!wrong.progress.contains("hunter3"))
        let asked = await SourcectlRun(
            ["sign", "artifact", stage.url, "--key", stage.folder.file("typed.key")], typing: ["geheim"])
        #expect(asked.code == 0 && asked.progress.contains("Password of '"), "\(asked.progress)")
        #expect(!asked.progress.contains("geheim"))
    }

    @Test("A key pair is private to its owner and never overwrites anything")
    func generation() async throws {
        let folder = try TemporaryDirectory()
        #expect(await generate(folder).code == 0)
        let modes = try await CommandLineTool.run(
            "stat", ["-c", "%a", folder.file("cosign.key"), folder.file("cosign.pub")])
        #expect(modes.output == "600\n644\n")
        let before = try folder.read("cosign.key")
        #expect(String(decoding: before, as: UTF8.self).hasPrefix("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"))
        let again = await generate(folder)
        #expect(again.code == 1 && again.progress.contains("cosign.key' exists and is not overwritten"))
        try folder.write("x", to: "half.pub")
        let half = await generate(folder, "half")
        #expect(half.code == 1 && half.progress.contains("half.pub' exists"))
        #expect(throws: (any Error).self) { try folder.read("half.key") }
        #expect(try folder.read("cosign.key") == before)
        let nowhere = await generate(folder, "missing/cosign")
        #expect(nowhere.code == 1 && nowhere.progress.contains("missing"))
    }

    @Test("Files that are no keys are named, with the reason")
    func faultyKeys() async throws {
        let stage = try await Stage()
        try stage.folder.write("nonsense", to: "nonsense")
        try stage.folder.write([UInt8](repeating: 0x41, count: 70_000), to: "huge")
        try await stage.openssl("genpkey", "-algorithm", "ED25519", "-out", "plain.pem")
        try await stage.openssl(
            "genpkey", "-algorithm", "ED25519", "-aes-256-cbc", "-pass", "pass:hunter2", "-out", "pkcs8.pem")
        try await stage.openssl("pkey", "-in", "plain.pem", "-pubout", "-out", "plain.pub")
        for (file, message) in [
            ("nonsense", "there is no PEM block in it"), ("huge", "has 70000 bytes, more than the limit of 65536"),
            ("plain.pub", "the PEM block is 'PUBLIC KEY'"), ("pkcs8.pem", "the private key is encrypted"),
            ("absent", "there is no file '\(stage.folder.file("absent"))'"), (".", "cannot open"),
        ] {
            let signed = await stage.sign(file)
            #expect(
                signed.code == (file == "absent" ? 2 : 1) && signed.progress.contains("--key: "), "\(signed.progress)")
            #expect(signed.progress.contains(message), "\(signed.progress)")
        }
        let verified = await stage.verify("plain.pem")
        #expect(verified.code == 1 && verified.progress.contains("the PEM block is 'PRIVATE KEY'"))
    }
}
