internal import Core
internal import Cryptography
internal import OCI
internal import TestPKI
internal import Verification
internal import VerificationFixtures

/// What Sigstore's signatures are made of.
extension FuzzTarget {
    static func signatures(_ corpus: FuzzCorpus) throws -> [FuzzTarget] {
        let trust = try TrustedRoot(parsing: try corpus.context("trusted-root"))
        let identities = try SignaturePolicy(identities: BundleSetup.matchers)
        let key = try corpus.key("signer")
        var keys = try SignaturePolicy(keys: [key.publicKey])
        let artifact = Digest.of(Array("artifact".utf8))

        /// The times other than those of the log and of the authority. Of these two, one is enough.
        @Sendable func times(_ signature: VerifiedSignature) -> [Timestamp] {
            signature.times.filter { ![Timestamp.signing(5), .signing(6)].contains($0) }
        }
        @Sendable func judge(_ bundle: [UInt8], _ policy: SignaturePolicy) throws -> String {
            let verified = try BundleVerifier(policy: policy, trust: trust)
                .verify(Bundle(parsing: bundle), artifact: .digest(artifact))
            return "\(verified) \(times(verified)) \(verified.predicateType ?? "")"
        }
        @Sendable func judge(_ document: JSONValue, _ policy: SignaturePolicy) throws -> String {
            try judge(document.serialized(), policy)
        }
        @Sendable func judge(_ registry: MemoryRegistry) async throws -> String {
            let verified = try await CosignVerifier(policy: identities, trust: trust)
                .verify(artifact, reference: "registry.test/repo", in: registry)
            return "\(verified) \(times(verified))"
        }

        let envelope = try corpus.document("keyed-bundle")
        let noted = ["v1": try corpus.document("bundle-v1"), "v2": try corpus.document("bundle-v2")]
        let promised = try corpus.document("promised-bundle"), logKey = try corpus.key("log")
        let annotations = try corpus.document("legacy-annotations").objectValue?.compactMapValues(\.stringValue) ?? [:]
        let payload = try corpus.context("legacy-payload")
        keys.logThreshold = 0
        let keyPolicy = keys
        return [
            try FuzzTarget("bundle", corpus) { input, _ in try judge(input, identities) },
            try FuzzTarget("dsse", corpus) { input, _ in
                // Put in as text, so that what is no JSON value gets as far as it can.
                var bundle = envelope
                bundle["dsseEnvelope"] = nil
                return try judge(
                    bundle.serialized().dropLast() + Array(",\"dsseEnvelope\":".utf8) + input + [0x7d], keyPolicy)
            },
            // Signed afresh, so that what is read after the signature held is reached.
            try FuzzTarget("statement", corpus) { input, _ in
                var bundle = envelope
                let type = "application/vnd.in-toto+json"
                let signed = Array("DSSEv1 \(type.utf8.count) \(type) \(input.count) ".utf8) + input
                bundle.edit("dsseEnvelope.payload", .string(Base64.encode(input)))
                bundle.edit("dsseEnvelope.signatures.0.sig", .string(Base64.encode(try key.sign(signed))))
                return try judge(bundle, keyPolicy)
            },
            try FuzzTarget("checkpoint", corpus) { input, seed in
                var bundle = noted[seed.name] ?? .null
                bundle.edit(
                    "verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope",
                    .string(String(decoding: input, as: UTF8.self)))
                return try judge(bundle, identities)
            },
            try FuzzTarget("set", corpus) { input, seed in
                guard seed.name == "annotation" else {
                    var bundle = promised
                    bundle.edit(
                        "verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp",
                        .string(Base64.encode(input)))
                    return try judge(bundle, identities)
                }
                let registry = MemoryRegistry()
                var changed = annotations
                changed["dev.sigstore.cosign/bundle"] = String(decoding: input, as: UTF8.self)
                registry.addSignatures(of: artifact, [(payload, changed)])
                return try await judge(registry)
            },
            // Promised afresh.
            try FuzzTarget("log-entry", corpus) { input, _ in
                var bundle = promised
                let entry = "verificationMaterial.tlogEntries.0"
                let signed: JSONValue = [
                    "body": .string(Base64.encode(input)),
                    "integratedTime": .integer(
                        bundle.at("\(entry).integratedTime")?.stringValue.flatMap { Int64($0) } ?? 0),
                    "logID": .string(Hexadecimal.encode(logKey.publicKey.fingerprint.bytes)), "logIndex": 1003,
                ]
                bundle.edit("\(entry).canonicalizedBody", .string(Base64.encode(input)))
                bundle.edit(
                    "\(entry).inclusionPromise.signedEntryTimestamp",
                    .string(Base64.encode(try logKey.sign(try signed.canonical()))))
                return try judge(bundle, identities)
            },
            try FuzzTarget("legacy", corpus) { input, seed in
                let registry = MemoryRegistry()
                if seed.name == "payload" {
                    registry.addSignatures(of: artifact, [(input, annotations)])
                } else {
                    var changed = annotations
                    changed[seed.name] = String(decoding: input, as: UTF8.self)
                    registry.addSignatures(of: artifact, [(payload, changed)])
                }
                return try await judge(registry)
            },
        ]
    }
}
