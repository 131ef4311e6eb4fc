import ControllerRuntime
import Core
import Cryptography
import KubernetesAPI
import OCI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing
import VerificationFixtures

/// Verdicts on Notary Project signatures: kept, ended and made anew by the same rules as cosign's.
@Suite struct NotationVerdictTests {
    private static func policy(level: String = "strict", organization: String = "Acme\\, Rockets") -> JSONValue {
        [
            "version": "1.0",
            "trustPolicies": [
                [
                    "name": "tests", "registryScopes": ["*"], "signatureVerification": ["level": .string(level)],
                    "trustStores": ["ca:acme"],
                    "trustedIdentities": [.string("x509.subject: C=US, ST=WA, O=\(organization)")],
                ]
            ],
        ]
    }

    /// Puts the policy and the signer's root into the Secret `notation`, in the place of what is there.
    private static func setPolicy(_ bench: Workbench, _ root: String, _ policy: JSONValue) async throws {
        _ = try? await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/notation")
        try await bench.createSecret(
            "notation",
            [
                "trustpolicy.json": String(decoding: policy.serialized(), as: UTF8.self),
                "ca.acme.crt": root,
            ], isSecret: false)
    }

    /// A bench whose object is stored under `policy`; the signature lives for ten minutes.
    private static func run(
        _ policy: JSONValue,
        _ body:
            @escaping @Sendable (Workbench, @escaping @Sendable (JSONValue) async throws -> Void) async throws -> Void
    ) async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "notation"]))
            var recipe = try NotationRecipe(
                try NotationSetup.keys.get(), .jws, mediaType: MediaType.ociManifest.description, digest: digest,
                size: bench.registry.manifest(digest).count)
            recipe.expiry = bench.time.now + .seconds(600)
            let envelope = try recipe.envelope()
            let config = Array("{}".utf8)
            let manifest = ImageManifest(
                artifactType: "application/vnd.cncf.notary.signature",
                config: Descriptor(
                    mediaType: .ociEmpty, digest: bench.registry.store(blob: config), size: Int64(config.count)),
                layers: [
                    Descriptor(
                        mediaType: "application/jose+json", digest: bench.registry.store(blob: envelope),
                        size: Int64(envelope.count))
                ])
            let stored = bench.registry.store(manifest: manifest.serialized())
            bench.registry.refer(
                to: digest,
                [bench.registry.descriptor(stored, artifactType: "application/vnd.cncf.notary.signature")])
            let root = try recipe.root().pem
            try await setPolicy(bench, root, policy)
            try await bench.create("app", ["verify": ["provider": "notation", "secretRef": ["name": "notation"]]])
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
            bench.registry.forgetExchanges()
            try await body(bench) { try await setPolicy(bench, root, $0) }
        }
    }

    @Test func verdictsEndWithTheSignature() async throws {
        try await Self.run(Self.policy()) { bench, _ in
            let before = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(before.status == .yes && before.message.hasSuffix("(notation), trust policy 'tests', level strict"))
            let annotations = try #require(bench.events.all.first).annotations
            #expect(annotations["source.toolkit.fluxcd.io/signature-certificate"]?.hasPrefix("sha256:") == true)
            #expect(annotations["source.toolkit.fluxcd.io/signature-subject"]?.contains("CN=signer") == true)

            bench.time.advance(by: .seconds(590))
            try await bench.restart()
            try await bench.reconcile()
            #expect(bench.signatureRequests == 0)
            #expect(try await bench.condition(ConditionType.sourceVerified) == before)

            bench.time.advance(by: .seconds(20))
            try await bench.reconcile()
            #expect(bench.signatureRequests > 0)
            let after = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(after.status == .no && after.message.contains("expired"), "\(after)")
        }
    }

    @Test func anEditedTrustPolicyIsAnotherVerdict() async throws {
        try await Self.run(Self.policy()) { bench, setPolicy in
            try await setPolicy(Self.policy(organization: "Somebody"))
            try await bench.reconcile()
            #expect(bench.signatureRequests > 0)
            let after = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(after.status == .no && after.message.contains("none of the 1 trusted identities"), "\(after)")
            try await setPolicy(Self.policy())
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .yes)
        }
    }

    /// That nothing has to be verified is remembered, too.
    @Test func levelSkipIsNoVerdict() async throws {
        try await Self.run(Self.policy(level: "skip")) { bench, _ in
            #expect(try await bench.condition(ConditionType.sourceVerified) == nil)
            #expect(try #require(bench.events.all.first).annotations.count == 2)
            try await bench.restart()
            try await bench.reconcile()
            #expect(bench.signatureRequests == 0)
            #expect(try await bench.condition(ConditionType.sourceVerified) == nil)
        }
    }
}
