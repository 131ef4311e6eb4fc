internal import Core
internal import Cryptography
internal import OCI
internal import TestPKI
internal import TestSupport
internal import Verification
internal import VerificationFixtures

/// The Notary Project's envelopes and trust policies.
extension FuzzTarget {
    static func notation(_ corpus: FuzzCorpus) throws -> [FuzzTarget] {
        let roots = [
            "notation.crt": try corpus.context("notation-root"), "stamps.crt": try corpus.context("stamps-root"),
        ]
        let repository = try RepositoryReference(parsing: "registry.test/repo")
        let descriptor = Descriptor(mediaType: .ociManifest, digest: NotationSetup.digest, size: 500)

        @Sendable func judge(
            _ envelope: [UInt8], _ format: NotationRecipe.Format, policy: [UInt8]
        ) async throws -> String {
            let registry = MemoryRegistry()
            let config = registry.add(blob: Array("{}".utf8), .ociEmpty)
            let layer = registry.add(blob: envelope, MediaType(format.rawValue))
            registry.refer(
                registry.add(
                    ImageManifest(artifactType: NotationVerifier.artifactType, config: config, layers: [layer])))
            let trust = try NotationTrust(secretData: roots.merging(["trustpolicy.json": policy]) { first, _ in first })
            let verdict = try await NotationVerifier(
                trust: trust, revocation: nil, time: ManualTime(start: NotationSetup.now)
            ).verify(descriptor, repository: repository, in: registry)
            guard case .verified(let signature) = verdict.result else { return "ignored" }
            return "\(signature) \(signature.times)"
        }

        let policy = try corpus.context("trust-policy"), stamping = try corpus.context("stamp-policy")
        let sound = try corpus.context("notation-envelope")
        return [
            try FuzzTarget("jws", corpus) { input, seed in
                try await judge(input, .jws, policy: seed.name == "stamped" ? stamping : policy)
            },
            try FuzzTarget("cose", corpus) { input, seed in
                try await judge(input, .cose, policy: seed.name == "stamped" ? stamping : policy)
            },
            // A policy may say anything; one that can be read decides, and a skipped verification is ignored.
            try FuzzTarget("trust-policy", corpus) { input, _ in
                _ = try? await judge(sound, .jws, policy: input)
                _ = try NotationTrust(secretData: roots.merging(["trustpolicy.json": input]) { first, _ in first })
                return ""
            },
        ]
    }
}
