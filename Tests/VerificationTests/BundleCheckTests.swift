import Core
import Cryptography
import TestPKI
import Testing
import Verification
import VerificationFixtures

/// For every check of the verifier, a bundle that fails for its sake alone.
struct BundleCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        /// The tag of the check in the source.
        let check: String
        let kind: BundleRecipe.EntryKind
        /// nil when the trusted root is refused rather than the signature.
        let code: Rejection.Code?
        let change: @Sendable (inout BundleSetup) throws -> Void

        init(
            _ check: String, _ code: Rejection.Code?, in kind: BundleRecipe.EntryKind = .dsseV1,
            _ change: @escaping @Sendable (inout BundleSetup) throws -> Void
        ) {
            self.check = check
            self.kind = kind
            self.code = code
            self.change = change
        }

        var testDescription: String { check }
    }

    static let entry = "verificationMaterial.tlogEntries.0"

    /// A bundle whose time comes from a timestamp rather than from the log's promise.
    static func stamped(_ setup: inout BundleSetup) {
        setup.recipe.entryTime = nil
        setup.recipe.stamps = [{ _ in }]
    }

    static let shape: [Case] = [
        Case("root-media-type", nil) { $0.trust["mediaType"] = "application/json" },
        Case("root-hash-algorithm", nil) { $0.trust.edit("tlogs.0.hashAlgorithm", "SHA2_512") },
        Case("root-log-start", nil) { $0.trust.edit("tlogs.0.publicKey.validFor.start", nil) },
        Case("root-key-details", nil) { $0.trust.edit("ctlogs.0.publicKey.keyDetails", "PKIX_ECDSA_P384_SHA_384") },
        Case("root-log-count", nil) { setup in
            let log = setup.trust.at("tlogs.0") ?? .null
            setup.trust.edit("tlogs", .array(Array(repeating: log, count: 5)))
        },
        Case("root-some-log", nil) { $0.trust.edit("ctlogs.0.publicKey.keyDetails", "PKIX_ML_DSA_65") },
        Case("root-checkpoint-id", nil) { $0.trust.edit("tlogs.0.checkpointKeyId", ["keyId": "AQID"]) },
        Case("unknown-member", .unsupported) { $0.recipe.changeBundle = { $0["futureMember"] = [:] } },
        Case("one-material", .malformed) {
            try $0.useKey()
            $0.recipe.changeBundle = { $0.edit("verificationMaterial.certificate", ["rawBytes": "AA=="]) }
        },
        Case("chain-version", .malformed) {
            $0.recipe.changeBundle = { bundle in
                let certificate = bundle.at("verificationMaterial.certificate") ?? .null
                bundle.edit("verificationMaterial.certificate", nil)
                bundle.edit("verificationMaterial.x509CertificateChain", ["certificates": [certificate]])
            }
        },
        Case("promise-required", .logProof) {
            stamped(&$0)
            $0.recipe.version = "application/vnd.dev.sigstore.bundle+json;version=0.1"
        },
        Case("proof-required", .logProof) { $0.recipe.changeBundle = { $0.edit("\(entry).inclusionProof", nil) } },
        Case("repeated-entry", .malformed) {
            $0.recipe.changeBundle = { bundle in
                let first = bundle.at(entry) ?? .null
                bundle.edit("verificationMaterial.tlogEntries", [first, first])
            }
        },
        Case("log-index", .malformed) {
            stamped(&$0)
            $0.recipe.changeBundle = { $0.edit("\(entry).logIndex", "-1") }
        },
        Case("one-dsse-signature", .malformed) {
            $0.recipe.changeBundle = { bundle in
                let first = bundle.at("dsseEnvelope.signatures.0") ?? .null
                bundle.edit("dsseEnvelope.signatures", [first, first])
            }
        },
    ]

    static let content: [Case] = [
        Case("statement-type", .unsupported) { $0.recipe.statement["_type"] = "https://in-toto.io/Statement/v9" },
        Case("payload-type", .unsupported) { $0.recipe.payloadType = "application/json" },
        Case("predicate-type", .otherStatement) {
            $0.recipe.statement["predicateType"] = "https://spdx.dev/Document"
        },
        Case("subject", .wrongArtifact) {
            $0.recipe.statement.edit("subject.0.digest.sha256", .string(Digest.of("other").hex))
        },
        Case("message-digest", .wrongArtifact, in: .hashedV1) {
            $0.recipe.changeBundle = {
                $0.edit("messageSignature.messageDigest.digest", .string(Base64.encode(Digest.of("other").bytes)))
            }
        },
        Case("signature", .invalidSignature) { $0.recipe.forgerKey = try PrivateKey.generate(.ecdsa(.p256)) },
        // A signature over other bytes than the envelope's.
        Case("signature", .invalidSignature) { $0.recipe.signedEnvelope = Array("other".utf8) },
        Case("identity", .identity) {
            $0.policy = try SignaturePolicy(identities: [
                IdentityMatcher(issuer: .exact(BundleRecipe.issuer), subject: .exact("mallory"))
            ])
        },
        Case("identity", .identity) {
            $0.policy = try SignaturePolicy(identities: [
                IdentityMatcher(issuer: .exact("https://issuer.test"), subject: .exact(BundleRecipe.identity))
            ])
        },
        // Issuer of one matcher, subject of another.
        Case("identity", .identity) {
            $0.policy = try SignaturePolicy(identities: [
                IdentityMatcher(issuer: .exact(BundleRecipe.issuer), subject: .exact("mallory")),
                IdentityMatcher(issuer: .exact("https://issuer.test"), subject: .exact(BundleRecipe.identity)),
            ])
        },
        // Names that only signatures in '.sig' tags may have.
        Case("(primary name)", .identity) {
            $0.recipe.changeLeaf = { $0.extensions[2] = .alternativeNames([GeneralName.dns("host.test")]) }
            $0.policy = try SignaturePolicy(identities: SignaturePolicy.anyIdentity)
        },
        Case("identity-controls", .identity) {
            $0.recipe.changeLeaf = { $0.extensions[2] = .alternativeNames([GeneralName.uri("https://x\u{1}")]) }
            $0.policy = try SignaturePolicy(identities: SignaturePolicy.anyIdentity)
        },
        Case("issuer-agreement", .identity) {
            $0.recipe.changeLeaf = { $0.extensions[3].value = Array("https://other.test".utf8) }
        },
    ]

    static let log: [Case] = [
        Case("set-signature", .logProof) { $0.recipe.promiseKey = try PrivateKey.generate(.ecdsa(.p256)) },
        Case("log-window", .outsideWindow) {
            $0.trust.edit("tlogs.0.publicKey.validFor.end", .string(Timestamp.signing(4).rfc3339))
        },
        Case("log-window", .outsideWindow) {
            $0.trust.edit("tlogs.0.publicKey.validFor.start", .string(Timestamp.signing(6).rfc3339))
        },
        Case("log-window-v2", .outsideWindow, in: .hashedV2) {
            $0.trust.edit("tlogs.1.publicKey.validFor.end", .string(Timestamp.signing(5).rfc3339))
        },
        Case("checkpoint-root", .logProof) { $0.recipe.changeNote = { $0.root = Digest.of("other").bytes } },
        Case("checkpoint-size", .logProof) { $0.recipe.changeNote = { $0.size = 7 } },
        Case("inclusion", .logProof) {
            $0.recipe.changeBundle = {
                $0.edit("\(entry).inclusionProof.hashes.1", .string(Base64.encode(Digest.of("other").bytes)))
            }
        },
        // Another place in the tree.
        Case("inclusion", .logProof) { $0.recipe.changeBundle = { $0.edit("\(entry).inclusionProof.logIndex", "2") } },
        Case("v2-index", .logProof, in: .dsseV2) { $0.recipe.changeBundle = { $0.edit("\(entry).logIndex", "4") } },
        Case("v2-origin", .logProof, in: .dsseV2) {
            $0.recipe.changeNote = {
                $0.origin = "other.test"
                $0.signerName = "other.test"
            }
        },
        Case("v2-signer-name", .logProof, in: .dsseV2) { $0.recipe.changeNote = { $0.signerName = "other.test" } },
        Case("checkpoint-key-id", .logProof) { $0.recipe.changeNote = { $0.keyID = [1, 2, 3, 4] } },
        Case("checkpoint-signer", .logProof) {
            $0.recipe.changeNote = {
                $0.hasOwnLine = false
                $0.after = ["\u{2014} witness.test AAAAAAAAAAAA"]
            }
        },
        Case("checkpoint-signature", .logProof) { $0.recipe.changeNote = { $0.hasWrongSignature = true } },
        Case("checkpoint-lines", .logProof) { $0.recipe.changeNote = { $0.copies = 5 } },
        // The log's name is not its key's, where the trusted root says so.
        Case("checkpoint-key-id", .logProof) {
            $0.trust.edit("tlogs.0.checkpointKeyId", ["keyId": .string(Base64.encode(Digest.of("other").bytes))])
        },
        Case("checkpoint-signature", .logProof, in: .dsseV2) {
            let forger = try PrivateKey.generate(.ed25519)
            $0.recipe.changeNote = { $0.key = forger }
        },
        Case("kind-version", .logEntry) { $0.recipe.changeBody = { $0["kind"] = "hashedrekord" } },
        Case("kind-version", .logEntry) { $0.recipe.changeBody = { $0["apiVersion"] = "0.0.9" } },
        Case("log-threshold", .unknownLog) {
            stamped(&$0)
            $0.trust.edit("tlogs", [])
        },
        // Two entries of one log are one party.
        Case("log-threshold", .unknownLog) {
            stamped(&$0)
            $0.policy.logThreshold = 2
            $0.recipe.changeBundle = { bundle in
                var second = bundle.at(entry) ?? .null
                second["logIndex"] = "2003"
                bundle.edit("verificationMaterial.tlogEntries", [bundle.at(entry) ?? .null, second])
            }
        },
        Case("integrated-time-in-leaf", .expired) {
            stamped(&$0)
            $0.recipe.changeBundle = { $0.edit("\(entry).integratedTime", .integer(Timestamp.signing(601).seconds)) }
        },
    ]

    static let bodies: [Case] = [
        Case("entry-digest", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = { $0.edit("spec.data.hash.value", .string(Digest.of("other").hex)) }
        },
        Case("entry-digest", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = { $0.edit("spec.data.hash.algorithm", "sha512") }
        },
        Case("entry-signature", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = { $0.edit("spec.signature.content", "AAAA") }
        },
        Case("entry-signature", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = { $0.edit("spec.signature.content", "") }
        },
        Case("entry-signer", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = otherSigner("spec.signature.publicKey.content")
        },
        // Two blocks, the signer's first.
        Case("entry-signer", .logEntry, in: .hashedV1) {
            $0.recipe.changeBody = { body in
                let path = "spec.signature.publicKey.content"
                let pem = body.at(path)?.stringValue.flatMap { Base64.decode($0) } ?? []
                body.edit(path, .string(Base64.encode(pem + pem)))
            }
        },
        Case("entry-dsse-count", .logEntry) {
            $0.recipe.changeBody = { body in
                let first = body.at("spec.signatures.0") ?? .null
                body.edit("spec.signatures", [first, first])
            }
        },
        Case("entry-dsse-signature", .logEntry) {
            $0.recipe.changeBody = { $0.edit("spec.signatures.0.signature", "AAAA") }
        },
        Case("entry-dsse-signer", .logEntry) { $0.recipe.changeBody = otherSigner("spec.signatures.0.verifier") },
        Case("entry-dsse-payload", .logEntry) {
            $0.recipe.changeBody = { $0.edit("spec.payloadHash.value", .string(Digest.of("other").hex)) }
        },
        Case("entry-intoto-count", .logEntry, in: .intotoV2) {
            $0.recipe.changeBody = { body in
                let first = body.at("spec.content.envelope.signatures.0") ?? .null
                body.edit("spec.content.envelope.signatures", [first, first])
            }
        },
        Case("entry-intoto-signature", .logEntry, in: .intotoV2) {
            $0.recipe.changeBody = { $0.edit("spec.content.envelope.signatures.0.sig", "QUFBQQ==") }
        },
        Case("entry-intoto-signer", .logEntry, in: .intotoV2) {
            $0.recipe.changeBody = otherSigner("spec.content.envelope.signatures.0.publicKey")
        },
        Case("entry-intoto-payload", .logEntry, in: .intotoV2) {
            $0.recipe.changeBody = { $0.edit("spec.content.payloadHash.value", .string(Digest.of("other").hex)) }
        },
        Case("entry-rebuilt", .logEntry, in: .hashedV2) {
            $0.recipe.changeBody = {
                $0.edit("spec.hashedRekordV002.data.digest", .string(Base64.encode(Digest.of("other").bytes)))
            }
        },
        Case("entry-rebuilt", .logEntry, in: .dsseV2) {
            $0.recipe.changeBody = { $0.edit("spec.dsseV002.signatures.0.content", "AAAA") }
        },
    ]

    static let certificates: [Case] = [
        Case("some-time", .time) {
            $0.recipe.entryTime = nil
            // The anchor is the issuer, so that nothing else can fail.
            $0.trust.edit("certificateAuthorities.0.certChain.certificates.1", nil)
        },
        Case("authority-window", .outsideWindow) {
            $0.trust.edit("certificateAuthorities.0.validFor.end", .string(Timestamp.signing(4).rfc3339))
        },
        Case("authority-window", .outsideWindow) {
            $0.trust.edit("certificateAuthorities.0.validFor.start", .string(Timestamp.signing(6).rfc3339))
        },
        Case("sct-signature", .certificateLog) {
            var forged = $0.recipe.instance.certificateLog
            forged.key = try PrivateKey.generate(.ecdsa(.p256))
            $0.recipe.certificateLogs = [forged]
        },
        Case("sct-window", .certificateLog) {
            $0.trust.edit("ctlogs.0.publicKey.validFor.end", .string(Timestamp.signing(-1).rfc3339))
        },
        Case("sct-threshold", .certificateLog) { $0.recipe.certificateLogs = nil },
        // Two promises of one log are one party.
        Case("sct-threshold", .certificateLog) {
            $0.policy.certificateLogThreshold = 2
            let log = $0.recipe.instance.certificateLog
            $0.recipe.certificateLogs = [log, log]
        },
        Case("leaf-validity", .expired) {
            $0.recipe.entryTime = nil; $0.recipe.stamps = [{ $0.time = .signing(601) }]
        },
        // One of two trusted times is outside.
        Case("leaf-validity", .expired) { $0.recipe.stamps = [{ $0.time = .signing(-1) }] },
        Case("leaf-usage", .certificate) {
            $0.recipe.changeLeaf = { $0.extensions[1] = .extendedKeyUsage([.timeStamping]) }
        },
        Case("leaf-usage", .certificate) { $0.recipe.changeLeaf = { $0.extensions.remove(at: 1) } },
        Case("tsa-window", .outsideWindow, in: .dsseV2) {
            $0.trust.edit("timestampAuthorities.0.validFor.end", .string(Timestamp.signing(5).rfc3339))
        },
        Case("tsa-imprint", .time, in: .dsseV2) { $0.recipe.stampedBytes = Array("other".utf8) },
        // The first timestamp takes every attempt.
        Case("tsa-attempts", .time, in: .dsseV2) { setup in
            let authority = setup.trust.at("timestampAuthorities.0") ?? .null
            var former = authority
            former.edit("validFor.end", .string(Timestamp.signing(5).rfc3339))
            setup.trust.edit("timestampAuthorities", .array(Array(repeating: former, count: 63) + [authority]))
            setup.recipe.stamps = [{ $0.imprintBytes = Digest.of("other").bytes }, { _ in }]
        },
        Case("not granted", .time, in: .dsseV2) { $0.recipe.stamps = [{ $0.status = 2 }] },
        Case("timestamp-threshold", .time) { $0.policy.timestampThreshold = 1 },
        // Two tokens of one authority are one party.
        Case("timestamp-threshold", .time) {
            $0.policy.timestampThreshold = 2
            $0.recipe.stamps = [{ _ in }, { $0.time = .signing(7) }]
        },
    ]

    static let all = shape + content + log + bodies + certificates

    @Test(arguments: all)
    func refuses(_ item: Case) throws {
        var setup = try BundleSetup(item.kind)
        try item.change(&setup)
        if let code = item.code {
            let rejection = #expect(throws: Rejection.self) { try setup.verify() }
            #expect(rejection?.code == code, "\(rejection.map { "\($0)" } ?? "")")
        } else {
            let error = #expect(throws: VerificationError.self) { try setup.verify() }
            #expect(error?.code == .trustedRoot)
        }
    }

    /// Replaces the PEM that a path leads to by another certificate.
    private static func otherSigner(_ path: String) -> @Sendable (inout JSONValue) -> Void {
        { body in
            let pem = (try? BundleSetup.instance.get())?.root.pem ?? ""
            body.edit(path, .string(Base64.encode(Array(pem.utf8))))
        }
    }
}
