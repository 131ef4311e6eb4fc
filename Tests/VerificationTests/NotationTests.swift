import Core
import Cryptography
import Foundation
import OCI
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

#if canImport(Glibc)
import Foundation
#endif

/// Notation signatures: what counts, what is let pass, where they are found.
struct NotationTests {
    @Test(
        arguments: NotationRecipe.Format.allCases,
        [
            KeyKind.rsa(bits: 2048), .rsa(bits: 3072), .rsa(bits: 4096), .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521),
        ])
    func everyKey(_ format: NotationRecipe.Format, _ kind: KeyKind) async throws {
        var setup = try NotationSetup(format)
        setup.recipe.signerKey = try PrivateKey.generate(kind)
        setup.recipe.expiry = .signing(500)
        let verdict = try await setup.verify()
        guard case .verified(let signature) = verdict.result else {
            Issue.record("not verified: \(verdict)")
            return
        }
        #expect(signature.format == .notation)
        #expect(signature.description.contains("CN=signer"))
        #expect(verdict.logged.isEmpty)
        #expect(verdict.validUntil == .signing(500))
        #expect(verdict.statement == "tests" && verdict.level == "strict")
    }

    @Test(arguments: NotationRecipe.Format.allCases)
    func aSelfSignedCertificate(_ format: NotationRecipe.Format) async throws {
        var setup = try NotationSetup(format)
        setup.recipe.isSelfSigned = true
        setup.certificates = ["x.crt": try setup.recipe.leaf().der]
        #expect(try await setup.verified() != nil)
        setup.recipe.changeLeaf = { $0.extensions[0] = .keyUsage([0, 5]) }
        setup.certificates = ["x.crt": try setup.recipe.leaf().der]
        let frozen = setup
        await #expect(throws: VerificationError.self) { try await frozen.verify() }
    }

    @Test func anyCertificateOfTheChainMayBeTrusted() async throws {
        var setup = try NotationSetup()
        for certificate in try setup.recipe.chain() {
            setup.certificates = ["x.pem": Array((setup.recipe.timestampRoot.pem + certificate.pem).utf8)]
            #expect(try await setup.verified() != nil)
        }
    }

    @Test func levels() async throws {
        var setup = try NotationSetup()
        setup.recipe.expiry = .signing(10)
        setup.now = .signing(20)
        for (level, isVerified) in [("permissive", true), ("audit", true), ("strict", false)] {
            setup.edit("signatureVerification.level", .string(level))
            let frozen = setup
            guard isVerified else {
                await #expect(throws: VerificationError.self) { try await frozen.verify() }
                continue
            }
            let verdict = try await frozen.verify()
            #expect(verdict.logged.map(\.rejection.code) == [.expired])
            if case .ignored = verdict.result { Issue.record("ignored") }
        }
        setup.edit("signatureVerification.override", ["expiry": "log"])
        let verdict = try await setup.verify()
        #expect(verdict.level == "custom" && verdict.logged.count == 1)
    }

    /// A signer that is not trusted is only logged when auditing, and nothing is asked at the URLs of its certificates.
    @Test func auditing() async throws {
        var setup = try NotationSetup()
        setup.edit("signatureVerification.level", "audit")
        setup.certificates = ["x.crt": Array(setup.recipe.timestampRoot.pem.utf8)]
        setup.recipe.changeLeaf = { $0.extensions.append(.ocsp(["http://attacker.test/"])) }
        let verdict = try await setup.verify()
        guard case .ignored(let why) = verdict.result else {
            Issue.record("verified")
            return
        }
        #expect(why.contains("not trusted"))
        #expect(verdict.logged.map(\.rejection.code) == [.untrusted, .revocationUnknown])
        #expect(setup.revocation?.requests.isEmpty == true)

        // A trusted signature goes before.
        let registry = MemoryRegistry()
        try setup.push(to: registry)
        var good = try NotationSetup(.cose)
        try good.push(to: registry)
        good.edit("signatureVerification.level", "audit")
        if case .ignored = try await good.verify(in: registry).result { Issue.record("ignored") }

        // Integrity is enforced.
        setup.recipe.changeSignature = { $0[0] ^= 1 }
        let broken = setup
        await #expect(throws: VerificationError.self) { try await broken.verify() }
    }

    @Test func skipping() async throws {
        var setup = try NotationSetup()
        setup.edit("signatureVerification.level", "skip")
        setup.edit("trustedIdentities", nil)
        let registry = MemoryRegistry()
        registry.breakDown("referrers")
        guard case .ignored = try await setup.verify(in: registry).result else {
            Issue.record("not ignored")
            return
        }
        #expect(registry.fetches == 0)
    }

    @Test func theStatementOfTheRepositoryApplies() async throws {
        var setup = try NotationSetup()
        setup.policy["trustPolicies"] = .array(
            [setup.policy.at("trustPolicies.0") ?? .null] + [
                [
                    "name": "rest", "registryScopes": ["*"], "signatureVerification": ["level": "skip"],
                ]
            ])
        #expect(try await setup.verify().statement == "tests")
        setup.repository = "registry.test/other"
        #expect(try await setup.verify().statement == "rest")
        setup.policy.edit("trustPolicies.1", nil)
        let frozen = setup
        let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
        #expect(error?.code == .policy)
        #expect(error?.message.contains("registry.test/other") == true)
    }

    @Test func whereSignaturesAre() async throws {
        // The configuration's type tells too, and an index may tell nothing.
        var setup = try NotationSetup()
        setup.artifactType = nil
        setup.announcedType = nil
        setup.configType = NotationVerifier.artifactType
        #expect(try await setup.verified() != nil)
        // Something else that holds an envelope is no signature.
        setup.configType = .ociEmpty
        let other = setup
        let error = await #expect(throws: VerificationError.self) { try await other.verify() }
        #expect(error?.code == .noMatchingSignature && error?.findings.isEmpty == true)
        #expect(error?.message.contains(NotationVerifier.artifactType.description) == true)
        // A referrer that says it is something else is not even fetched.
        setup.announcedType = "application/spdx+json"
        let registry = MemoryRegistry()
        try setup.push(to: registry)
        let unlike = setup
        await #expect(throws: VerificationError.self) { try await unlike.verify(in: registry) }
        #expect(registry.fetches == 0)
    }

    @Test func badSignaturesDoNotHideAGoodOne() async throws {
        let registry = MemoryRegistry()
        for index in 0..<10 {
            var bad = try NotationSetup(index.isMultiple(of: 2) ? .jws : .cose)
            bad.recipe.signingTime = .signing(Int64(index))
            bad.recipe.changeSignature = { $0[0] ^= 1 }
            try bad.push(to: registry)
        }
        let good = try NotationSetup()
        try good.push(to: registry)
        if case .ignored = try await good.verify(in: registry).result { Issue.record("ignored") }

        var limits = NotationVerifier.Limits()
        limits.newestSignatures = 10
        limits.otherSignatures = 0
        let bounds = limits
        let error = await #expect(throws: VerificationError.self) {
            try await good.verify(in: registry, limits: bounds)
        }
        #expect(error?.findings.count == 10)
        #expect(error?.message.contains("(10 were looked at, 1 beyond the limits were not;") == true)
        // The newest is looked at first.
        var late = good
        late.created = .signing(100)
        try late.push(to: registry)
        if case .ignored = try await good.verify(in: registry, limits: bounds).result { Issue.record("ignored") }
    }

    /// Nothing is judged any more once the work is cancelled.
    @Test func cancelledSearches() async throws {
        let setup = try NotationSetup()
        let registry = MemoryRegistry()
        try setup.push(to: registry)
        let work = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await setup.verify(in: registry)
        }
        work.cancel()
        let error = await #expect(throws: VerificationError.self) { _ = try await work.value }
        #expect(error?.code == .lookup)
        #expect(registry.fetches == 0)
    }

    @Test func lookupsThatFail() async throws {
        let setup = try NotationSetup()
        let registry = MemoryRegistry()
        registry.breakDown("referrers")
        let error = await #expect(throws: VerificationError.self) { try await setup.verify(in: registry) }
        #expect(error?.code == .lookup && error?.isRetryable == true)
    }

    @Test func hostileBytes() async throws {
        for format in NotationRecipe.Format.allCases {
            let sound = try NotationSetup(format)
            let bytes = try sound.recipe.envelope()
            let cuts = stride(from: 0, to: bytes.count, by: 97).map { Array(bytes.prefix($0)) }
            let heads: [[UInt8]] = [
                [], [0xd2, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0xd2, 0x84, 0x5f, 0xff],
                [0xd2, 0x84, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0xd2, 0x84, 0xbf, 0xff],
                [0xd2, 0x84, 0x40, 0xa1, 0xf9, 0x00, 0x00, 0x01, 0x40, 0x40], [0xd2, 0x84, 0x61, 0xff],
                Array(repeating: 0x81, count: 100_000), Array("{}".utf8), Array("[]".utf8), [0xd2, 0x80],
            ]
            for hostile in cuts + heads {
                var setup = sound
                setup.recipe.changeEnvelope = { $0 = hostile }
                let frozen = setup
                let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
                #expect(error?.findings.count == 1)
            }
        }
    }

    /// An envelope that Notation itself made (`ca_valid_sig_env.json` of notation-go's tests).
    @Test(.enabled(if: ProcessInfo.processInfo.environment["NOTATION_FIXTURES"] != nil, "NOTATION_FIXTURES is not set"))
    func anEnvelopeOfNotation() async throws {
        let folder = ProcessInfo.processInfo.environment["NOTATION_FIXTURES"] ?? ""
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/ca_valid_sig_env.json")))
        let json = try JSONValue(parsing: bytes)
        let root = try #require(json.at("header.x5c.1")?.stringValue.flatMap { Base64.decode($0) })
        var setup = try NotationSetup()
        setup.recipe.changeEnvelope = { $0 = bytes }
        setup.certificates = ["root.crt": root]
        setup.edit("trustedIdentities", ["x509.subject: C=US, S=WA, O=Notary, L=Seattle"])
        setup.now = try #require(Timestamp(rfc3339: "2022-07-30T00:00:00Z"))
        setup.descriptor = Descriptor(
            mediaType: .dockerManifest,
            digest: try Digest(
                parsing: "sha256:60043cf45eaebc4c0867fea485a039b598f52fd09fd5b07b0b2d2f88fad9d74e"), size: 528)
        #expect(try await setup.verified() != nil)
    }
}
