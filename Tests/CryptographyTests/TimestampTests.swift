import Core
import Cryptography
import TestPKI
import TestSupport
import Testing

struct TimestampTests {
    static let message = Array("stamped".utf8)
    static let time = Timestamp(seconds: 1_700_000_100)
    static let start = Timestamp(seconds: 1_700_000_000)
    static let end = Timestamp(seconds: 1_800_000_000)

    struct Authority {
        let rootKey: PrivateKey
        let root: Certificate
        let key: PrivateKey
        let leaf: Certificate

        init(
            leafUsages: [OID] = [.timeStamping], critical: Bool = true, notAfter: Timestamp = end,
            kind: KeyKind = .ecdsa(.p256)
        ) throws {
            rootKey = try PrivateKey.generate(.ecdsa(.p384))
            root = try CertificateBuilder.authority("tsa root", key: rootKey.publicKey, notBefore: start, notAfter: end)
                .signed(by: rootKey)
            key = try PrivateKey.generate(kind)
            leaf = try CertificateBuilder(
                subject: [("2.5.4.3", "tsa")], serial: 5, notBefore: start, notAfter: notAfter, key: key.publicKey,
                extensions: [.keyUsage([0]), .extendedKeyUsage(leafUsages, critical: critical)]
            ).signed(by: rootKey, issuer: root)
        }

        var mint: TimestampMint { TimestampMint(key: key, certificate: leaf, time: time) }

        func verify(_ mint: TimestampMint, over message: [UInt8] = message, signer: Certificate? = nil) throws {
            let token = try TimestampToken(response: try mint.response(over: message))
            #expect(token.time == mint.time)
            try token.verify(over: TimestampTests.message, signer: signer ?? leaf, intermediates: [], anchors: [root])
        }
    }

    @Test(arguments: [KeyKind.ecdsa(.p256), .ecdsa(.p384), .rsa(bits: 2048)], [true, false])
    func soundTimestamps(_ kind: KeyKind, _ embeds: Bool) throws {
        let authority = try Authority(kind: kind)
        for hash in Digest.Algorithm.allCases {
            var mint = authority.mint
            mint.imprintHash = hash
            mint.accuracySeconds = 2
            if embeds { mint.embedded = [authority.leaf] }
            try authority.verify(mint)
            let token = try TimestampToken(token: try mint.token(over: Self.message))
            #expect(token.accuracy == .seconds(2))
            #expect(token.imprint == Digest.of(Self.message, hash))
        }
    }

    @Test func extensions() throws {
        let authority = try Authority()
        var mint = authority.mint
        mint.extensions = [.init("1.2.3.4", [5, 0])]
        try authority.verify(mint)
        mint.extensions = [.init("1.2.3.4", [5, 0]), .init("1.2.3.5", critical: true, [5, 0])]
        let critical = mint
        let error = #expect(throws: CryptographyError.self) { try authority.verify(critical) }
        #expect(error?.message.contains("critical") == true)
    }

    @Test func certificatesInside() throws {
        let authority = try Authority()
        var mint = authority.mint
        let others = try (0..<16).map { number in
            try CertificateBuilder.authority(
                "\(number)", key: authority.rootKey.publicKey, notBefore: Self.start, notAfter: Self.end
            ).signed(by: authority.rootKey)
        }
        mint.embedded = others
        try authority.verify(mint)
        mint.embedded.append(authority.leaf)
        let crowded = mint
        #expect(#expect(throws: CryptographyError.self) { try authority.verify(crowded) }?.code == .timestamp)
        // OpenSSL would take long with it.
        mint.embedded = [authority.leaf]
        mint.embeddedBytes = [try CertificateTests.withUnusableExponent()]
        let slow = mint
        #expect(#expect(throws: CryptographyError.self) { try authority.verify(slow) }?.code == .timestamp)
    }

    @Test func theTokensSignerMayBeAnyOfTheAuthority() throws {
        let authority = try Authority()
        var mint = authority.mint
        mint.embedded = [authority.leaf]
        let token = try TimestampToken(response: try mint.response(over: Self.message))
        let signer = try token.verify(over: Self.message, signer: nil, intermediates: [], anchors: [authority.root])
        #expect(signer == authority.leaf)
    }

    @Test func timeIsInclusive() throws {
        let authority = try Authority(notAfter: Self.time)
        try authority.verify(authority.mint)
        var late = authority.mint
        late.time = Timestamp(seconds: Self.time.seconds + 1)
        let error = #expect(throws: CryptographyError.self) { try authority.verify(late) }
        #expect(error?.code == .expired)
    }

