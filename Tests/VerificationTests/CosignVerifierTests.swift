import Core
import Cryptography
import OCI
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// Signatures are found wherever cosign puts them, and nothing else counts.
struct CosignVerifierTests {
    static let artifact = Array("artifact".utf8)
    static let digest = Digest.of(artifact)
    static let reference = "registry.test/repo@\(digest)"

    static func verify(
        _ registry: MemoryRegistry, _ policy: SignaturePolicy, limits: CosignVerifier.Limits = .init(),
        at now: Timestamp = .signing(5000)
    ) async throws -> VerifiedSignature {
        let trust = try TrustedRoot(parsing: try BundleSetup.instance.get().trustedRoot.serialized())
        return try await CosignVerifier(policy: policy, trust: trust, limits: limits, time: ManualTime(start: now))
            .verify(digest, reference: reference, in: registry)
    }

    static func failure(
        _ registry: MemoryRegistry, _ policy: SignaturePolicy, limits: CosignVerifier.Limits = .init()
    ) async throws -> VerificationError {
        let error = await #expect(throws: VerificationError.self) { try await verify(registry, policy, limits: limits) }
        let found = try #require(error)
        #expect(found.message.hasPrefix("no matching signatures were found for '\(reference)'"))
        return found
    }

    static func policy() throws -> SignaturePolicy { try SignaturePolicy(identities: BundleSetup.matchers) }

    static func bundle(_ change: (inout BundleRecipe) -> Void = { _ in }) throws -> [UInt8] {
        var recipe = try BundleRecipe(try BundleSetup.instance.get())
        change(&recipe)
        return try recipe.bundle().serialized()
    }

    static func legacy(_ change: (inout LegacyRecipe) throws -> Void = { _ in }) throws -> (
        payload: [UInt8], annotations: [String: String]
    ) {
        var recipe = try LegacyRecipe(try BundleSetup.instance.get(), digest: digest)
        try change(&recipe)
        return try recipe.layer()
    }

    @Test func bundlesAsReferrers() async throws {
        for announces in [true, false] {
            let registry = MemoryRegistry()
            registry.addBundle(try Self.bundle(), announces: announces)
            let verified = try await Self.verify(registry, try Self.policy())
            #expect(verified.format == .bundle)
            #expect(verified.description.contains(BundleRecipe.identity))
            #expect(verified.description.contains("log index 1003"))
        }
    }

    @Test func layersOfTheTag() async throws {
        let registry = MemoryRegistry()
        let wrong = try Self.legacy { $0.digest = Digest.of("other") }
        registry.addSignatures(of: Self.digest, [wrong, try Self.legacy()])
        let verified = try await Self.verify(registry, try Self.policy())
        #expect(verified.format == .simpleSigning)
        #expect(verified.logIndex == 1003)
    }

