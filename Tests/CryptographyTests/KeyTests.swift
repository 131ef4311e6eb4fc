import Core
import Cryptography
import TestSupport
import Testing

struct KeyTests {
    static let kinds: [KeyKind] = [.rsa(bits: 2048), .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521), .ed25519]
    static let message = Array("the message".utf8)

    @Test(arguments: kinds)
    func signaturesHold(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        #expect(key.publicKey.kind == kind)
        var algorithms = [kind.defaultAlgorithm]
        if case .rsa = kind { algorithms += [.rsaPSS(.sha256), .rsaPSS(.sha384), .rsaPKCS1(.sha512)] }
        if case .ecdsa = kind { algorithms += [.ecdsa(.sha256)] }
        for algorithm in algorithms {
            let signature = try key.sign(Self.message, algorithm)
            #expect(key.publicKey.isValidSignature(signature, over: Self.message, algorithm))
            #expect(!key.publicKey.isValidSignature(signature, over: Self.message + [0], algorithm))
            #expect(!key.publicKey.isValidSignature([], over: Self.message, algorithm))
            #expect(!key.publicKey.isValidSignature(signature + [0], over: Self.message, algorithm))
            var changed = signature
            changed[changed.count - 1] ^= 1
            #expect(!key.publicKey.isValidSignature(changed, over: Self.message, algorithm))
            let other = try PrivateKey.generate(kind).publicKey
            #expect(!other.isValidSignature(signature, over: Self.message, algorithm))
            if let hash = algorithm.hash {
                let digest = Digest.of(Self.message, hash)
                #expect(key.publicKey.isValidSignature(signature, overDigest: digest, algorithm))
                #expect(!key.publicKey.isValidSignature(signature, overDigest: Digest.of([], hash), algorithm))
            }
        }
    }

    @Test(arguments: kinds)
    func algorithmsOfOtherKindsFail(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let signature = try key.sign(Self.message)
        let all: [SignatureAlgorithm] = [.rsaPKCS1(.sha256), .rsaPSS(.sha256), .ecdsa(.sha256), .ed25519]
        for algorithm in all where algorithm != kind.defaultAlgorithm {
            let isOwnKind = if case .ecdsa = kind, case .ecdsa = algorithm { true } else { false }
            guard !isOwnKind else { continue }
            #expect(!key.publicKey.isValidSignature(signature, over: Self.message, algorithm))
        }
    }

    @Test(arguments: kinds)
    func encodingsRoundTrip(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        #expect(try PublicKey(pem: Array(key.publicKey.pem.utf8)) == key.publicKey)
        #expect(try PrivateKey(pem: Array(key.pem().revealed.utf8)).publicKey == key.publicKey)
        #expect(key.publicKey.fingerprint == Digest.of(key.publicKey.subjectPublicKeyInfo))
        #expect("\(try key.pem())" == "[redacted]")
    }

    /// Whoever names a key decides how long verifying with it takes.
    @Test(
        arguments: [
            ([3], true), ([1, 0, 1], true), ([0x7f, 0xff, 0xff, 0xff], true), ([1], false), ([2], false),
            ([1, 0, 0], false),
            ([0x80, 0, 0, 1], false), ([UInt8](repeating: 0x55, count: 255), false),
        ] as [([UInt8], Bool)])
    func exponents(_ exponent: [UInt8], _ isAccepted: Bool) throws {
        let der = DERWriter.sequence(
            DERWriter.integer(unsigned: [UInt8](repeating: 0xc5, count: 256)), DERWriter.integer(unsigned: exponent))
        guard !isAccepted else {
            #expect(try PublicKey(pkcs1: der).kind == .rsa(bits: 2048))
            return
        }
        let error = #expect(throws: CryptographyError.self) { try PublicKey(pkcs1: der) }
        #expect(error?.code == .unsupportedKey && error?.message.contains("exponent") == true)
    }

    /// `openssl` signs what we verify and verifies what we sign.
    @Test(arguments: [
        ("EC", ["ec_paramgen_curve:P-256"]), ("EC", ["ec_paramgen_curve:P-384"]), ("EC", ["ec_paramgen_curve:P-521"]),
        ("RSA", ["rsa_keygen_bits:2048"]), ("RSA", ["rsa_keygen_bits:3072"]), ("ED25519", []),
    ])
    func opensslAgrees(_ algorithm: String, _ options: [String]) async throws {
        let folder = try TemporaryDirectory()
        func openssl(_ arguments: [String]) async throws -> CommandLineTool.Outcome {
            try await CommandLineTool.run("openssl", arguments, directory: folder.path)
        }
        let generated = try await openssl(
            ["genpkey", "-algorithm", algorithm, "-out", "key.pem"] + options.flatMap { ["-pkeyopt", $0] })
        #expect(generated.status == 0)
        _ = try await openssl(["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"])
        let key = try PrivateKey(pem: try folder.read("key.pem"))
        let publicKey = try PublicKey(pem: try folder.read("key.pub"))
        #expect(key.publicKey == publicKey)

        try folder.write(Self.message, to: "message")
        let isEdwards = algorithm == "ED25519"
        let digest = publicKey.kind.defaultAlgorithm.hash.map { ["-digest", $0.rawValue] } ?? []
        let signed = try await openssl(
            ["pkeyutl", "-sign", "-rawin", "-in", "message", "-inkey", "key.pem", "-out", "theirs"]
                + (isEdwards ? [] : digest))
        #expect(signed.status == 0, "\(signed.errorOutput)")
        #expect(
            publicKey.isValidSignature(
                try folder.read("theirs"), over: Self.message, publicKey.kind.defaultAlgorithm))
        try folder.write(try key.sign(Self.message), to: "ours")
        let verified = try await openssl(
            ["pkeyutl", "-verify", "-rawin", "-in", "message", "-pubin", "-inkey", "key.pub", "-sigfile", "ours"]
                + (isEdwards ? [] : digest))
        #expect(verified.status == 0, "\(verified.errorOutput)")
    }

    @Test func traditionalFormats() async throws {
        let folder = try TemporaryDirectory()
        try folder.write(Array(try PrivateKey.generate(.rsa(bits: 2048)).pem().revealed.utf8), to: "rsa")
        try folder.write(Array(try PrivateKey.generate(.ecdsa(.p256)).pem().revealed.utf8), to: "ec")
        for kind in ["rsa", "ec"] {
            let outcome = try await CommandLineTool.run(
                "openssl", ["pkey", "-in", kind, "-traditional"], directory: folder.path)
            #expect(try PrivateKey(pem: outcome.stdout).publicKey == PrivateKey(pem: folder.read(kind)).publicKey)
        }
        let pkcs1 = try await CommandLineTool.run(
            "openssl", ["rsa", "-in", "rsa", "-RSAPublicKey_out"], directory: folder.path)
        #expect(pkcs1.output.contains("BEGIN RSA PUBLIC KEY"))
        #expect(try PublicKey(pem: pkcs1.stdout) == PrivateKey(pem: folder.read("rsa")).publicKey)
    }

    @Test func unacceptableKeys() async throws {
        let folder = try TemporaryDirectory()
        for (name, options) in [
            ("weak", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
            ("curve", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
            ("x25519", ["-algorithm", "X25519"]),
        ] {
            _ = try await CommandLineTool.run("openssl", ["genpkey", "-out", name] + options, directory: folder.path)
            let outcome = try await CommandLineTool.run(
                "openssl", ["pkey", "-in", name, "-pubout"], directory: folder.path)
            let error = #expect(throws: CryptographyError.self) { try PublicKey(pem: outcome.stdout) }
            #expect(error?.code == .unsupportedKey, "\(name)")
        }
    }

    @Test(arguments: [
        ("", CryptographyError.Code.pem), ("no key", .pem),
        ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", .pem),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", .pem),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n", .pem),
        ("-----BEGIN PUBLIC KEY-----\nA*==\n-----END PUBLIC KEY-----\n", .pem),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", .pem),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", .key),
    ])
    func malformedPEM(_ text: String, _ code: CryptographyError.Code) {
        let error = #expect(throws: CryptographyError.self) { try PublicKey(pem: Array(text.utf8)) }
        #expect(error?.code == code)
    }

    /// The neutral element has an encoding, but is nobody's key.
    @Test func pointsThatAreNoKeys() throws {
        let algorithm = DERWriter.sequence(DERWriter.oid("1.2.840.10045.2.1"), DERWriter.oid("1.2.840.10045.3.1.7"))
        let info = DERWriter.sequence(algorithm, DERWriter.bits([0]))
        let error = #expect(throws: CryptographyError.self) { try PublicKey(subjectPublicKeyInfo: info) }
        #expect(error?.code == .key)
    }

    @Test func keysHaveOneEncoding() throws {
        let key = try PrivateKey.generate(.ecdsa(.p256)).publicKey
        #expect(throws: CryptographyError.self) {
            try PublicKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo + [0])
        }
        // The point moved off its curve.
        var moved = key.subjectPublicKeyInfo
        moved[moved.count - 1] ^= 1
        #expect(throws: CryptographyError.self) { try PublicKey(subjectPublicKeyInfo: moved) }
    }

    @Test(arguments: KeyKind.Curve.allCases)
    func rawSignatures(_ curve: KeyKind.Curve) throws {
        let key = try PrivateKey.generate(.ecdsa(curve))
        for _ in 0..<20 {
            let der = try key.sign(Self.message)
            let raw = try #require(ECDSASignature.raw(fromDER: der, curve))
            #expect(raw.count == curve.byteCount * 2)
            #expect(ECDSASignature.der(fromRaw: raw, curve) == der)
        }
        #expect(ECDSASignature.der(fromRaw: [1], curve) == nil)
        #expect(ECDSASignature.raw(fromDER: [0x30, 0], curve) == nil)
    }
}