    @Test func faults() throws {
        let authority = try Authority()
        func refuses(_ why: String, _ change: (inout TimestampMint) throws -> Void) throws {
            var mint = authority.mint
            try change(&mint)
            #expect(throws: CryptographyError.self, "\(why)") { try authority.verify(mint) }
        }
        try refuses("rejected") { $0.status = 2 }
        try refuses("other imprint") { $0.imprintBytes = Digest.of("other").bytes }
        try refuses("wrong message digest") { $0.hasRightMessageDigest = false }
        try refuses("attests another certificate") { $0.attested = authority.root }
        try refuses("attests no certificate") { $0.hasSigningCertificateAttribute = false }
        try refuses("SHA-1 imprint") {
            $0.imprintOID = "1.3.14.3.2.26"
            $0.imprintBytes = [UInt8](repeating: 1, count: 20)
        }
        try refuses("another key") { $0.key = try PrivateKey.generate(.ecdsa(.p256)) }
        #expect(throws: CryptographyError.self) { try authority.verify(authority.mint, over: [1]) }

        // Somebody else's token, certificate embedded.
        let other = try Authority()
        var foreign = other.mint
        foreign.embedded = [other.leaf, other.root]
        #expect(throws: CryptographyError.self) { try authority.verify(foreign) }

        // Another certificate of the same authority.
        let second = try CertificateBuilder(
            subject: [("2.5.4.3", "second")], serial: 6, notBefore: Self.start, notAfter: Self.end,
            key: authority.key.publicKey,
            extensions: [.keyUsage([0]), .extendedKeyUsage([.timeStamping], critical: true)]
        ).signed(by: authority.rootKey, issuer: authority.root)
        try refuses("not the pinned signer") {
            $0.certificate = second
            $0.embedded = [second]
        }
    }

    @Test(arguments: [
        ([OID.timeStamping, .codeSigning], true), ([.timeStamping], false), ([.codeSigning], true), ([], true),
    ])
    func usagesOfTheSigner(_ usages: [OID], _ critical: Bool) throws {
        let authority = try Authority(leafUsages: usages, critical: critical)
        #expect(throws: CryptographyError.self) { try authority.verify(authority.mint) }
    }

    @Test(arguments: [[], [0x30], [0x30, 0x00], Array("text".utf8)] as [[UInt8]])
    func malformed(_ bytes: [UInt8]) {
        #expect(throws: CryptographyError.self) { try TimestampToken(response: bytes) }
        #expect(throws: CryptographyError.self) { try TimestampToken(token: bytes) }
    }

    @Test func trailingBytesAreRefused() throws {
        let response = try Authority().mint.response(over: Self.message)
        #expect(throws: CryptographyError.self) { try TimestampToken(response: response + [0]) }
    }

    /// `openssl ts` makes a token that holds here, unless it is signed with a weak hash.
    @Test(arguments: ["sha256", "sha1"])
    func opensslAgrees(_ signerHash: String) async throws {
        let authority = try Authority()
        let folder = try TemporaryDirectory()
        try folder.write(Array(authority.leaf.pem.utf8), to: "tsa.pem")
        try folder.write(Array(try authority.key.pem().revealed.utf8), to: "tsa.key")
        try folder.write(Self.message, to: "message")
        let configuration = """
            [tsa]
            default_tsa = t
            [t]
            serial = ./serial
            default_policy = 1.2.3
            digests = sha256, sha512
            signer_digest = \(signerHash)
            ess_cert_id_alg = sha256
            accuracy = secs:1, millisecs:500, microsecs:100
            """
        try folder.write(Array(configuration.utf8), to: "tsa.conf")
        _ = try await CommandLineTool.run(
            "openssl", ["ts", "-query", "-data", "message", "-sha512", "-no_nonce", "-cert", "-out", "q"],
            directory: folder.path)
        let reply = try await CommandLineTool.run(
            "openssl",
            ["ts", "-reply", "-config", "tsa.conf", "-section", "t", "-queryfile", "q", "-inkey", "tsa.key"]
                + ["-signer", "tsa.pem", "-out", "r"], directory: folder.path)
        #expect(reply.status == 0, "\(reply.errorOutput)")
        let token = try TimestampToken(response: try folder.read("r"))
        #expect(token.accuracy == .seconds(1) + .milliseconds(500) + .microseconds(100))
        #expect(token.imprint == Digest.of(Self.message, .sha512))
        func verify() throws {
            try token.verify(over: Self.message, signer: nil, intermediates: [], anchors: [authority.root])
        }
        if signerHash == "sha256" { try verify() } else { #expect(throws: CryptographyError.self) { try verify() } }
    }
}
