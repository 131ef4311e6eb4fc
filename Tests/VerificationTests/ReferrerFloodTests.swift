import Core
import Cryptography
import OCI
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// Who may push can add as many referrers as they like. They may delay a verdict; they neither prevent one nor make the
/// controller write without end.
struct ReferrerFloodTests {
    /// Whoever may push can claim any date. A time that has not come counts for none.
    @Test(arguments: [false, true])
    func datesOfTheFutureHideNothing(_ isDated: Bool) async throws {
        let registry = MemoryRegistry()
        registry.addBundle(try CosignVerifierTests.bundle(), created: isDated ? .signing(-1) : nil)
        for number in 0..<45 {
            registry.addBundle(
                Array("{\"junk\":\(number)}".utf8), created: Timestamp.signing(0) + .seconds(400 + number))
        }
        #expect(
            try await CosignVerifierTests.verify(registry, try CosignVerifierTests.policy(), at: .signing()).format
                == .bundle)
        // It is the first that is looked at.
        var limits = CosignVerifier.Limits()
        limits.newestReferrers = 1
        limits.otherReferrers = 0
        #expect(
            try await CosignVerifierTests.verify(
                registry, try CosignVerifierTests.policy(), limits: limits, at: .signing()
            ).format == .bundle)
    }

    /// Who fills the first places, by dates that cannot be told from true ones, delays the verdict: some other try draws the
    /// signature. Each is bounded.
    @Test func noFloodHidesASignatureForEver() async throws {
        let registry = MemoryRegistry()
        registry.addBundle(try CosignVerifierTests.bundle(), created: .signing(-1))
        for number in 0..<30 {
            registry.addBundle(Array("{\"junk\":\(number)}".utf8), created: .signing(0) + .seconds(number))
        }
        var limits = CosignVerifier.Limits()
        limits.newestReferrers = 5
        limits.otherReferrers = 5
        var tries = 0
        while tries < 500 {
            tries += 1
            let before = registry.fetches
            if (try? await CosignVerifierTests.verify(
                registry, try CosignVerifierTests.policy(), limits: limits, at: .signing(60))) != nil
            {
                break
            }
            #expect(registry.fetches - before <= 2 * 10 + 1)
        }
        #expect(tries < 500)
    }

    /// search-bytes
    @Test func whatTheOthersTakeIsBounded() async throws {
        let registry = MemoryRegistry()
        for number in 0..<50 {
            let junk = Array("{\"junk\":\"\(number)\(String(repeating: "x", count: 2_000_000))\"}".utf8)
            registry.addBundle(junk, created: .signing(0))
        }
        var limits = CosignVerifier.Limits()
        limits.newestReferrers = 10
        limits.otherReferrers = 40
        let error = try await CosignVerifierTests.failure(registry, try CosignVerifierTests.policy(), limits: limits)
        // 34 of 2 MB are 68 MB, and the first ones are not counted.
        #expect(error.skipped == 6, "\(error)")
        #expect(error.message.contains("(44 were looked at, 6 beyond the limits were not;"), "\(error)")
    }

    /// Other candidates are drawn at each try. Were anything told of them, each try would write the object anew.
    @Test func whatIsDrawnChangesNoMessage() async throws {
        let registry = MemoryRegistry()
        let wrong = try CosignVerifierTests.bundle { $0.statement["predicateType"] = "https://spdx.dev/Document" }
        for number in 0..<60 {
            switch number % 4 {
            case 0: registry.addBundle(Array("{\"junk\":\(number)}".utf8), created: .signing(0))
            case 1: registry.addBundle(wrong + Array(repeating: 0x20, count: number), created: .signing(0))
            // Holds no bundle.
            case 2: registry.addBundle(Array("\(number)".utf8), type: "application/spdx+json", announces: false)
            // Is not there.
            default:
                registry.refer(
                    Descriptor(mediaType: .ociManifest, digest: Digest.of("\(number)"), size: 100, annotations: [:]))
            }
        }
        for newest in [0, 10] {
            var limits = CosignVerifier.Limits()
            limits.newestReferrers = newest
            limits.otherReferrers = 7
            var errors: [VerificationError] = []
            for _ in 0..<8 {
                errors.append(
                    try await CosignVerifierTests.failure(registry, try CosignVerifierTests.policy(), limits: limits))
            }
            #expect(Set(errors.map(\.message)).count == 1, "\(errors)")
            #expect(errors.allSatisfy { $0.code == .noMatchingSignature && $0.findings.count == newest })
            #expect(
                errors[0].message.contains(
                    "(up to \(newest + 7) were looked at, \(53 - newest) beyond the limits were not;"), "\(errors[0])")
        }
        // Trouble with the registry is no verdict, whoever was drawn.
        for descriptor in try await registry.referrers(of: CosignVerifierTests.digest, artifactType: nil, limit: 60) {
            registry.breakDown(descriptor.digest.description)
        }
        var limits = CosignVerifier.Limits()
        limits.newestReferrers = 0
        limits.otherReferrers = 7
        let messages = try await withThrowingTaskGroup(of: VerificationError.self) { [limits] group in
            for _ in 0..<4 {
                group.addTask {
                    try await CosignVerifierTests.failure(
                        registry, try CosignVerifierTests.policy(), limits: limits)
                }
            }
            return try await group.reduce(into: [VerificationError]()) { $0.append($1) }
        }
        #expect(messages.allSatisfy { $0.code == .lookup && $0.isRetryable })
        #expect(Set(messages.map(\.message)).count == 1, "\(messages)")
    }

    /// What an attacker dates later is looked at first, and the rest is drawn by lot: some try finds the signature.
    @Test func noFloodHidesANotationSignatureForEver() async throws {
        let registry = MemoryRegistry()
        var good = try NotationSetup()
        good.created = .signing(-500)
        try good.push(to: registry)
        for index in 0..<8 {
            var bad = good
            bad.recipe.signingTime = .signing(Int64(index))
            bad.recipe.changeSignature = { $0[0] ^= 1 }
            // Half are of a time that has not come.
            bad.created = good.now + .seconds(index < 4 ? -100 : 1_000_000)
            try bad.push(to: registry)
        }
        var limits = NotationVerifier.Limits()
        limits.newestSignatures = 4
        limits.otherSignatures = 1
        let bounds = limits, setup = good
        var tries = 0
        while tries < 500 {
            tries += 1
            if (try? await setup.verify(in: registry, limits: bounds)) != nil { break }
        }
        #expect(tries < 500)
        // The future counts for nothing: the fifth place is the genuine one's.
        limits.newestSignatures = 5
        limits.otherSignatures = 0
        if case .ignored = try await setup.verify(in: registry, limits: limits).result { Issue.record("ignored") }
    }

    @Test func whatIsDrawnChangesNoNotationMessage() async throws {
        let (registry, setup) = (MemoryRegistry(), try NotationSetup())
        for index in 0..<12 {
            var bad = setup
            bad.recipe.signingTime = .signing(Int64(index))
            if index.isMultiple(of: 2) { bad.recipe.changeSignature = { $0[0] ^= 1 } } else { bad.layerCount = 2 }
            try bad.push(to: registry)
        }
        var limits = NotationVerifier.Limits()
        limits.newestSignatures = 2
        limits.otherSignatures = 3
        var messages: Set<String> = []
        for _ in 0..<8 {
            let bounds = limits
            let error = await #expect(throws: VerificationError.self) {
                try await setup.verify(in: registry, limits: bounds)
            }
            #expect(error?.findings.count == 2)
            messages.insert(error?.message ?? "")
        }
        #expect(messages.count == 1, "\(messages)")
        #expect(messages.first?.contains("(up to 5 were looked at, 7 beyond the limits were not;") == true)
    }

    /// notation-search-bytes
    @Test func whatTheOtherNotationSignaturesTakeIsBounded() async throws {
        let (registry, setup) = (MemoryRegistry(), try NotationSetup())
        for index in 0..<80 {
            var large = setup
            large.recipe.signingTime = .signing(Int64(index))
            // The largest that is fetched.
            large.claimedSize = 1 << 20
            large.recipe.changeSignature = { $0[0] ^= 1 }
            try large.push(to: registry)
        }
        var limits = NotationVerifier.Limits()
        limits.newestSignatures = 10
        limits.otherSignatures = 70
        let bounds = limits
        let error = await #expect(throws: VerificationError.self) {
            try await setup.verify(in: registry, limits: bounds)
        }
        // With their manifests 64 reach 64 MiB, and the first ones are not counted.
        #expect(error?.skipped == 6)
        #expect(error?.message.contains("(74 were looked at, 6 beyond the limits were not;") == true, "\(error as Any)")
    }
}
