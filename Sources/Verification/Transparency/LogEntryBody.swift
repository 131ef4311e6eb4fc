internal import Core
internal import Cryptography

/// Compares a log's entry with the signature it comes with: same signature, same signer, same signed bytes.
///
/// The entry is what the log vouches for. If it were about something else, the log would vouch for nothing here.
struct LogEntryBody: Sendable {
    /// Who made the signature: what the entry must name.
    enum Signer: Sendable {
        case certificate(Certificate)
        case key(PublicKey)

        /// The bytes inside of the PEM block that entries of version 1 name the signer by.
        var der: [UInt8] {
            switch self {
            case .certificate(let certificate): certificate.der
            case .key(let key): key.subjectPublicKeyInfo
            }
        }

        var pemLabel: String {
            switch self {
            case .certificate: "CERTIFICATE"
            case .key: "PUBLIC KEY"
            }
        }
    }

    /// What is signed.
    enum Subject: Sendable {
        /// The artifact itself, by its digests; those of other algorithms than the entry's are not needed.
        case artifact([Digest])
        case envelope(DSSEEnvelope)
    }

    let signer: Signer
    let signature: [UInt8]
    let subject: Subject

    /// Fails unless the entry is of a known kind and about this signature.
    func verify(_ entry: LogEntry) throws(Rejection) {
        let body: JSONValue
        do {
            body = try JSONValue(
                parsing: entry.body, limits: JSONLimits(bytes: Bundle.maximumSize, depth: 16, values: 10_000))
        } catch {
            throw Rejection(.logEntry, "the log entry is no valid JSON: \(shown(error.description))")
        }
        let isOfKind = Self.same(body["kind"], entry.kind) && Self.same(body["apiVersion"], entry.version)
        guard isOfKind else {  // check: kind-version
            throw Rejection(.logEntry, "the log entry is of another kind or version than it is said to be")
        }
        switch (entry.kind, entry.version, subject) {
        case ("hashedrekord", "0.0.1", .artifact(let digests)), ("rekord", "0.0.1", .artifact(let digests)):
            try verifyHashed(body, digests)
        case ("dsse", "0.0.1", .envelope(let envelope)): try verifyDSSE(body, envelope)
        case ("intoto", "0.0.2", .envelope(let envelope)): try verifyInToto(body, envelope)
        case ("hashedrekord", "0.0.2", _): try verifyRebuilt(entry.body, try rebuiltHashed())
        case ("dsse", "0.0.2", .envelope(let envelope)):
            try verifyRebuilt(entry.body, try rebuiltDSSE(envelope))
        default:
            throw Rejection(
                .unsupported,
                "log entries of kind '\(shown(entry.kind))', version '\(shown(entry.version))' are not supported here")
        }
    }

    private func verifyHashed(_ body: JSONValue, _ digests: [Digest]) throws(Rejection) {
        let hash = body.member(at: "spec", "data", "hash")
        let isOfArtifact = digests.contains { Self.isHash(hash, $0) }
        guard isOfArtifact else {  // check: entry-digest
            throw Rejection(.logEntry, "the log entry is for another artifact")
        }
        let signature = body.member(at: "spec", "signature")
        guard Self.decoded(signature?["content"]) == self.signature else {  // check: entry-signature
            throw Rejection(.logEntry, "the log entry is for another signature")
        }
        let publicKey = signature?.member(at: "publicKey", "content")
        guard isSigner(publicKey) else {  // check: entry-signer
            throw Rejection(.logEntry, "the log entry is for another key or certificate")
        }
    }

    private func verifyDSSE(_ body: JSONValue, _ envelope: DSSEEnvelope) throws(Rejection) {
        let signatures = body.member(at: "spec", "signatures")?.arrayValue ?? []
        guard signatures.count == 1 else {  // check: entry-dsse-count
            throw Rejection(.logEntry, "the log entry does not have one signature")
        }
        guard Self.decoded(signatures.first?["signature"]) == signature else {  // check: entry-dsse-signature
            throw Rejection(.logEntry, "the log entry is for another signature")
        }
        guard isSigner(signatures.first?["verifier"]) else {  // check: entry-dsse-signer
            throw Rejection(.logEntry, "the log entry is for another key or certificate")
        }
        let hash = body.member(at: "spec", "payloadHash")
        guard Self.isHash(hash, Digest.of(envelope.payload)) else {  // check: entry-dsse-payload
            throw Rejection(.logEntry, "the log entry is for another payload")
        }
    }

