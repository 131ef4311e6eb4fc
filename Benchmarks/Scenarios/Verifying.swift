import Core
import Cryptography
import Foundation
import TestPKI
import TestSupport
import Verification

/// Judging signatures that are in memory already, on one thread. What a registry adds is in the other figures.
enum Verifying {
    static func run(_ options: Options) async throws -> [Figure] {
        let peer = try await opensslVerifications()
        var figures: [Figure] = []
        for (name, verify) in try cases() {
            try verify()
            let own = ProcessProbe(pid: ProcessInfo.processInfo.processIdentifier)
            let time = own.processorTime
            let begin = ContinuousClock.now
            let limit = begin + .seconds(options.isQuick ? 1 : 4)
            var count = 0
            while ContinuousClock.now < limit {
                for _ in 0..<20 { try verify() }
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

    private static func cases() throws -> [(String, @Sendable () throws -> Void)] {
        let instance = try SigstoreInstance()
        var all: [(String, @Sendable () throws -> Void)] = []

        var keyed = try BundleRecipe(instance)
        keyed.isKeyed = true
        keyed.signerKey = try PrivateKey.generate(.ecdsa(.p256))
        let keyedBundle = try keyed.bundle().serialized(), artifact = SignedArtifact.digest(Digest.of(keyed.artifact))
        let keyPolicy = try SignaturePolicy(keys: [keyed.signerKey.publicKey])
        all.append(
            (
                "keyed P-256 bundle",
                {
                    _ = try BundleVerifier(policy: keyPolicy, trust: nil).verify(
                        try Bundle(parsing: keyedBundle), artifact: artifact)
                }
            ))

        let keyless = try BundleRecipe(instance).bundle().serialized()
        let trust = try TrustedRoot(parsing: instance.trustedRoot.serialized())
        let identityPolicy = try SignaturePolicy(identities: [
            IdentityMatcher(issuer: .exact(BundleRecipe.issuer), subject: .exact(BundleRecipe.identity))
        ])
        all.append(
            (
                "keyless bundle 0.3, minted",
                {
                    _ = try BundleVerifier(policy: identityPolicy, trust: trust).verify(
                        try Bundle(parsing: keyless), artifact: artifact)
                }
            ))
        if let folder = ProcessInfo.processInfo.environment["SIGSTORE_CONFORMANCE_FIXTURES"],
            let corpus = try conformance(folder)
        {
            all.append(corpus)
        }
        return all
    }

    /// A keyless bundle of the public instance, from the conformance corpus.
    private static func conformance(_ folder: String) throws -> (String, @Sendable () throws -> Void)? {
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
