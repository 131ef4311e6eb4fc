import Core
import Cryptography
import OCI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// What we sign verifies here and with OpenSSL, and only for what was signed.
struct SigningTests {
    private static let kinds: [KeyKind] = [.rsa(bits: 2048), .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521), .ed25519]
    private static let digest = Digest.of("manifest")
    private static let subject = Descriptor(mediaType: .ociManifest, digest: digest, size: 8)

    private static func verify(_ bundle: [UInt8], _ key: PublicKey, _ digest: Digest = digest) throws {
        let verified = try BundleVerifier(policy: try SignaturePolicy(keys: [key]), trust: nil)
            .verify(try Bundle(parsing: bundle), artifact: .digest(digest))
        #expect(verified.predicateType == "https://sigstore.dev/cosign/sign/v1")
        #expect(verified.format == .bundle)
    }

    @Test(arguments: kinds)
    func bundles(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let bundle = try ArtifactSigner(key: key).bundle(of: Self.digest)
        try Self.verify(bundle, key.publicKey)
        #expect(throws: Rejection.self) { try Self.verify(bundle, key.publicKey, Digest.of("another")) }
        let other = try PrivateKey.generate(kind).publicKey
        #expect(throws: Rejection.self) { try Self.verify(bundle, other) }
    }

    @Test func theShapeOfABundle() throws {
        let key = try PrivateKey.generate(.ecdsa(.p256))
        let value = try JSONValue(parsing: try ArtifactSigner(key: key).bundle(of: Self.digest))
        #expect(value["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json")
        #expect(
            value["verificationMaterial"] == [
                "publicKey": ["hint": .string(Base64.encode(key.publicKey.fingerprint.bytes))]
            ])
        let envelope = try #require(value["dsseEnvelope"])
        #expect(envelope["payloadType"] == "application/vnd.in-toto+json")
        let payload = try #require(Base64.decode(envelope["payload"]?.stringValue ?? ""))
        #expect(
            try JSONValue(parsing: payload) == [
                "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://sigstore.dev/cosign/sign/v1",
                "predicate": [:], "subject": [["digest": ["sha256": .string(Self.digest.hex)]]],
            ])
    }

    @Test func theShapeOfAReferrer() throws {
        let bundle = Array("bundle".utf8)
        let referrer = BundleReferrer(bundle: bundle, of: Self.subject, created: Timestamp(seconds: 0))
        let type = "application/vnd.dev.sigstore.bundle.v0.3+json"
        #expect(
            try JSONValue(parsing: referrer.manifest.serialized()) == [
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactType": .string(type),
                "config": [
                    "mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                    "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                ],
                "layers": [
                    ["mediaType": .string(type), "size": 6, "digest": .string(Digest.of(bundle).description)]
                ],
                "subject": [
                    "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 8,
                    "digest": .string(Self.digest.description),
                ],
                "annotations": [
                    "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
                    "dev.sigstore.bundle.content": "dsse-envelope",
                    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
                ],
            ])
    }

    @Test(arguments: kinds)
    func layersOfATag(_ kind: KeyKind) async throws {
        let key = try PrivateKey.generate(kind)
        let signer = ArtifactSigner(key: key)
        let signature = try signer.simpleSignature(of: Self.digest, repository: "registry.test/repo")
        #expect(signer.hasSigned(signature.payload, annotations: signature.annotations))
        #expect(!signer.hasSigned(signature.payload + [0x20], annotations: signature.annotations))
        #expect(!signer.hasSigned(signature.payload, annotations: [:]))
        // Beside the signature of somebody else.
        let other = try ArtifactSigner(key: try PrivateKey.generate(.ed25519))
            .simpleSignature(of: Self.digest, repository: "registry.test/repo")
        let first = SignatureImage(adding: other, to: nil)
        let image = SignatureImage(adding: signature, to: first.manifest)
        #expect(image.manifest.layers == first.manifest.layers + [SignatureImage.layer(signature)])
        #expect(
            try JSONValue(parsing: image.config).member(at: "rootfs", "diff_ids")
                == .array(image.manifest.layers.map { .string($0.digest.description) }))
        let registry = MemoryRegistry()
        registry.addSignatures(
            of: Self.digest, [other, signature].map { ($0.payload, $0.annotations) })
        let verified = try await CosignVerifier(policy: try SignaturePolicy(keys: [key.publicKey]), trust: nil)
            .verify(Self.digest, reference: "registry.test/repo", in: registry)
        #expect(verified.format == .simpleSigning)
    }

    @Test(arguments: kinds)
    func openSSLVerifiesTheSignatures(_ kind: KeyKind) async throws {
        let folder = try TemporaryDirectory()
        let key = try PrivateKey.generate(kind)
        let signer = ArtifactSigner(key: key)
        try folder.write(key.publicKey.pem, to: "key.pub")
        let envelope = try #require(
            try JSONValue(parsing: try signer.bundle(of: Self.digest))["dsseEnvelope"])
        let payload = try #require(Base64.decode(envelope["payload"]?.stringValue ?? ""))
        let signature = Base64.decode(envelope["signatures"]?.arrayValue?.first?["sig"]?.stringValue ?? "")
        let type = "application/vnd.in-toto+json"
        let simple = try signer.simpleSignature(of: Self.digest, repository: "registry.test/repo")
        let annotation = simple.annotations["dev.cosignproject.cosign/signature"] ?? ""
        for (message, signature) in [
            (Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload, signature),
            (simple.payload, Base64.decode(annotation)),
        ] {
            try folder.write(message, to: "message")
            try folder.write(try #require(signature), to: "signature")
            let arguments =
                kind == .ed25519
                ? [
                    "pkeyutl", "-verify", "-pubin", "-inkey", folder.file("key.pub"), "-rawin", "-in",
                    folder.file("message"), "-sigfile", folder.file("signature"),
                ]
                : [
                    "dgst", "-sha256", "-verify", folder.file("key.pub"), "-signature", folder.file("signature"),
                    folder.file("message"),
                ]
            let outcome = try await CommandLineTool.run("openssl", arguments)
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errorOutput)")
        }
    }

    @Test func severalDigestsAreAsGoodAsTheBytes() throws {
        let digests = Digest.Algorithm.allCases.map { Digest.of(Array("x".utf8), $0) }
        let key = try PrivateKey.generate(.ecdsa(.p256))
        let bundle = try Bundle(parsing: try ArtifactSigner(key: key).bundle(of: digests[0]))
        let verifier = BundleVerifier(policy: try SignaturePolicy(keys: [key.publicKey]), trust: nil)
        #expect(throws: Never.self) { try verifier.verify(bundle, artifact: .digests(digests)) }
        #expect(throws: Rejection.self) { try verifier.verify(bundle, artifact: .digests([digests[1], digests[2]])) }
    }
}