    @Test(arguments: [
        (KeyKind.ecdsa(.p256), nil), (.ecdsa(.p384), SignatureAlgorithm.ecdsa(.sha256)), (.ecdsa(.p384), nil),
        (.ecdsa(.p521), .ecdsa(.sha256)), (.rsa(bits: 2048), nil), (.ed25519, nil),
    ])
    func keysOfEveryKind(_ kind: KeyKind, _ algorithm: SignatureAlgorithm?) async throws {
        let key = try PrivateKey.generate(kind)
        let others = try [KeyKind.ecdsa(.p256), .ed25519].map { try PrivateKey.generate($0).publicKey }
        let policy = try SignaturePolicy(keys: others + [key.publicKey])
        let registry = MemoryRegistry()
        let layer = try Self.legacy {
            $0.base.isKeyed = true
            $0.base.signerKey = key
            $0.base.algorithm = algorithm
            $0.changeAnnotations = { $0["dev.sigstore.cosign/bundle"] = nil }
        }
        registry.addSignatures(of: Self.digest, [layer])
        let verifier = CosignVerifier(policy: policy, trust: nil)
        let verified = try await verifier.verify(Self.digest, reference: Self.reference, in: registry)
        if case .key(let used) = verified.signer { #expect(used == key.publicKey) } else { Issue.record("no key") }
        #expect(verified.logIndex == nil)

        let wrong = try await Self.failure(registry, try SignaturePolicy(keys: others))
        #expect(wrong.findings.map(\.rejection.code) == [.wrongKey])
        for key in others { #expect(wrong.message.contains(key.fingerprint.hex)) }
    }

    @Test func oneOfBothSuffices() async throws {
        let sbom = try Self.bundle { $0.statement["predicateType"] = "https://spdx.dev/Document" }
        let registry = MemoryRegistry()
        registry.addBundle(sbom)
        registry.addSignatures(of: Self.digest, [try Self.legacy()])
        #expect(try await Self.verify(registry, try Self.policy()).format == .simpleSigning)

        let other = MemoryRegistry()
        other.addBundle(sbom)
        other.addBundle(try Self.bundle())
        other.addSignatures(of: Self.digest, [try Self.legacy { $0.digest = Digest.of("other") }])
        #expect(try await Self.verify(other, try Self.policy()).format == .bundle)
    }

    @Test func nothingIsFound() async throws {
        let error = try await Self.failure(MemoryRegistry(), try Self.policy())
        #expect(error.code == .noMatchingSignature)
        #expect(error.findings.isEmpty)
        #expect(error.message.contains(CosignVerifier.tag(of: Self.digest)))
        #expect(!error.isRetryable)
    }

    /// What was found and why it does not count.
    @Test func everyFindingIsTold() async throws {
        let registry = MemoryRegistry()
        registry.addBundle(try Self.bundle { $0.statement["predicateType"] = "https://spdx.dev/Document" })
        registry.addBundle(
            try Self.bundle {
                $0.changeLeaf = { $0.extensions[2] = .alternativeNames([GeneralName.email("mallory@example.org")]) }
            })
        registry.addBundle(Array("{".utf8))
        registry.addSignatures(of: Self.digest, [try Self.legacy { $0.digest = Digest.of("other") }])
        let error = try await Self.failure(registry, try Self.policy())
        #expect(Set(error.findings.map(\.rejection.code)) == [.otherStatement, .identity, .malformed, .wrongArtifact])
        #expect(error.message.contains("mallory@example.org"))
        #expect(error.message.contains("https://spdx.dev/Document"))
        #expect(error.message.contains(BundleRecipe.identity))
    }

    @Test func lookupsThatFail() async throws {
        let policy = try Self.policy()
        let unavailable = MemoryRegistry()
        unavailable.breakDown("referrers")
        let error = try await Self.failure(unavailable, policy)
        #expect(error.code == .lookup && error.isRetryable)
        #expect(error.message.contains("HTTP 503"))
        // One path's trouble does not hide the other's signature.
        unavailable.addSignatures(of: Self.digest, [try Self.legacy()])
        #expect(try await Self.verify(unavailable, policy).format == .simpleSigning)

        let tagless = MemoryRegistry()
        tagless.breakDown(CosignVerifier.tag(of: Self.digest))
        #expect(try await Self.failure(tagless, policy).code == .lookup)
        tagless.addBundle(try Self.bundle())
        #expect(try await Self.verify(tagless, policy).format == .bundle)
    }

    /// An attacker may add referrers; the signature is looked at first, and the work is bounded.
    @Test func manyReferrers() async throws {
        let registry = MemoryRegistry()
        for number in 0..<200 {
            registry.addBundle(Array("{\"sbom\":\(number)}".utf8), type: "application/spdx+json", announces: false)
        }
        registry.addBundle(try Self.bundle())
        var limits = CosignVerifier.Limits()
        #expect(try await Self.verify(registry, try Self.policy(), limits: limits).format == .bundle)
        #expect(registry.fetches == 2)
        limits.referrers = 150
        let error = try await Self.failure(registry, try Self.policy(), limits: limits)
        #expect(error.message.contains("(up to 128 were looked at, 22 or more beyond the limits were not;"), "\(error)")
        #expect(registry.fetches < 140)
    }

    @Test func manyLayers() async throws {
        let registry = MemoryRegistry()
        let wrong = try Self.legacy { $0.digest = Digest.of("other") }
        // Signers append, so the newest counts, however many there were before.
        registry.addSignatures(of: Self.digest, Array(repeating: wrong, count: 70) + [try Self.legacy()])
        #expect(try await Self.verify(registry, try Self.policy()).format == .simpleSigning)
        #expect(registry.fetches == 2)
        registry.addSignatures(of: Self.digest, [try Self.legacy()] + Array(repeating: wrong, count: 70))
        let error = try await Self.failure(registry, try Self.policy())
        #expect(error.findings.count == 32 && error.skipped == 7)
        #expect(error.message.contains("; and 59 more (64 were looked at, 7 beyond the limits were not;"), "\(error)")
        #expect(error.message.utf8.count < 3000)
        #expect(registry.fetches == 67)
    }

    /// Of signatures that were made one after the other, the last is looked at first.
    @Test func newestReferrersComeFirst() async throws {
        let registry = MemoryRegistry()
        for number in 0..<40 {
            registry.addBundle(
                try Self.bundle { $0.statement["predicate"] = ["n": .integer(Int64(number))] },
                created: number == 20 ? nil : .signing(number == 35 ? 1000 : Int64(number)))
        }
        var limits = CosignVerifier.Limits()
        limits.newestReferrers = 1
        limits.otherReferrers = 0
        let policy = try SignaturePolicy(keys: [try PrivateKey.generate(.ecdsa(.p256)).publicKey])
        let error = try await Self.failure(registry, policy, limits: limits)
        let listed = try await registry.referrers(of: Self.digest, artifactType: nil, limit: 100)
        #expect(error.findings.map(\.place) == ["bundle \(listed[35].digest)"])
        limits.newestReferrers = 100
        let places = try await Self.failure(registry, policy, limits: limits).findings.map(\.place)
        let order = [35] + (21..<40).reversed().filter { $0 != 35 } + (7..<20).reversed()
        #expect(places == order.map { "bundle \(listed[$0].digest)" })
    }

    /// A digest that is too long for a tag has none.
    @Test func longDigests() async throws {
        let digest = Digest.of(Self.artifact, .sha512)
        let registry = MemoryRegistry()
        registry.breakDown(CosignVerifier.tag(of: digest))
        let verifier = CosignVerifier(
            policy: try Self.policy(),
            trust: try TrustedRoot(parsing: BundleSetup.instance.get().trustedRoot.serialized()))
        let error = await #expect(throws: VerificationError.self) {
            try await verifier.verify(digest, reference: "registry.test/repo@\(digest)", in: registry)
        }
        #expect(error?.code == .noMatchingSignature)
        #expect(registry.fetches == 0)
    }

    /// Nothing is judged any more once the work is cancelled.
    @Test func cancelledSearches() async throws {
        let registry = MemoryRegistry()
        registry.addBundle(try Self.bundle())
        registry.addSignatures(of: Self.digest, [try Self.legacy()])
        let work = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await Self.failure(registry, try Self.policy())
        }
        work.cancel()
        let error = try await work.value
        #expect(error.code == .lookup && error.findings.isEmpty)
        #expect(registry.fetches == 0)
    }

