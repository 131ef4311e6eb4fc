import Core
import Cryptography
import Foundation
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// The environment with packages for Python that `scripts/install-dependencies` makes.
private enum PythonEnvironment {
    /// Its interpreter; nil when it is not there.
    static let python: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appendingPathComponent(".build/test-tools/bin/python").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
}

/// The Python implementation of Sigstore and this one agree on bundles: sound ones, and such as are not.
@Suite(.enabled(if: PythonEnvironment.python != nil, "the Python environment is not there: run 'make deps'"))
struct IndependentVerifierTests {
    private struct Sample {
        let name: String
        let isSound: Bool
        let setup: BundleSetup
    }

    private static func sample(
        _ name: String, _ kind: BundleRecipe.EntryKind, isSound: Bool = false,
        _ change: (inout BundleSetup) throws -> Void = { _ in }
    ) throws -> Sample {
        var setup = try BundleSetup(kind)
        setup.policy.statements = .any
        let issuer = setup.recipe.instance.intermediate
        setup.recipe.changeLeaf = { leaf in
            if let key = try? issuer.publicKey() { leaf.extensions.append(.authorityKeyIdentifier(key)) }
        }
        try change(&setup)
        return Sample(name: name, isSound: isSound, setup: setup)
    }

    private static func samples() throws -> [Sample] {
        let entry = "verificationMaterial.tlogEntries.0"
        return [
            try sample("envelope-v1", .dsseV1, isSound: true), try sample("artifact-v1", .hashedV1, isSound: true),
            try sample("envelope-v2", .hashedV2, isSound: true) { $0.recipe.isEnvelope = true },
            try sample("artifact-v2", .hashedV2, isSound: true) { $0.recipe.isEnvelope = false },
            try sample("stamped-v1", .dsseV1, isSound: true) { $0.recipe.stamps = [{ _ in }] },
            try sample("forged", .dsseV1) { $0.recipe.forgerKey = try PrivateKey.generate(.ecdsa(.p256)) },
            try sample("no-certificate-log", .dsseV1) { $0.recipe.certificateLogs = nil },
            try sample("wrong-promise", .dsseV1) { $0.recipe.promiseKey = try PrivateKey.generate(.ecdsa(.p256)) },
            try sample("wrong-checkpoint", .dsseV1) { $0.recipe.changeNote = { $0.hasWrongSignature = true } },
            try sample("wrong-root", .dsseV1) { $0.recipe.changeNote = { $0.root[0] ^= 1 } },
            try sample("too-late", .dsseV1) { $0.recipe.entryTime = .signing(10_000) },
            try sample("other-payload", .dsseV1) {
                $0.recipe.changeBody = { $0.edit("spec.payloadHash.value", .string(Digest.of("x").hex)) }
            },
            try sample("no-time", .hashedV2) { $0.recipe.stamps = [] },
            try sample("no-proof", .dsseV1) { $0.recipe.changeBundle = { $0.edit("\(entry).inclusionProof", nil) } },
        ]
    }

    @Test func agreement() async throws {
        let folder = try TemporaryDirectory()
        let python = try #require(PythonEnvironment.python)
        try folder.write(try BundleSetup.instance.get().trustedRoot.serialized(), to: "root.json")
        let samples = try Self.samples()
        for sample in samples {
            try folder.write(try sample.setup.recipe.bundle().serialized(), to: "\(sample.name).json")
            if !sample.setup.recipe.isEnvelope {
                try folder.write(sample.setup.recipe.artifact, to: "\(sample.name).artifact")
            }
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("IndependentVerifier.py").path
        let outcome = try await CommandLineTool.run(
            python,
            [script, "root.json", BundleRecipe.identity, BundleRecipe.issuer] + samples.map { "\($0.name).json" },
            environment: ["HOME": folder.path], directory: folder.path)
        #expect(outcome.status == 0, "\(outcome.errorOutput)")
        for sample in samples {
            let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("\(sample.name).json ") }
            #expect(line?.hasSuffix(" verified") == sample.isSound, "there: \(line ?? "nothing was said")")
            let own = Result { try sample.setup.verify() }
            #expect(((try? own.get()) != nil) == sample.isSound, "here, \(sample.name): \(own)")
        }
    }
}
