package import Core
package import Cryptography

/// A whole Sigstore instance with keys of its own: certificate authority, certificate log, transparency logs of both
/// versions, timestamp authority.
package struct SigstoreInstance {
    /// When everything is signed, if a recipe says nothing else.
    package static let now = Timestamp(seconds: 1_700_000_000)
    package static let start = Timestamp(seconds: 1_600_000_000)
    package static let end = Timestamp(seconds: 1_900_000_000)

    package let rootKey: PrivateKey
    package let root: Certificate
    package let intermediateKey: PrivateKey
    package let intermediate: Certificate
    package let certificateLog: CertificateLog
    package let logV1Key: PrivateKey
    package let logV2Key: PrivateKey
    package let timestampRootKey: PrivateKey
    package let timestampRoot: Certificate
    package let timestampKey: PrivateKey
    package let timestampLeaf: Certificate

    /// One instance for every test that changes nothing of it: making keys takes the time.
    package static let shared = Result { try SigstoreInstance() }

    package static let originV1 = "rekor.test - 4711"
    package static let originV2 = "log2.test"

    package init() throws {
        rootKey = try PrivateKey.generate(.ecdsa(.p384))
        root = try CertificateBuilder.authority(
            "root", key: rootKey.publicKey, notBefore: Self.start, notAfter: Self.end
        ).signed(by: rootKey)
        intermediateKey = try PrivateKey.generate(.ecdsa(.p384))
        intermediate = try CertificateBuilder.authority(
            "intermediate", key: intermediateKey.publicKey, notBefore: Self.start, notAfter: Self.end, serial: 2,
            usages: [.codeSigning]
        ).signed(by: rootKey, issuer: root)
        certificateLog = CertificateLog(key: try PrivateKey.generate(.ecdsa(.p256)), time: Self.now)
        logV1Key = try PrivateKey.generate(.ecdsa(.p256))
        logV2Key = try PrivateKey.generate(.ed25519)
        timestampRootKey = try PrivateKey.generate(.ecdsa(.p384))
        timestampRoot = try CertificateBuilder.authority(
            "timestamps", key: timestampRootKey.publicKey, notBefore: Self.start, notAfter: Self.end
        ).signed(by: timestampRootKey)
        timestampKey = try PrivateKey.generate(.ecdsa(.p256))
        timestampLeaf = try CertificateBuilder(
            subject: [("2.5.4.3", "stamp")], serial: 3, notBefore: Self.start, notAfter: Self.end,
            key: timestampKey.publicKey,
            extensions: [.keyUsage([0]), .extendedKeyUsage([.timeStamping], critical: true)]
        ).signed(by: timestampRootKey, issuer: timestampRoot)
    }

    /// What entries name the log of version 1 by.
    package var logV1ID: [UInt8] { logV1Key.publicKey.fingerprint.bytes }

    /// What entries name the log of version 2 by.
    package var logV2ID: [UInt8] {
        Digest.of(Array("\(Self.originV2)\n".utf8) + [1] + logV2Key.publicKey.subjectPublicKeyInfo.suffix(32)).bytes
    }

    /// The instance's `trusted_root.json`.
    package var trustedRoot: JSONValue {
        func window() -> JSONValue { ["start": .string(Self.start.rfc3339), "end": .string(Self.end.rfc3339)] }
        func log(_ url: String, _ key: PublicKey, _ details: String, _ id: [UInt8]) -> JSONValue {
            [
                "baseUrl": .string(url), "hashAlgorithm": "SHA2_256",
                "publicKey": [
                    "rawBytes": .string(Base64.encode(key.subjectPublicKeyInfo)), "keyDetails": .string(details),
                    "validFor": window(),
                ],
                "logId": ["keyId": .string(Base64.encode(id))],
            ]
        }
        func chain(_ certificates: [Certificate]) -> JSONValue {
            ["certificates": .array(certificates.map { ["rawBytes": .string(Base64.encode($0.der))] })]
        }
        return [
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log("https://rekor.test", logV1Key.publicKey, "PKIX_ECDSA_P256_SHA_256", logV1ID),
                log("https://log2.test:443/x", logV2Key.publicKey, "PKIX_ED25519", logV2ID),
            ],
            "ctlogs": [
                log(
                    "https://ct.test", certificateLog.key.publicKey, "PKIX_ECDSA_P256_SHA_256", certificateLog.logID)
            ],
            "certificateAuthorities": [
                [
                    "subject": ["organization": "test", "commonName": "ca"], "uri": "https://fulcio.test",
                    "certChain": chain([intermediate, root]), "validFor": window(),
                ]
            ],
            "timestampAuthorities": [
                [
                    "subject": ["organization": "test", "commonName": "tsa"], "uri": "https://tsa.test",
                    "certChain": chain([timestampLeaf, timestampRoot]), "validFor": window(),
                ]
            ],
        ]
    }
}