    struct LegacyCase: Sendable, CustomTestStringConvertible {
        let check: String
        let code: Rejection.Code
        let change: @Sendable (inout LegacyRecipe) throws -> Void
        var testDescription: String { check }
    }

    static let legacyCases: [LegacyCase] = [
        LegacyCase(check: "payload-digest", code: .wrongArtifact) { $0.digest = Digest.of("other") },
        LegacyCase(check: "payload-kind", code: .unsupported) {
            $0.changePayload = { $0.edit("critical.type", "atomic container signature") }
        },
        LegacyCase(check: "legacy-signature", code: .invalidSignature) {
            $0.base.forgerKey = try PrivateKey.generate(.ecdsa(.p256))
        },
        LegacyCase(check: "legacy-identity", code: .identity) {
            $0.base.changeLeaf = { $0.extensions[2] = .alternativeNames([GeneralName.email("mallory@example.org")]) }
        },
        LegacyCase(check: "set-signature", code: .logProof) {
            $0.base.promiseKey = try PrivateKey.generate(.ecdsa(.p256))
        },
        LegacyCase(check: "entry-digest", code: .logEntry) {
            $0.base.changeBody = { $0.edit("spec.data.hash.value", .string(Digest.of("other").hex)) }
        },
        LegacyCase(check: "sct-threshold", code: .certificateLog) { $0.base.certificateLogs = nil },
        LegacyCase(check: "leaf-validity", code: .expired) { $0.base.entryTime = .signing(601) },
        LegacyCase(check: "no entry", code: .unknownLog) {
            $0.changeAnnotations = { $0["dev.sigstore.cosign/bundle"] = nil }
        },
        LegacyCase(check: "no certificate", code: .identity) {
            $0.changeAnnotations = { $0["dev.sigstore.cosign/certificate"] = nil }
        },
        LegacyCase(check: "no signature", code: .malformed) {
            $0.changeAnnotations = { $0["dev.cosignproject.cosign/signature"] = nil }
        },
        LegacyCase(check: "bad entry", code: .malformed) {
            $0.changeAnnotations = { $0["dev.sigstore.cosign/bundle"] = "{}" }
        },
        LegacyCase(check: "bad certificate", code: .malformed) {
            $0.changeAnnotations = { $0["dev.sigstore.cosign/certificate"] = "x" }
        },
    ]

