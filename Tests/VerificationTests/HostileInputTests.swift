import Core
import Cryptography
import Foundation
import OCI
import RegularExpressions
import TestPKI
import Testing
import Verification

/// Sound documents with bytes changed at random never crash a reader, whatever they become.
///
/// A run tries a fixed number of changes from a fixed seed; `FUZZ_SECONDS` makes each target go on for so long instead, from
/// a seed that is printed.
struct HostileInputTests {
    /// SplitMix64: small, seeded, the same everywhere.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    /// A few changes such as damage and malice make.
    static func changed(_ bytes: [UInt8], _ random: inout Generator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x30].randomElement(using: &random) ?? 0
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...32, using: &random)))
            case 5:
                let end = min(bytes.count, place + Int.random(in: 1...32, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 6: bytes.removeSubrange(place...)
            default:
                let other = Int.random(in: 0..<bytes.count, using: &random)
                bytes.swapAt(place, other)
            }
        }
        return bytes
    }

    /// Gives `body` changed copies of `seed` for a number of times, or for a time.
    static func hammer(_ seed: [UInt8], times: Int = 100, _ body: ([UInt8]) async throws -> Void) async throws {
        let seconds = ProcessInfo.processInfo.environment["FUZZ_SECONDS"].flatMap(Double.init)
        var random = Generator(state: seconds == nil ? 20_261_120 : UInt64.random(in: 0 ... .max))
        if seconds != nil { print("fuzzing from seed \(random.state)") }
        let start = ContinuousClock.now
        var count = 0
        while seconds.map({ ContinuousClock.now - start < .seconds($0) }) ?? (count < times) {
            count += 1
            // A refusal is what is wanted; only a crash, a trap or a hang is a fault.
            try? await body(changed(seed, &random))
        }
        if seconds != nil { print("\(count) inputs") }
    }

    @Test func bundles() async throws {
        let setup = try BundleSetup(.dsseV1)
        let trust = try TrustedRoot(parsing: setup.trust.serialized())
        let verifier = BundleVerifier(policy: setup.policy, trust: trust)
        let seed = try setup.recipe.bundle().serialized()
        try await Self.hammer(seed) { _ = try verifier.verify(Bundle(parsing: $0), artifact: setup.artifact) }
    }

    /// Every value inside of a bundle that is a document of its own.
    @Test(arguments: [
        "dsseEnvelope.payload", "verificationMaterial.certificate.rawBytes",
        "verificationMaterial.tlogEntries.0.canonicalizedBody",
        "verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp",
    ])
    func documentsInBundles(_ path: String) async throws {
        var setup = try BundleSetup(.dsseV1)
        setup.recipe.stamps = [{ _ in }]
        let trust = try TrustedRoot(parsing: setup.trust.serialized())
        let verifier = BundleVerifier(policy: setup.policy, trust: trust)
        let bundle = try setup.recipe.bundle()
        let seed = try #require(bundle.at(path)?.stringValue.flatMap { Base64.decode($0) })
        try await Self.hammer(seed, times: 50) { bytes in
            var spoiled = bundle
            spoiled.edit(path, .string(Base64.encode(bytes)))
            let isSame = bytes == seed
            let verified = try? verifier.verify(Bundle(parsing: spoiled.serialized()), artifact: setup.artifact)
            // Beside the log's time, a timestamp is not needed.
            if !path.hasSuffix("signedTimestamp") { #expect(verified == nil || isSame) }
        }
    }

    @Test func checkpoints() async throws {
        let setup = try BundleSetup(.dsseV2)
        let trust = try TrustedRoot(parsing: setup.trust.serialized())
        let verifier = BundleVerifier(policy: setup.policy, trust: trust)
        let bundle = try setup.recipe.bundle()
        let path = "verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope"
        let seed = Array((bundle.at(path)?.stringValue ?? "").utf8)
        try await Self.hammer(seed) { bytes in
            var spoiled = bundle
            spoiled.edit(path, .string(String(decoding: bytes, as: UTF8.self)))
            _ = try verifier.verify(Bundle(parsing: spoiled.serialized()), artifact: setup.artifact)
        }
    }

    @Test func certificates() async throws {
        let instance = try BundleSetup.instance.get()
        let leaf = try BundleRecipe(instance).leaf()
        try await Self.hammer(leaf.der, times: 300) { bytes in
            let certificate = try Certificate(der: bytes)
            _ = try certificate.embeddedSCTs()
            _ = certificate.subject.description + certificate.issuer.description
            _ = try certificate.publicKey()
            _ = try CertificatePath(
                from: certificate, intermediates: [instance.intermediate], anchors: [instance.root],
                at: SigstoreInstance.now, usage: .codeSigning)
        }
    }

    @Test func timestamps() async throws {
        let instance = try BundleSetup.instance.get()
        var mint = TimestampMint(
            key: instance.timestampKey, certificate: instance.timestampLeaf, time: SigstoreInstance.now)
        mint.embedded = [instance.timestampLeaf]
        try await Self.hammer(try mint.response(over: [1, 2, 3]), times: 300) { bytes in
            try TimestampToken(response: bytes).verify(
                over: [1, 2, 3], signer: nil, intermediates: [], anchors: [instance.timestampRoot])
        }
    }

    @Test func trustedRoots() async throws {
        let seed = try BundleSetup.instance.get().trustedRoot.serialized()
        try await Self.hammer(seed) { _ = try TrustedRoot(parsing: $0) }
    }

    @Test func keys() async throws {
        for kind in [KeyKind.ecdsa(.p256), .rsa(bits: 2048), .ed25519] {
            let key = try PrivateKey.generate(kind).publicKey
            try await Self.hammer(Array(key.pem.utf8)) { _ = try PublicKey(pem: $0) }
            try await Self.hammer(key.subjectPublicKeyInfo) { _ = try PublicKey(subjectPublicKeyInfo: $0) }
        }
    }

    @Test(arguments: ["1.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
    func metadataOfTUF(_ path: String) async throws {
        let repository = try TUFRepository()
        let files = try repository.files()
        let root = try repository.root
        try await Self.hammer(files[path] ?? [], times: 50) { bytes in
            var spoiled = files
            spoiled[path] = bytes
            let client = TUFClient(
                initialRoot: path == "1.root.json" ? bytes : root, store: MemoryStore(), mirror: MemoryMirror(spoiled))
            _ = try await client.refresh("trusted_root.json", at: TUFRepository.now)
        }
    }

    @Test func legacySignatures() async throws {
        let layer = try CosignVerifierTests.legacy()
        let policy = try CosignVerifierTests.policy()
        for (name, value) in layer.annotations.sorted(by: { $0.key < $1.key }) {
            try await Self.hammer(Array(value.utf8), times: 30) { bytes in
                var annotations = layer.annotations
                annotations[name] = String(decoding: bytes, as: UTF8.self)
                let registry = MemoryRegistry()
                registry.addSignatures(of: CosignVerifierTests.digest, [(layer.payload, annotations)])
                _ = try await CosignVerifierTests.verify(registry, policy)
            }
        }
        try await Self.hammer(layer.payload, times: 30) { bytes in
            let registry = MemoryRegistry()
            registry.addSignatures(of: CosignVerifierTests.digest, [(bytes, layer.annotations)])
            let verified = try? await CosignVerifierTests.verify(registry, policy)
            #expect(verified == nil || bytes == layer.payload)
        }
    }

    @Test func expressions() async throws {
        try await Self.hammer(Array(#"^https://(github|gitlab)\.com/[a-z]{1,30}/(?P<repo>\w+)*$"#.utf8), times: 300) {
            let expression = try RegularExpression(String(decoding: $0, as: UTF8.self))
            _ = expression.matches(anywhereIn: "https://github.com/org/repo")
        }
    }
}
