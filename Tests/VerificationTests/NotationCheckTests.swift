import Core
import OCI
import TestPKI
import Testing
import Verification
import VerificationFixtures

@testable import Cryptography

/// For every check of Notation verification, a signature that fails for its sake alone.
struct NotationCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let check: String
        let format: NotationRecipe.Format
        let code: Rejection.Code
        let change: @Sendable (inout NotationSetup) throws -> Void

        var testDescription: String { "\(check) (\(format))" }
    }

    typealias Change = @Sendable (inout NotationSetup) throws -> Void

    static func both(_ check: String, _ code: Rejection.Code, _ change: @escaping Change) -> [Case] {
        NotationRecipe.Format.allCases.map { Case(check: check, format: $0, code: code, change: change) }
    }

    static func only(
        _ format: NotationRecipe.Format, _ check: String, _ code: Rejection.Code, _ change: @escaping Change
    ) -> [Case] {
        [Case(check: check, format: format, code: code, change: change)]
    }

    static let envelopes: [[Case]] = [
        only(.cose, "cbor-trailing", .malformed) { $0.recipe.changeEnvelope = { $0.append(0xf6) } },
        only(.cose, "cbor-limits", .malformed) {
            $0.recipe.rawPairs = [CBOR.text("deep") + Array(repeating: 0x81, count: 6) + CBOR.integer(1)]
        },
        only(.cose, "cbor-limits", .malformed) {
            $0.recipe.rawPairs = [CBOR.text("wide") + CBOR.array(Array(repeating: CBOR.integer(1), count: 1024))]
        },
        only(.cose, "cbor-duplicate", .malformed) {
            $0.recipe.rawPairs = [CBOR.text("a") + CBOR.integer(1), CBOR.text("a") + CBOR.integer(1)]
        },
        only(.cose, "cbor-shortest", .malformed) { $0.recipe.rawPairs = [CBOR.text("a") + [0x18, 0x17]] },
        only(.cose, "notation-envelope-size", .malformed) {
            $0.recipe.rawPairs = [CBOR.text("a") + CBOR.bytes([UInt8](repeating: 0, count: 1 << 20))]
            $0.claimedSize = 10
        },
        // The same key, but another name than the one that the leaf says issued it.
        both("issuance-name", .certificate) { setup in
            let keys = setup.recipe.keys
            setup.recipe.changeChain = { chain in
                chain[1] = try CertificateBuilder.authority(
                    "another", key: keys.intermediate.publicKey, notBefore: SigstoreInstance.start,
                    notAfter: SigstoreInstance.end
                ).signed(by: keys.root, issuer: chain[2])
            }
        },
        both("issuance-algorithm", .certificate) {
            $0.recipe.changeLeaf = { $0.statedAlgorithm = CertificateBuilder.algorithm(.ecdsa(.p521)) }
        },
        both("notation-layer-size", .malformed) { $0.claimedSize = 2 << 20 },
        both("notation-content-type", .unsupported) { $0.recipe.contentType = "application/json" },
        both("notation-plugin", .unsupported) { $0.recipe.protected["io.cncf.notary.verificationPlugin"] = "x" },
        both("notation-critical-twice", .malformed) {
            $0.recipe.critical = ["io.cncf.notary.signingScheme", "io.cncf.notary.signingScheme"]
        },
        both("notation-critical-unknown", .unsupported) {
            $0.recipe.protected["acme"] = "x"
            $0.recipe.critical = ["io.cncf.notary.signingScheme", "acme"]
        },
        both("notation-critical-absent", .malformed) {
            $0.recipe.critical = ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]
        },
        both("notation-critical-required", .malformed) { $0.recipe.critical = [] },
        both("notation-critical-required", .malformed) {
            $0.recipe.critical = ["io.cncf.notary.signingScheme"]
            $0.recipe.expiry = .signing(100)
        },
        both("notation-critical-required", .malformed) {
            $0.useAuthority()
            $0.recipe.critical = ["io.cncf.notary.signingScheme"]
        },
        both("notation-scheme-time", .malformed) { $0.recipe.signingTime = nil },
        both("notation-scheme-other-time", .malformed) { $0.recipe.authenticSigningTime = .signing() },
        both("notation-scheme-other-time", .malformed) {
            $0.useAuthority()
            $0.recipe.signingTime = .signing()
        },
        both("notation-expiry-order", .malformed) {
            $0.recipe.signingTime = .signing(1000)
            $0.recipe.expiry = .signing(1000)
        },
        only(.jws, "jws-disjoint", .malformed) { $0.recipe.protected["x5c"] = "x" },
        only(.cose, "cose-disjoint", .malformed) {
            $0.recipe.protected["acme"] = "x"
            $0.recipe.unprotected["acme"] = "x"
        },
        only(.jws, "unknown-member", .unsupported) {
            $0.recipe.changeEnvelope = {
                $0.replaceSubrange($0.indices.suffix(1), with: Array(",\"signatures\":[]}".utf8))
            }
        },
        both("(scheme)", .unsupported) { $0.recipe.scheme = "notary.x509.other" },
        both("(algorithm)", .unsupported) { $0.recipe.algorithm = "none" },
        both("(key)", .unsupported) {
            $0.recipe.signerKey = try PrivateKey.generate(.rsa(bits: 2304))
            $0.recipe.algorithm = "PS256"
        },
        both("(media type)", .unsupported) { $0.layerType = "application/octet-stream" },
        both("(layers)", .malformed) { $0.layerCount = 2 },
    ]

    static let content: [[Case]] = [
        both("notation-digest", .wrongArtifact) {
            $0.recipe.payload.edit("targetArtifact.digest", .string(Digest.of("other").description))
        },
        both("notation-size", .wrongArtifact) { $0.recipe.payload.edit("targetArtifact.size", 501) },
        both("notation-media-type", .wrongArtifact) {
            $0.recipe.payload.edit("targetArtifact.mediaType", .string(MediaType.dockerManifest.description))
        },
        both("notation-algorithm", .malformed) { $0.recipe.algorithm = "ES384" },
        both("notation-signature", .invalidSignature) { $0.recipe.changeSignature = { $0[0] ^= 1 } },
        // DER instead of r ‖ s.
        both("notation-signature", .invalidSignature) {
            $0.recipe.changeSignature = { $0 = ECDSASignature.der(fromRaw: $0, .p256) ?? [] }
        },
    ]

    static let chains: [[Case]] =
        [
            both("chain-root", .certificate) {
                $0.certificates = ["x.crt": Array(try $0.recipe.intermediate().pem.utf8)]
                $0.recipe.changeChain = { $0.removeLast() }
            },
            both("chain-order", .certificate) { setup in
                let recipe = setup.recipe
                setup.recipe.changeChain = { chain in
                    chain[1] = try CertificateBuilder.authority(
                        "notation intermediate", key: recipe.keys.other.publicKey, notBefore: SigstoreInstance.start,
                        notAfter: SigstoreInstance.end
                    ).signed(by: recipe.keys.root, issuer: try recipe.root())
                }
            },
            both("chain-critical", .certificate) {
                $0.recipe.changeLeaf = { $0.extensions.append(.init("1.2.3.4", critical: true, DERWriter.null())) }
            },
            both("chain-leaf-authority", .certificate) {
                $0.recipe.changeLeaf = { $0.extensions.append(.basicConstraints(isAuthority: true)) }
            },
            both("chain-leaf-usage-critical", .certificate) {
                $0.recipe.changeLeaf = { $0.extensions[0] = .keyUsage([0], critical: false) }
            },
            both("chain-leaf-usage", .certificate) { $0.recipe.changeLeaf = { $0.extensions[0] = .keyUsage([1]) } },
            both("chain-leaf-other-usage", .certificate) {
                $0.recipe.changeLeaf = { $0.extensions[0] = .keyUsage([0, 2]) }
            },
            both("chain-authority", .certificate) {
                $0.recipe.changeIntermediate = { $0.extensions[0] = .basicConstraints(isAuthority: false) }
            },
            both("chain-path-length", .certificate) {
                $0.recipe.changeRoot = { $0.extensions[0] = .basicConstraints(isAuthority: true, pathLength: 0) }
            },
            both("chain-authority-usage-critical", .certificate) {
                $0.recipe.changeIntermediate = { $0.extensions[1] = .keyUsage([5, 6], critical: false) }
            },
            both("chain-authority-usage", .certificate) {
                $0.recipe.changeIntermediate = { $0.extensions[1] = .keyUsage([6]) }
            },
        ]
        + [
            "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", .timeStamping, "1.3.6.1.5.5.7.3.9",
            .anyExtendedKeyUsage,
        ].map { (usage: OID) in
            both("chain-leaf-extended-usage", .certificate) {
                $0.recipe.changeLeaf = { $0.extensions[1] = .extendedKeyUsage([.codeSigning, usage]) }
            }
        }

    static let trust: [[Case]] = [
        both("notation-store-type", .untrusted) { setup in
            setup.edit("trustStores", ["ca:other", "signingAuthority:acme"])
            setup.certificates = [
                "signingAuthority.acme.crt": Array(try setup.recipe.root().pem.utf8),
                "ca.other.crt": Array(setup.recipe.timestampRoot.pem.utf8),
            ]
        },
        // The same key and name, but not the same certificate.
        both("(trust store)", .untrusted) {
            var other = $0.recipe
            other.changeRoot = { $0.serial = 77 }
            $0.certificates = ["x.crt": Array(try other.root().pem.utf8)]
        },
        both("(trust store's name)", .untrusted) {
            $0.certificates = ["ca.other.crt": Array(try $0.recipe.root().pem.utf8)]
        },
        both("notation-identity", .identity) {
            $0.edit("trustedIdentities", ["x509.subject: C=US, ST=WA, O=Acme\\, Rockets, CN=other"])
        },
        // One letter, composed differently.
        both("notation-identity", .identity) {
            $0.edit("trustedIdentities", ["x509.subject: C=US, ST=WA, O=Caf\u{e9}"])
            $0.recipe.changeLeaf = { $0.subject[2].1 = "Cafe\u{301}" }
        },
        both("subject-required", .identity) { $0.recipe.changeLeaf = { $0.subject.remove(at: 1) } },
        both("subject-duplicate", .identity) {
            $0.edit("trustedIdentities", ["x509.subject: C=US, ST=WA, O=Acme\\, Rockets"])
            $0.recipe.changeLeaf = { $0.subject.append(("2.5.4.10", "Acme, Rockets")) }
        },
        both("(attribute)", .identity) {
            $0.recipe.changeLeaf = { $0.subject.append(("1.2.840.113549.1.9.1", "a@example.org")) }
        },
        both("notation-expiry", .expired) {
            $0.recipe.signingTime = .signing(-100)
            $0.recipe.expiry = .signing()
        },
        both("notation-chain-validity", .expired) { $0.now = Timestamp(seconds: SigstoreInstance.end.seconds + 1) },
        both("notation-chain-validity", .expired) {
            $0.useAuthority()
            $0.recipe.changeIntermediate = { $0.notAfter = .signing(-1) }
        },
    ]

    static let timestamps: [[Case]] = [
        both("(timestamp)", .time) {
            try $0.useTimestamp()
            $0.recipe.stamp = nil
        },
        both("notation-timestamp-v2", .time) { setup in
            try setup.useTimestamp {
                $0.hasSigningCertificateAttribute = false
                $0.oldAttributeHash = SHA1.hash($0.certificate.der)
            }
        },
        // OpenSSL asks for no key usage of a timestamp authority.
        both("notation-timestamp-chain", .time) { setup in
            let recipe = setup.recipe
            try setup.useTimestamp { mint in
                mint.certificate = try recipe.timestampLeaf { $0.extensions.removeFirst() }
                mint.embedded = [mint.certificate]
            }
        },
        both("notation-tsa-store", .time) { setup in
            try setup.useTimestamp()
            setup.certificates?["tsa.stamps.pem"] = Array(try setup.recipe.root().pem.utf8)
            setup.certificates?["ca.acme.crt"]? += Array(setup.recipe.timestampRoot.pem.utf8)
        },
        both("tsa-imprint", .time) {
            try $0.useTimestamp()
            $0.recipe.stampedBytes = Array("other".utf8)
        },
        both("notation-chain-validity", .expired) {
            $0.recipe.changeLeaf = { $0.notAfter = .signing(-1) }
            try $0.useTimestamp()
        },
        // The time is within, but not as exact as it takes.
        both("notation-chain-validity", .expired) {
            $0.recipe.changeLeaf = { $0.notAfter = .signing(1) }
            try $0.useTimestamp { $0.accuracySeconds = 2 }
        },
        both("notation-chain-validity", .expired) {
            $0.recipe.changeLeaf = { $0.notBefore = .signing(-1) }
            try $0.useTimestamp { $0.accuracySeconds = 2 }
        },
        both("(baseline policy)", .expired) {
            $0.recipe.changeLeaf = { $0.notAfter = .signing() }
            try $0.useTimestamp { $0.policy = "0.4.0.2023.1.1" }
        },
    ]

    static let all = (envelopes + content + chains + trust + timestamps).flatMap(\.self)

    @Test(arguments: all)
    func refuses(_ item: Case) async throws {
        var setup = try NotationSetup(item.format)
        try item.change(&setup)
        let frozen = setup
        let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
        #expect(error?.findings.map(\.rejection.code) == [item.code], "\(error?.message ?? "")")
    }

    /// What the cases change is the only thing that is wrong with them.
    @Test(arguments: NotationRecipe.Format.allCases)
    func soundSetups(_ format: NotationRecipe.Format) async throws {
        #expect(try await NotationSetup(format).verified() != nil)
        var authority = try NotationSetup(format)
        authority.useAuthority()
        #expect(try await authority.verified() != nil)
        var stamped = try NotationSetup(format)
        try stamped.useTimestamp { $0.accuracySeconds = 2 }
        stamped.now = Timestamp(seconds: SigstoreInstance.end.seconds + 1)
        #expect(try await stamped.verified()?.times.isEmpty == false)
    }
}