    private func verifyInToto(_ body: JSONValue, _ envelope: DSSEEnvelope) throws(Rejection) {
        let content = body.member(at: "spec", "content")
        let signatures = content?.member(at: "envelope", "signatures")?.arrayValue ?? []
        guard signatures.count == 1 else {  // check: entry-intoto-count
            throw Rejection(.logEntry, "the log entry does not have one signature")
        }
        // The kind encodes twice.
        let encoded = Self.decoded(signatures.first?["sig"]).flatMap { Base64.decode($0) }
        guard encoded == signature else {  // check: entry-intoto-signature
            throw Rejection(.logEntry, "the log entry is for another signature")
        }
        guard isSigner(signatures.first?["publicKey"]) else {  // check: entry-intoto-signer
            throw Rejection(.logEntry, "the log entry is for another key or certificate")
        }
        guard Self.isHash(content?["payloadHash"], Digest.of(envelope.payload)) else {  // check: entry-intoto-payload
            throw Rejection(.logEntry, "the log entry is for another payload")
        }
    }

    private func verifyRebuilt(_ body: [UInt8], _ expected: JSONValue) throws(Rejection) {
        guard body == (try? expected.canonical()) else {  // check: entry-rebuilt
            throw Rejection(.logEntry, "the log entry is not the one of this signature, signer and artifact")
        }
    }

    /// The entry that Rekor version 2 makes of this signature.
    private func rebuiltHashed() throws(Rejection) -> JSONValue {
        let scheme = try scheme()
        let digest: Digest
        switch subject {
        case .artifact(let digests):
            guard let match = digests.first(where: { $0.algorithm == scheme.hash }) else {
                throw Rejection(.logEntry, "the log entry needs the artifact's \(scheme.hash) digest")
            }
            digest = match
        case .envelope(let envelope): digest = Digest.of(envelope.signedBytes, scheme.hash)
        }
        return [
            "apiVersion": "0.0.2", "kind": "hashedrekord",
            "spec": [
                "hashedRekordV002": [
                    "data": [
                        "algorithm": .string(HashNames.protobuf(scheme.hash)),
                        "digest": .string(Base64.encode(digest.bytes)),
                    ],
                    "signature": signatureAndVerifier(scheme.details),
                ]
            ],
        ]
    }

    private func rebuiltDSSE(_ envelope: DSSEEnvelope) throws(Rejection) -> JSONValue {
        [
            "apiVersion": "0.0.2", "kind": "dsse",
            "spec": [
                "dsseV002": [
                    "payloadHash": [
                        "algorithm": "SHA2_256", "digest": .string(Base64.encode(Digest.of(envelope.payload).bytes)),
                    ],
                    "signatures": [signatureAndVerifier(try scheme().details)],
                ]
            ],
        ]
    }

    private func signatureAndVerifier(_ details: String) -> JSONValue {
        let rawBytes: JSONValue = ["rawBytes": .string(Base64.encode(signer.der))]
        let verifier: JSONValue =
            switch signer {
            case .certificate: ["keyDetails": .string(details), "x509Certificate": rawBytes]
            case .key: ["keyDetails": .string(details), "publicKey": rawBytes]
            }
        return ["content": .string(Base64.encode(signature)), "verifier": verifier]
    }

    /// What a signer's key is called in version 2 of the log, and its hash.
    private func scheme() throws(Rejection) -> (details: String, hash: Digest.Algorithm) {
        let kind: KeyKind
        switch signer {
        case .key(let key): kind = key.kind
        case .certificate(let certificate):
            do {
                kind = try certificate.publicKey().kind
            } catch {
                throw Rejection(.unsupported, "the certificate's key is not usable: \(error.message)")
            }
        }
        switch kind {
        case .ecdsa(.p256): return ("PKIX_ECDSA_P256_SHA_256", .sha256)
        case .ecdsa(.p384): return ("PKIX_ECDSA_P384_SHA_384", .sha384)
        case .ecdsa(.p521): return ("PKIX_ECDSA_P521_SHA_512", .sha512)
        case .rsa(let bits): return ("PKIX_RSA_PKCS1V15_\(bits)_SHA256", .sha256)
        case .ed25519: throw Rejection(.unsupported, "log entries of version 2 for Ed25519 keys are not supported")
        }
    }

    /// Whether the base64 text is one PEM block with the signer's certificate or key.
    private func isSigner(_ value: JSONValue?) -> Bool {
        guard let text = Self.decoded(value), let blocks = try? PEMBlock.parseAll(text), blocks.count == 1 else {
            return false
        }
        return blocks[0].label == signer.pemLabel && blocks[0].bytes == signer.der
    }

    private static func same(_ value: JSONValue?, _ text: String) -> Bool {
        value?.stringValue.map { $0.utf8.elementsEqual(text.utf8) } ?? false
    }

    private static func isHash(_ value: JSONValue?, _ digest: Digest) -> Bool {
        same(value?["algorithm"], digest.algorithm.rawValue) && same(value?["value"], digest.hex)
    }

    private static func decoded(_ value: JSONValue?) -> [UInt8]? {
        guard let bytes = value?.stringValue.flatMap({ Base64.decode($0) }), !bytes.isEmpty else { return nil }
        return bytes
    }
}
