import Core
import Cryptography
import Foundation
import TestPKI
import TestSupport
import Verification
import VerificationFixtures

/// Judging signatures that are in memory already, on one thread. What a registry adds is in the other figures.
enum Verifying {
    static func run(_ options: Options) async throws -> [Figure] {
        let peer = try await opensslVerifications()
        var figures: [Figure] = []
        for (name, verify) in try cases() {
            try await verify()
            let own = ProcessProbe(pid: ProcessInfo.processInfo.processIdentifier)
            let time = own.processorTime
            let begin = ContinuousClock.now
            let limit = begin + .seconds(options.isQuick ? 1 : 4)
            var count = 0
            while ContinuousClock.now < limit {
                for _ in 0..<20 { try await verify() }
                count += 20
            }
            let elapsed = (ContinuousClock.now - begin).inSeconds
            figures += [
                Figure(
                    scenario: "verification, \(name)", name: "verifications", value: Double(count) / elapsed,
                    unit: "/s",
                    reference: ("openssl speed ecdsap256, verify", peer)),
                Figure(
                    scenario: "verification, \(name)", name: "processor time for each",
                    value: (own.processorTime - time) / Double(count) * 1e6, unit: "us",
                    reference: ("openssl speed ecdsap256, verify", 1e6 / peer)),
            ]
        }
        return figures
    }

    private typealias Case = (name: String, verify: @Sendable () async throws -> Void)

    private static func cases() throws -> [Case] {
        let instance = try SigstoreInstance()
        let trust = try TrustedRoot(parsing: instance.trustedRoot.serialized())
        let identities = try SignaturePolicy(identities: BundleSetup.matchers)
        var all: [Case] = []
        for kind in kinds { all += try keyed(kind, instance) }
        for (name, kind) in [("v1", BundleRecipe.EntryKind.dsseV1), ("v2 and timestamp", .hashedV2)] {
            let bundle = try BundleRecipe(instance, kind).bundle().serialized()
            let artifact = SignedArtifact.digest(Digest.of("artifact"))
            all.append(
                (
                    "keyless bundle 0.3, Rekor \(name)",
                    {
                        _ = try BundleVerifier(policy: identities, trust: trust)
                            .verify(try Bundle(parsing: bundle), artifact: artifact)
                    }
                ))
        }
        all.append(
            try legacy("keyless '.sig' tag", LegacyRecipe(instance, digest: Digest.of("artifact")), identities, trust))
        for format in NotationRecipe.Format.allCases {
            let setup = try NotationSetup(format)
            let registry = MemoryRegistry()
            try setup.push(to: registry)
            let held = NotationCase(setup: setup, registry: registry)
            all.append(("Notation, \(format)", { _ = try await held.setup.verify(in: held.registry) }))
        }
        if let folder = ProcessInfo.processInfo.environment["SIGSTORE_CONFORMANCE_FIXTURES"],
            let corpus = try conformance(folder)
        {
            all.append(corpus)
        }
        return all
    }

    private static let kinds: [KeyKind] = [
        .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521), .rsa(bits: 3072), .ed25519,
    ]

    /// A setup is made of closures, and so not `Sendable`; one thread uses it.
    private struct NotationCase: @unchecked Sendable {
        let setup: NotationSetup
        let registry: MemoryRegistry
    }

    /// A bundle and a `.sig` tag by one key, without a log, as `spec.verify.secretRef` takes them.
    private static func keyed(_ kind: KeyKind, _ instance: SigstoreInstance) throws -> [Case] {
        var recipe = try BundleRecipe(instance)
        recipe.isKeyed = true
        recipe.signerKey = try PrivateKey.generate(kind)
        recipe.changeBundle = { $0.edit("verificationMaterial.tlogEntries", nil) }
        let bundle = try recipe.bundle().serialized()
        let policy = try SignaturePolicy(keys: [recipe.signerKey.publicKey])
        var tag = try LegacyRecipe(instance, digest: Digest.of("artifact"))
        tag.base.isKeyed = true
        tag.base.signerKey = recipe.signerKey
        return [
            (
                "keyed bundle, \(kind)",
                {
                    _ = try BundleVerifier(policy: policy, trust: nil)
                        .verify(try Bundle(parsing: bundle), artifact: .digest(Digest.of("artifact")))
                }
            ), try legacy("keyed '.sig' tag, \(kind)", tag, policy, nil),
        ]
    }

    /// From the tag on: its manifest is read too.
    private static func legacy(
        _ name: String, _ recipe: LegacyRecipe, _ policy: SignaturePolicy, _ trust: TrustedRoot?
    ) throws -> Case {
        let registry = MemoryRegistry()
        registry.addSignatures(of: recipe.digest, [try recipe.layer()])
        let verifier = CosignVerifier(policy: policy, trust: trust), digest = recipe.digest
        return (name, { _ = try await verifier.verify(digest, reference: "registry.test/repo", in: registry) })
    }

    /// A keyless bundle of the public instance, from the conformance corpus.
    private static func conformance(_ folder: String) throws -> Case? {
        func file(_ path: String) -> [UInt8]? {
            FileManager.default.contents(atPath: "\(folder)/\(path)").map(Array.init)
        }
        guard let bundle = file("happy-path-v0.3/bundle.sigstore.json"), let artifact = file("a.txt") else {
            return nil
        }
        var policy = try SignaturePolicy(identities: [
            IdentityMatcher(
                issuer: .exact("https://token.actions.githubusercontent.com"),
                subject: .exact(
                    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
                        + "extremely-dangerous-oidc-beacon.yml@refs/heads/main"))
        ])
        policy.statements = .any
        let trust = try TrustedRoot(
            parsing: file("happy-path-v0.3/trusted_root.json") ?? PublicGoodInstance.trustedRoot)
        let digest = SignedArtifact.digest(Digest.of(artifact)), accepted = policy
        return (
            "keyless bundle 0.3, conformance corpus",
            {
                _ = try BundleVerifier(policy: accepted, trust: trust).verify(
                    try Bundle(parsing: bundle), artifact: digest)
            }
        )
    }

    /// What one thread of OpenSSL does: the floor, as every kind above has at least one such signature in it.
    private static func opensslVerifications() async throws -> Double {
        let outcome = try await CommandLineTool.run("openssl", ["speed", "-seconds", "2", "ecdsap256"])
        let last = outcome.output.split(separator: "\n").last { $0.contains("nistp256") }
        guard let rate = last?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw BenchmarkFailure(description: "openssl speed: \(outcome.output)\(outcome.errorOutput)")
        }
        return rate
    }
}
