import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import TestPKI
import TestSupport
import Testing

@Suite(
    "sourcectl verify artifact --trust-policy",
    .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct NotationCommandTests {
    @Test("Notation signatures are judged by the trust policy; what is only logged is told")
    func notation() async throws {
        let registry = try await DockerRegistry()
        let name = "\(registry.address)/team/app"
        try await Publisher.publish(Array("layer".utf8), at: name, tag: "1")
        let repository = RegistryClient(http: CurlClient())
            .repository(try RepositoryReference(parsing: name), access: RegistryAccess())
        let subject = try await repository.fetchManifest(.tag("1")).descriptor
        let recipe = try NotationRecipe(
            NotationKeys(), .jws, mediaType: subject.mediaType.description, digest: subject.digest,
            size: Int(subject.size))
        let envelope = try recipe.envelope()
        let config = Array("{}".utf8)
        let signature = ImageManifest(
            artifactType: "application/vnd.cncf.notary.signature",
            config: Descriptor(mediaType: .ociEmpty, digest: .of(config), size: 2),
            layers: [
                Descriptor(
                    mediaType: MediaType(recipe.format.rawValue), digest: .of(envelope), size: Int64(envelope.count))
            ], subject: subject)
        try await repository.push(signature.config, content: .bytes(config))
        try await repository.push(signature.layers[0], content: .bytes(envelope))
        let (_, mode) = try await repository.push(referrer: signature)
        #expect(mode == .tag("sha256-\(subject.digest.hex)"))

        let folder = try TemporaryDirectory()
        try folder.write(recipe.root().pem, to: "ca.acme.crt")
        func verify(_ level: JSONValue, identity: String = "*") async throws -> SourcectlRun {
            let policy: JSONValue = [
                "version": "1.0",
                "trustPolicies": [
                    [
                        "name": "tests", "registryScopes": ["*"], "signatureVerification": ["level": level],
                        "trustStores": level == "skip" ? [] : ["ca:acme"],
                        "trustedIdentities": level == "skip" ? [] : [.string(identity)],
                    ]
                ],
            ]
            try folder.write(policy.serialized(), to: "policy.json")
            return await SourcectlRun([
                "verify", "artifact", "oci://\(name):1", "--trust-policy", folder.file("policy.json"),
                "--trust-certificate", folder.file("ca.acme.crt"),
            ])
        }
        // The level that only logs what depends on today's date and on other servers.
        let verified = try await verify("permissive")
        #expect(verified.code == 0 && verified.progress.contains("level permissive"), "\(verified.progress)")
        let refused = try await verify("permissive", identity: "x509.subject: C=US, ST=WA, O=Other")
        #expect(refused.code == 1 && refused.progress.contains("refused: no signature of"), "\(refused.progress)")
        let skipped = try await verify("skip")
        #expect(skipped.code == 1 && skipped.progress.contains("not verified: "), "\(skipped.progress)")
    }
}
