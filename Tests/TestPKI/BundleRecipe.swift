package import Core
package import Cryptography

/// How to make a signature, in every step: change one step, and everything after it follows soundly.
package struct BundleRecipe {
    /// The kind of the log's entry.
    package enum EntryKind: String, Sendable, CaseIterable {
        case hashedV1 = "hashedrekord 0.0.1"
        case rekordV1 = "rekord 0.0.1"
        case dsseV1 = "dsse 0.0.1"
        case intotoV2 = "intoto 0.0.2"
        case hashedV2 = "hashedrekord 0.0.2"
        case dsseV2 = "dsse 0.0.2"

        var isOfVersion2: Bool { self == .hashedV2 || self == .dsseV2 }
    }

    /// The parts of a checkpoint.
    package struct Note {
        package var origin: String
        package var size: Int
        package var root: [UInt8]
        package var extra: [String] = []
        package var signerName: String
        package var keyID: [UInt8]
        package var key: PrivateKey
        /// Lines put before and after the log's own.
        package var before: [String] = []
        package var after: [String] = []
        package var hasOwnLine = true
        /// How often the log's own line comes.
        package var copies = 1
        /// Signs something else.
        package var hasWrongSignature = false

        func text() throws -> String {
            let body = ([origin, String(size), Base64.encode(root)] + extra).joined(separator: "\n") + "\n"
            let signature = try key.sign(Array((hasWrongSignature ? "x" + body : body).utf8))
            let own = "\u{2014} \(signerName) \(Base64.encode(keyID + signature))"
            let lines = before + Array(repeating: own, count: hasOwnLine ? copies : 0) + after
            return body + "\n" + lines.joined(separator: "\n") + "\n"
        }
    }

    package let instance: SigstoreInstance
    package var version = "application/vnd.dev.sigstore.bundle.v0.3+json"
    package var isEnvelope = true
    package var entryKind = EntryKind.dsseV1
    package var artifact: [UInt8] = Array("artifact".utf8)
    /// Whether a key signs rather than a certificate's holder.
    package var isKeyed = false
    package var signerKey: PrivateKey
    /// Signs in place of the signer.
    package var forgerKey: PrivateKey?
    package var algorithm: SignatureAlgorithm?
    package var statement: JSONValue
    package var payload: [UInt8]?
    package var payloadType = "application/vnd.in-toto+json"
    /// Signed in place of the envelope's type and payload.
    package var signedEnvelope: [UInt8]?
    package var changeLeaf: (inout CertificateBuilder) -> Void = { _ in }
    /// nil for none, even no list.
    package var certificateLogs: [CertificateLog]?
    package var certificateIssuer: (key: PrivateKey, certificate: Certificate)?
    package var changeBody: (inout JSONValue) -> Void = { _ in }
    package var entryTime: Timestamp? = Timestamp(seconds: SigstoreInstance.now.seconds + 5)
    package var promiseKey: PrivateKey?
    package var changeNote: (inout Note) -> Void = { _ in }
    package var stamps: [(inout TimestampMint) -> Void] = []
    package var stampedBytes: [UInt8]?
    package var changeBundle: (inout JSONValue) -> Void = { _ in }

    package static let identity = "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main"
    package static let issuer = "https://token.actions.githubusercontent.com"
    package static let cosign = "https://sigstore.dev/cosign/sign/v1"

    package init(_ instance: SigstoreInstance, _ kind: EntryKind = .dsseV1) throws {
        self.instance = instance
        signerKey = try PrivateKey.generate(.ecdsa(.p256))
        certificateLogs = [instance.certificateLog]
        entryKind = kind
        isEnvelope = kind != .hashedV1 && kind != .rekordV1
        statement = [
            "_type": "https://in-toto.io/Statement/v1", "predicateType": .string(Self.cosign), "predicate": [:],
            "subject": [["digest": ["sha256": .string(Digest.of(artifact).hex)]]],
        ]
        if kind.isOfVersion2 {
            entryTime = nil
            stamps = [{ _ in }]
        }
    }

    package static func fulcioExtensions(_ issuer: String = issuer) -> [CertificateBuilder.Extension] {
        [
            .init("1.3.6.1.4.1.57264.1.1", Array(issuer.utf8)), .init("1.3.6.1.4.1.57264.1.8", DERWriter.utf8(issuer)),
        ]
    }

    /// Makes the statement one about the manifest with this digest.
    package mutating func state(_ digest: Digest, predicateType: String = BundleRecipe.cosign) {
        statement = [
            "_type": "https://in-toto.io/Statement/v1", "predicateType": .string(predicateType), "predicate": [:],
            "subject": [["digest": [digest.algorithm.rawValue: .string(digest.hex)]]],
        ]
    }

    /// The signer's certificate.
    package func leaf() throws -> Certificate {
        var builder = CertificateBuilder(
            subject: [], serial: 77, notBefore: SigstoreInstance.now,
            notAfter: Timestamp(seconds: SigstoreInstance.now.seconds + 600), key: signerKey.publicKey,
            extensions: [
                .keyUsage([0]), .extendedKeyUsage([.codeSigning]),
                .alternativeNames([GeneralName.uri(Self.identity)]),
            ] + Self.fulcioExtensions())
        changeLeaf(&builder)
        let issuer = certificateIssuer ?? (instance.intermediateKey, instance.intermediate)
        guard let certificateLogs else { return try builder.signed(by: issuer.key, issuer: issuer.certificate) }
        return try builder.signed(by: issuer.key, issuer: issuer.certificate, logs: certificateLogs)
    }

    /// The bundle.
    package func bundle() throws -> JSONValue {
        let leaf = isKeyed ? nil : try leaf()
        let payload = payload ?? statement.serialized()
        let envelope = Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
        let signature = try (forgerKey ?? signerKey).sign(isEnvelope ? signedEnvelope ?? envelope : artifact, algorithm)

        var material: JSONValue = ["tlogEntries": []]
        if let leaf {
            let certificate: JSONValue = ["rawBytes": .string(Base64.encode(leaf.der))]
            if version.hasSuffix("version=0.1") || version.hasSuffix("version=0.2") {
                material["x509CertificateChain"] = ["certificates": [certificate]]
            } else {
                material["certificate"] = certificate
            }
        } else {
            material["publicKey"] = ["hint": .string(Base64.encode(signerKey.publicKey.fingerprint.bytes))]
        }
        let verifier = leaf?.der ?? signerKey.publicKey.subjectPublicKeyInfo
        var body = body(signature, payload, envelope, verifier, isCertificate: leaf != nil)
        changeBody(&body)
        material["tlogEntries"] = [try entry(body)]
        if !stamps.isEmpty {
            let responses = try stamps.map { change in
                var mint = TimestampMint(
                    key: instance.timestampKey, certificate: instance.timestampLeaf,
                    time: Timestamp(seconds: SigstoreInstance.now.seconds + 6))
                change(&mint)
                return try mint.response(over: stampedBytes ?? signature)
            }
            material["timestampVerificationData"] = [
                "rfc3161Timestamps": .array(responses.map { ["signedTimestamp": .string(Base64.encode($0))] })
            ]
        }
        var bundle: JSONValue = ["mediaType": .string(version), "verificationMaterial": material]
        if isEnvelope {
            bundle["dsseEnvelope"] = [
                "payload": .string(Base64.encode(payload)), "payloadType": .string(payloadType),
                "signatures": [["sig": .string(Base64.encode(signature))]],
            ]
        } else {
            bundle["messageSignature"] = [
                "messageDigest": [
                    "algorithm": "SHA2_256", "digest": .string(Base64.encode(Digest.of(artifact).bytes)),
                ],
                "signature": .string(Base64.encode(signature)),
            ]
        }
        changeBundle(&bundle)
        return bundle
    }

    private func body(
        _ signature: [UInt8], _ payload: [UInt8], _ envelope: [UInt8], _ verifier: [UInt8], isCertificate: Bool
    ) -> JSONValue {
        let pem = PEMBlock(label: isCertificate ? "CERTIFICATE" : "PUBLIC KEY", bytes: verifier).text
        let encodedPEM = JSONValue.string(Base64.encode(Array(pem.utf8)))
        let encodedSignature = JSONValue.string(Base64.encode(signature))
        func hash(_ bytes: [UInt8]) -> JSONValue {
            ["algorithm": "sha256", "value": .string(Digest.of(bytes).hex)]
        }
        func protobufHash(_ bytes: [UInt8]) -> JSONValue {
            ["algorithm": "SHA2_256", "digest": .string(Base64.encode(Digest.of(bytes).bytes))]
        }
        var verifierMessage: JSONValue = ["keyDetails": "PKIX_ECDSA_P256_SHA_256"]
        verifierMessage[isCertificate ? "x509Certificate" : "publicKey"] = [
            "rawBytes": .string(Base64.encode(verifier))
        ]
        let spec: JSONValue =
            switch entryKind {
            case .hashedV1, .rekordV1:
                [
                    "data": ["hash": hash(artifact)],
                    "signature": ["content": encodedSignature, "publicKey": ["content": encodedPEM]],
                ]
            case .dsseV1:
                [
                    "envelopeHash": hash([]), "payloadHash": hash(payload),
                    "signatures": [["signature": encodedSignature, "verifier": encodedPEM]],
                ]
            case .intotoV2:
                [
                    "content": [
                        "envelope": [
                            "payloadType": .string(payloadType),
                            "signatures": [
                                [
                                    "publicKey": encodedPEM,
                                    "sig": .string(Base64.encode(Array(Base64.encode(signature).utf8))),
                                ]
                            ],
                        ],
                        "hash": hash([]), "payloadHash": hash(payload),
                    ]
                ]
            case .hashedV2:
                [
                    "hashedRekordV002": [
                        "data": protobufHash(isEnvelope ? envelope : artifact),
                        "signature": ["content": encodedSignature, "verifier": verifierMessage],
                    ]
                ]
            case .dsseV2:
                [
                    "dsseV002": [
                        "payloadHash": protobufHash(payload),
                        "signatures": [["content": encodedSignature, "verifier": verifierMessage]],
                    ]
                ]
            }
        let parts = entryKind.rawValue.split(separator: " ")
        return ["kind": .string(String(parts[0])), "apiVersion": .string(String(parts[1])), "spec": spec]
    }

    private func entry(_ content: JSONValue) throws -> JSONValue {
        let body = content.serialized()
        let isV2 = entryKind.isOfVersion2
        let logID = isV2 ? instance.logV2ID : instance.logV1ID
        let leaves = [[1], [2], [3], body, [5], [6]] as [[UInt8]]
        let globalIndex = isV2 ? 3 : 1_003
        var note = Note(
            origin: isV2 ? SigstoreInstance.originV2 : SigstoreInstance.originV1, size: leaves.count,
            root: MerkleOracle.root(leaves[...]), signerName: isV2 ? SigstoreInstance.originV2 : "rekor.test",
            keyID: Array(logID.prefix(4)), key: isV2 ? instance.logV2Key : instance.logV1Key)
        changeNote(&note)
        let parts = entryKind.rawValue.split(separator: " ")
        var entry: JSONValue = [
            "logIndex": .string(String(globalIndex)), "logId": ["keyId": .string(Base64.encode(logID))],
            "kindVersion": ["kind": .string(String(parts[0])), "version": .string(String(parts[1]))],
            "inclusionProof": [
                "logIndex": "3", "treeSize": .string(String(leaves.count)),
                "rootHash": .string(Base64.encode(MerkleOracle.root(leaves[...]))),
                "hashes": .array(MerkleOracle.path(3, leaves[...]).map { .string(Base64.encode($0)) }),
                "checkpoint": ["envelope": .string(try note.text())],
            ],
            "canonicalizedBody": .string(Base64.encode(body)),
        ]
        if let entryTime {
            entry["integratedTime"] = .string(String(entryTime.seconds))
            let promise = try promise(body, entryTime, logID, globalIndex)
            entry["inclusionPromise"] = ["signedEntryTimestamp": .string(Base64.encode(promise))]
        }
        return entry
    }

    private func promise(_ body: [UInt8], _ time: Timestamp, _ logID: [UInt8], _ index: Int) throws -> [UInt8] {
        let signed: JSONValue = [
            "body": .string(Base64.encode(body)), "integratedTime": .integer(time.seconds),
            "logID": .string(Hexadecimal.encode(logID)), "logIndex": .integer(Int64(index)),
        ]
        return try (promiseKey ?? instance.logV1Key).sign(try signed.canonical())
    }
}
