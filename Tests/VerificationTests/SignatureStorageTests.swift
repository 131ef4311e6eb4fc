import Core
import Cryptography
import OCI
import TestPKI
import Testing
import Verification
import VerificationFixtures

/// Signatures that are sound, but not where or how cosign stores them.
struct SignatureStorageTests {
    private static func refuses(_ registry: MemoryRegistry, _ policy: SignaturePolicy? = nil) async throws {
        let policy = try policy ?? CosignVerifierTests.policy()
        let error = try await CosignVerifierTests.failure(registry, policy)
        #expect(error.code == .noMatchingSignature)
    }

    /// bundle-layers, bundle-layer-type
    @Test(arguments: [["application/vnd.dev.sigstore.bundle.v0.3+json", "text/plain"], ["application/json"]])
    func layersThatAreNoBundle(_ types: [String]) async throws {
        let registry = MemoryRegistry()
        let bundle = try CosignVerifierTests.bundle()
        let config = registry.add(blob: Array("{}".utf8), .ociEmpty)
        let layers = types.map { registry.add(blob: bundle, MediaType($0)) }
        registry.refer(
            registry.add(
                ImageManifest(
                    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json", config: config, layers: layers)))
        try await Self.refuses(registry)
    }

    /// legacy-timestamps
    @Test func timestampsThatTagsCannotHold() async throws {
        let registry = MemoryRegistry()
        registry.addSignatures(of: CosignVerifierTests.digest, [try CosignVerifierTests.legacy()])
        var policy = try CosignVerifierTests.policy()
        policy.timestampThreshold = 1
        try await Self.refuses(registry, policy)
    }

    /// legacy-certificate-size
    @Test func longCertificates() async throws {
        let registry = MemoryRegistry()
        let layer = try CosignVerifierTests.legacy {
            $0.changeAnnotations = {
                $0["dev.sigstore.cosign/certificate", default: ""] += String(repeating: "\n", count: 257 << 10)
            }
        }
        registry.addSignatures(of: CosignVerifierTests.digest, [layer])
        try await Self.refuses(registry)
    }

    /// notation-chain-length: said before the order of the chain is looked at.
    @Test func longChains() async throws {
        var setup = try NotationSetup(.cose)
        setup.recipe.changeChain = { $0 += Array(repeating: $0[2], count: 8) }
        let error = await #expect(throws: VerificationError.self) { try await setup.verify() }
        #expect(error?.findings.map(\.rejection.code) == [.malformed])
    }

    /// trust-store-limit
    @Test func manyTrustedCertificates() async throws {
        var setup = try NotationSetup()
        let pem = Array(try setup.recipe.root().pem.utf8)
        setup.certificates = Dictionary(
            uniqueKeysWithValues: (0..<3).map { ("\($0).crt", Array(repeatElement(pem, count: 200).joined())) })
        let error = await #expect(throws: VerificationError.self) { try await setup.verify() }
        #expect(error?.code == .policy)
    }
}