    @Test(arguments: legacyCases)
    func refuses(_ item: LegacyCase) async throws {
        let registry = MemoryRegistry()
        registry.addSignatures(of: Self.digest, [try Self.legacy(item.change)])
        let error = try await Self.failure(registry, try Self.policy())
        #expect(error.findings.map(\.rejection.code) == [item.code], "\(error.message)")
    }

    @Test func legacyIdentityMayBeAnyName() async throws {
        let registry = MemoryRegistry()
        let layer = try Self.legacy {
            $0.base.changeLeaf = {
                $0.extensions[2] = .alternativeNames([
                    GeneralName.uri("https://other"), GeneralName.email("a@b.c"), GeneralName.dns("d.e"),
                ])
            }
        }
        registry.addSignatures(of: Self.digest, [layer])
        for subject in ["^https://other$", "a@b", "d.e"] {
            let policy = try SignaturePolicy(identities: [
                IdentityMatcher(issuerPattern: "githubusercontent", subjectPattern: subject)
            ])
            _ = try await Self.verify(registry, policy)
        }
    }

    /// Names that Fulcio does not give to signers of bundles.
    @Test func legacyIdentitiesNeedNoPrimaryName() async throws {
        let userName: OID = "1.3.6.1.4.1.57264.1.7"
        for names in [
            [GeneralName.dns("host.test")], [GeneralName.ip([10, 0, 0, 7])],
            [GeneralName.ip([0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1])],
            [GeneralName.other(userName, DERWriter.utf8("one")), GeneralName.other(userName, DERWriter.utf8("two"))],
        ] {
            let registry = MemoryRegistry()
            registry.addSignatures(
                of: Self.digest,
                [try Self.legacy { $0.base.changeLeaf = { $0.extensions[2] = .alternativeNames(names) } }])
            func policy(_ subject: String) throws -> SignaturePolicy {
                try SignaturePolicy(identities: [
                    IdentityMatcher(issuerPattern: "githubusercontent", subjectPattern: subject)
                ])
            }
            let verified = try await Self.verify(
                registry, try policy(#"^host\.test$|^10\.0\.0\.7$|^2001:db8::1$|^two$"#))
            #expect(
                ["host.test", "10.0.0.7", "2001:db8::1", "two"].contains { verified.description.contains("'\($0)'") })
            #expect(
                try await Self.failure(registry, try policy("^host$")).findings.map(\.rejection.code) == [.identity])
        }
    }

    static let registryCases: [(check: String, add: @Sendable (MemoryRegistry) throws -> Void)] = [
        (
            "registry-version",
            { registry in
                registry.addBundle(
                    try bundle { $0.version = "application/vnd.dev.sigstore.bundle+json;version=0.2" })
            }
        ),
        (
            "registry-envelope",
            { registry in
                var recipe = try BundleRecipe(try BundleSetup.instance.get(), .hashedV1)
                recipe.artifact = artifact
                registry.addBundle(try recipe.bundle().serialized())
            }
        ),
        ("bundle-size", { $0.addBundle(try bundle(), claimedSize: 1 << 30) }),
        ("payload-size", { $0.addSignatures(of: digest, [try legacy()], sizes: 1 << 30) }),
    ]

    @Test(arguments: registryCases.indices)
    func whatARegistryMayHold(_ index: Int) async throws {
        let registry = MemoryRegistry()
        try Self.registryCases[index].add(registry)
        let error = try await Self.failure(registry, try Self.policy())
        #expect(error.findings.count == 1)
    }

    /// A signature that was copied to another artifact's tag.
    @Test func copiedSignatures() async throws {
        let key = try PrivateKey.generate(.ecdsa(.p256))
        let copied = try Self.legacy {
            $0.base.isKeyed = true
            $0.base.signerKey = key
            $0.digest = Digest.of("what was really signed")
        }
        let registry = MemoryRegistry()
        registry.addSignatures(of: Self.digest, [copied])
        let error = try await Self.failure(registry, try SignaturePolicy(keys: [key.publicKey]))
        #expect(error.findings.map(\.rejection.code) == [.wrongArtifact])
    }
}
