import ControllerRuntime
import Core
import Cryptography
import Foundation
import KubernetesAPI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing

/// A verdict is kept as long as nothing that it rests on changes, and no longer.
@Suite struct VerdictTests {
    /// Where the store keeps what it knows of the object.
    private static let index = ".index/apps/app"

    /// A bench whose object is verified and stored.
    private static func withVerified(
        spec: JSONValue = [:], _ body: @escaping @Sendable (Workbench, KeyedSigner) async throws -> Void
    ) async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            try await bench.createSigned(signer, spec: spec)
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .yes)
            bench.registry.forgetExchanges()
            try await body(bench, signer)
        }
    }

    /// A reconcile after which the object is verified still.
    private static func reconcile(_ bench: Workbench) async throws {
        let before = try await bench.condition(ConditionType.sourceVerified)
        try await bench.reconcile()
        #expect(try await bench.condition(ConditionType.sourceVerified) == before)
        #expect(before?.status == .yes)
        #expect(try await bench.kstatus() == .current)
        #expect(bench.registry.downloads == bench.registry.exchanges.filter { $0.isBlob }.count)
    }

    /// Whatever else is wrong, a verdict on what nobody asks for any more must not be what `Ready` says.
    @Test func aRefusalGoesWithThePolicy() async throws {
        try await Self.withVerified { bench, _ in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .no)
            try await bench.change(spec: ["verify": .null, "url": .string("oci://\(bench.host)/team/app:1.0.0")])
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified) == nil)
            #expect(try await bench.condition(ConditionType.ready)?.reason == ConditionReason.urlInvalid)
        }
    }

    @Test func anUnchangedPollAsksForNoSignature() async throws {
        try await Self.withVerified { bench, _ in
            try await Self.reconcile(bench)
            #expect(bench.registry.exchanges.map(\.method) == ["HEAD"], "\(bench.registry.exchanges)")
        }
    }

    @Test func aRestartAsksForNoSignature() async throws {
        try await Self.withVerified { bench, _ in
            try await bench.restart()
            try await Self.reconcile(bench)
            #expect(bench.registry.exchanges.map(\.method) == ["HEAD"], "\(bench.registry.exchanges)")
        }
    }

    /// With a digest in the spec nothing is asked at all.
    @Test func aRestartWithADigestAsksNothing() async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "signed"]))
            bench.registry.sign(digest, [try signer.layer(of: digest)])
            try await bench.createSecret("keys", ["cosign.pub": signer.publicKey], isSecret: false)
            try await bench.create(
                "app",
                ["ref": ["digest": .string(digest.description)], "verify": ["secretRef": ["name": "keys"]]])
            try await bench.reconcile()
            bench.registry.forgetExchanges()
            try await bench.restart()
            try await Self.reconcile(bench)
            #expect(bench.registry.exchanges.isEmpty, "\(bench.registry.exchanges)")
        }
    }

    @Test func anotherPolicyIsAnotherVerdict() async throws {
        try await Self.withVerified { bench, signer in
            // One key more: the signature still counts, but that has to be found out.
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
            try await bench.createSecret(
                "keys", ["a.pub": try KeyedSigner().publicKey, "b.pub": signer.publicKey], isSecret: false)
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests > 0)
        }
    }

    @Test func anotherVersionOfTheProgramVerifiesAnew() async throws {
        try await Self.withVerified { bench, _ in
            try await bench.restart { $0.softwareVersion = "2" }
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests > 0)
        }
    }

    /// What somebody or something did to the record.
    static let damages: [(name: String, change: @Sendable (String) -> String)] = [
        (
            "another requirement",
            { $0.replacingOccurrences(of: #"requirement\":\"sha256:"#, with: #"requirement\":\"sha256:0"#) }
        ),
        ("another signer", { $0.replacingOccurrences(of: "signed by key", with: "signed by kez") }),
        ("no checksum", { $0.replacingOccurrences(of: "checksum", with: "checksun") }),
        ("no end", { $0.replacingOccurrences(of: #",\"validUntil\":null"#, with: "") }),
        ("a note that is no JSON", { $0.replacingOccurrences(of: #""note":"[{"#, with: #""note":"[["#) }),
        ("another format", { $0.replacingOccurrences(of: #"\"format\":2"#, with: #"\"format\":1"#) }),
        ("cut off", { String($0.prefix($0.count / 2)) }),
        ("no note", { $0.replacingOccurrences(of: #""note":"#, with: #""nope":"#) }),
    ]

    @Test(arguments: damages.indices)
    func aDamagedRecordIsNoVerdict(_ index: Int) async throws {
        let damage = Self.damages[index]
        try await Self.withVerified { bench, _ in
            let record = String(decoding: try bench.folder.read(Self.index), as: UTF8.self)
            let changed = damage.change(record)
            try #require(changed != record, "\(damage.name) changes nothing in \(record)")
            try bench.folder.write(changed, to: Self.index)
            try await bench.restart()
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests > 0, "\(damage.name)")
        }
    }

    // MARK: - Who signed

    /// Conditions tell people, annotations tell programs; what was remembered tells the same as what was verified.
    @Test(arguments: [false, true])
    func eventsTellWhoSigned(isRemembered: Bool) async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let digest = try await bench.createSigned(signer)
            if isRemembered {
                bench.registry.misbehave { exchange in
                    exchange.isBlob && exchange.path.hasSuffix("\(Digest.of(TarArchive.layer(["a": "signed"])))")
                        ? .html(500) : nil
                }
                try await bench.reconcile()
                #expect(try await bench.condition(ConditionType.fetchFailed)?.status == .yes)
                bench.registry.misbehave(nil)
                bench.events.forget()
                bench.registry.forgetExchanges()
            }
            try await bench.reconcile()
            #expect((bench.signatureRequests == 0) == isRemembered)
            let fingerprint = "\(signer.key.publicKey.fingerprint)"
            let condition = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(
                condition.message
                    == "verified signature of revision 1.0.0@\(digest), signed by key \(fingerprint) (bundle)")
            let event = try #require(bench.events.all.first)
            #expect(event.reason == "NewArtifact")
            #expect(event.annotations["source.toolkit.fluxcd.io/signature-key"] == fingerprint)
            #expect(event.annotations["source.toolkit.fluxcd.io/revision"] == "1.0.0@\(digest)")
            #expect(event.annotations.count == 3, "\(event.annotations)")
        }
    }

    @Test func eventsTellIdentityAndLogIndex() async throws {
        try await Workbench.run { bench in
            let digest = try await Self.keyless(bench)
            try await bench.reconcile()
            let condition = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(
                condition.message
                    == "verified signature of revision 1.0.0@\(digest), signed by identity '\(BundleRecipe.identity)' by '\(BundleRecipe.issuer)' (bundle, log index 1003)"
            )
            let annotations = try #require(bench.events.all.first).annotations
            let prefix = "source.toolkit.fluxcd.io/signature-"
            #expect(annotations["\(prefix)subject"] == BundleRecipe.identity)
            #expect(annotations["\(prefix)issuer"] == BundleRecipe.issuer)
            #expect(annotations["\(prefix)log-index"] == "1003")
        }
    }

    // MARK: - Trusted roots

    /// An object that asks for a certificate's signature, with a trusted root in the Secret `root`.
    static func keyless(_ bench: Workbench, matchers: JSONValue? = nil, root: JSONValue? = nil) async throws -> Digest {
        let instance = try SigstoreInstance.shared.get()
        let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "keyless"]))
        var recipe = try BundleRecipe(instance)
        recipe.state(digest)
        bench.registry.refer(to: digest, bundle: try recipe.bundle().serialized())
        let text = String(decoding: (root ?? instance.trustedRoot).serialized(), as: UTF8.self)
        try await bench.createSecret("root", ["trusted_root.json": text], isSecret: false)
        let own: JSONValue = [
            [
                "issuer": "^https://token\\.actions\\.githubusercontent\\.com$",
                "subject": "^https://github\\.com/org/repo/",
            ]
        ]
        try await bench.create(
            "app",
            ["verify": ["trustedRootSecretRef": ["name": "root"], "matchOIDCIdentity": matchers ?? own]])
        return digest
    }

    @Test func anotherTrustedRootIsAnotherVerdict() async throws {
        try await Workbench.run { bench in
            _ = try await Self.keyless(bench)
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .yes)
            bench.registry.forgetExchanges()
            // A root that no longer has the authority.
            var root = try SigstoreInstance.shared.get().trustedRoot
            root["certificateAuthorities"] = []
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/root")
            try await bench.createSecret(
                "root", ["trusted_root.json": String(decoding: root.serialized(), as: UTF8.self)], isSecret: false)
            try await bench.reconcile()
            let condition = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(condition.status == .no)
            #expect(condition.message.contains("the trusted root names no certificate authority"), "\(condition)")
            #expect(bench.signatureRequests > 0)
        }
    }

    /// Where the trusted root's own end comes, the verdict is made anew, after a restart too.
    @Test func verdictsEndWithTheTrustedRootsWindows() async throws {
        try await Workbench.run { bench in
            var root = try SigstoreInstance.shared.get().trustedRoot
            let end = bench.time.now + .seconds(600)
            var logs = root["tlogs"]?.arrayValue ?? []
            logs[1]["publicKey"]?["validFor"]?["end"] = .string(end.rfc3339)
            root["tlogs"] = .array(logs)
            _ = try await Self.keyless(bench, root: root)
            try await bench.reconcile()
            bench.registry.forgetExchanges()
            bench.time.advance(by: .seconds(590))
            try await bench.restart()
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests == 0)
            bench.time.advance(by: .seconds(20))
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests > 0, "the verdict outlived what it rests on")
            // The next end is that of the other windows, in 2030.
            bench.registry.forgetExchanges()
            bench.time.advance(by: .seconds(3600))
            try await Self.reconcile(bench)
            #expect(bench.signatureRequests == 0)
        }
    }
}
