package import Core
package import Cryptography
internal import OCI

/// Signs manifests with a private key, in the two forms that cosign stores. Nothing is put into a transparency log.
package struct ArtifactSigner: Sendable {
    /// What a layer of a `.sig` tag is made of.
    package struct SimpleSignature: Sendable, Hashable {
        /// The layer's blob.
        package let payload: [UInt8]
        /// The layer's annotations.
        package let annotations: [String: String]
    }

    private let key: PrivateKey

    /// A signer with this key.
    package init(key: PrivateKey) { self.key = key }

    /// SHA-256 for every curve: verifiers with a key (Flux, cosign 2) try no other hash, and newer ones take it too.
    private var algorithm: SignatureAlgorithm {
        if case .ecdsa = key.publicKey.kind { .ecdsa(.sha256) } else { key.publicKey.kind.defaultAlgorithm }
    }

    /// A Sigstore bundle (0.3) with an envelope that says that the manifest with this digest is signed.
    /// - Throws: `CryptographyError` (`.signing`).
    package func bundle(of digest: Digest) throws(CryptographyError) -> [UInt8] {
        let unsigned = DSSEEnvelope(
            payloadType: InTotoStatement.payloadType, payload: InTotoStatement.cosignSignature(of: digest),
            signature: [])
        let signature = try key.sign(unsigned.signedBytes, algorithm)
        let value: JSONValue = [
            "mediaType": .string(BundleReferrer.mediaType.description),
            "verificationMaterial": [
                "publicKey": ["hint": .string(Base64.encode(key.publicKey.fingerprint.bytes))]
            ],
            "dsseEnvelope": [
                "payload": .string(Base64.encode(unsigned.payload)), "payloadType": .string(unsigned.payloadType),
                "signatures": [["sig": .string(Base64.encode(signature))]],
            ],
        ]
        return value.serialized()
    }

    /// A signature as cosign 2 stores it, of the manifest with this digest.
    /// - Parameter repository: the repository's name, which nobody verifies.
    /// - Throws: `CryptographyError` (`.signing`).
    package func simpleSignature(
        of digest: Digest, repository: String
    ) throws(CryptographyError) -> SimpleSignature {
        let payload = SimpleSigningPayload.make(digest, reference: repository)
        let signature = try key.sign(payload, algorithm)
        return SimpleSignature(
            payload: payload, annotations: [LegacySignature.signatureKey: Base64.encode(signature)])
    }

    /// Whether a layer of a `.sig` tag is a signature with this key over `payload`.
    package func hasSigned(_ payload: [UInt8], annotations: [String: String]) -> Bool {
        guard let text = annotations[LegacySignature.signatureKey], let signature = Base64.decode(text) else {
            return false
        }
        return key.publicKey.isValidSignature(signature, over: payload, algorithm)
    }
}
