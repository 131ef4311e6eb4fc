package import Core
package import Cryptography

/// Keys for Notary Project signatures; made once, they serve every recipe.
package struct NotationKeys: Sendable {
    package let root: PrivateKey
    package let intermediate: PrivateKey
    package let signer: PrivateKey
    package let timestampRoot: PrivateKey
    package let timestamp: PrivateKey
    package let other: PrivateKey

    package init() throws {
        root = try PrivateKey.generate(.ecdsa(.p384))
        intermediate = try PrivateKey.generate(.ecdsa(.p384))
        signer = try PrivateKey.generate(.ecdsa(.p256))
        timestampRoot = try PrivateKey.generate(.ecdsa(.p384))
        timestamp = try PrivateKey.generate(.ecdsa(.p256))
        other = try PrivateKey.generate(.ecdsa(.p384))
    }
}

/// Certificates by what they were made of: signatures are random, but equal certificates must be the same bytes.
private final class CertificateMemo: Sendable {
    private let made = Locked<[[UInt8]: Certificate]>([:])

    func certificate(
        _ builder: CertificateBuilder, by key: PrivateKey, issuer: Certificate?
    ) throws -> Certificate {
        var name = Array("\(builder)".utf8) + key.publicKey.subjectPublicKeyInfo
        if let issuer { name += issuer.der }
        if let known = made.current[name] { return known }
        let certificate = try builder.signed(by: key, issuer: issuer)
        made.withLock { $0[name] = certificate }
        return certificate
    }
}

/// Mints Notary Project signature envelopes, sound or with any fault.
package struct NotationRecipe {
    package enum Format: String, Sendable, CaseIterable {
        case jws = "application/jose+json"
        case cose = "application/cose"
    }

    package typealias Change = (inout CertificateBuilder) throws -> Void

    package static let now = SigstoreInstance.now
    package static let subject: [(OID, String)] = [
        ("2.5.4.6", "US"), ("2.5.4.8", "WA"), ("2.5.4.10", "Acme, Rockets"), ("2.5.4.3", "signer"),
    ]

    package let keys: NotationKeys
    private let memo = CertificateMemo()
    package var format: Format
    package var signerKey: PrivateKey
    package var changeRoot: Change = { _ in }
    package var changeIntermediate: Change = { _ in }
    package var changeLeaf: Change = { _ in }
    /// Whether the signer's certificate is its own root.
    package var isSelfSigned = false
    package var changeChain: (inout [Certificate]) throws -> Void = { _ in }

    package var payload: JSONValue
    package var contentType = "application/vnd.cncf.notary.payload.v1+json"
    /// The JWS name; nil for the one that goes with the key.
    package var algorithm: String?
    package var scheme = "notary.x509"
    package var signingTime: Timestamp? = now
    package var authenticSigningTime: Timestamp?
    package var expiry: Timestamp?
    /// nil for what is needed.
    package var critical: [String]?
    /// More text attributes of the protected and the unprotected header.
    package var protected: [String: String] = [:]
    package var unprotected: [String: String] = [:]
    /// More encoded pairs of the unprotected header of COSE.
    package var rawPairs: [[UInt8]] = []
    /// Makes a timestamp.
    package var stamp: ((inout TimestampMint) throws -> Void)?
    package var stampedBytes: [UInt8]?
    package var timestampRoot: Certificate
    package var changeSignature: (inout [UInt8]) -> Void = { _ in }
    package var changeEnvelope: (inout [UInt8]) -> Void = { _ in }

    package init(
        _ keys: NotationKeys, _ format: Format, mediaType: String, digest: Digest, size: Int
    ) throws {
        self.keys = keys
        self.format = format
        signerKey = keys.signer
        payload = [
            "targetArtifact": [
                "mediaType": .string(mediaType), "digest": .string(digest.description), "size": .integer(Int64(size)),
            ]
        ]
        timestampRoot = try CertificateBuilder.authority(
            "timestamp root", key: keys.timestampRoot.publicKey, notBefore: SigstoreInstance.start,
            notAfter: SigstoreInstance.end
        ).signed(by: keys.timestampRoot)
    }

    package func root() throws -> Certificate {
        var builder = CertificateBuilder.authority(
            "notation root", key: keys.root.publicKey, notBefore: SigstoreInstance.start, notAfter: SigstoreInstance.end
        )
        try changeRoot(&builder)
        return try memo.certificate(builder, by: keys.root, issuer: nil)
    }

    package func intermediate() throws -> Certificate {
        var builder = CertificateBuilder.authority(
            "notation intermediate", key: keys.intermediate.publicKey, notBefore: SigstoreInstance.start,
            notAfter: SigstoreInstance.end, serial: 2)
        try changeIntermediate(&builder)
        return try memo.certificate(builder, by: keys.root, issuer: try root())
    }

    package func leaf() throws -> Certificate {
        var builder = CertificateBuilder(
            subject: Self.subject, serial: 3, notBefore: SigstoreInstance.start, notAfter: SigstoreInstance.end,
            key: signerKey.publicKey, extensions: [.keyUsage([0]), .extendedKeyUsage([.codeSigning])])
        try changeLeaf(&builder)
        if isSelfSigned { return try memo.certificate(builder, by: signerKey, issuer: nil) }
        return try memo.certificate(builder, by: keys.intermediate, issuer: try intermediate())
    }

    package func chain() throws -> [Certificate] {
        var chain = isSelfSigned ? [try leaf()] : [try leaf(), try intermediate(), try root()]
        try changeChain(&chain)
        return chain
    }

    /// The timestamp authority's certificate.
    package func timestampLeaf(_ change: Change = { _ in }) throws -> Certificate {
        var builder = CertificateBuilder(
            subject: [("2.5.4.3", "stamp")], serial: 9, notBefore: SigstoreInstance.start,
            notAfter: SigstoreInstance.end, key: keys.timestamp.publicKey,
            extensions: [.keyUsage([0]), .extendedKeyUsage([.timeStamping], critical: true)])
        try change(&builder)
        return try memo.certificate(builder, by: keys.timestampRoot, issuer: timestampRoot)
    }

    package func envelope() throws -> [UInt8] {
        var bytes = format == .jws ? try jws() : try cose()
        changeEnvelope(&bytes)
        return bytes
    }

    private var algorithmName: String {
        if let algorithm { return algorithm }
        return switch signerKey.publicKey.kind {
        case .rsa(3072): "PS384"
        case .rsa(4096): "PS512"
        case .rsa: "PS256"
        case .ecdsa(.p256): "ES256"
        case .ecdsa(.p384): "ES384"
        case .ecdsa(.p521): "ES512"
        case .ed25519: "EdDSA"
        }
    }

    private var criticalNames: [String] {
        if let critical { return critical }
        return ["io.cncf.notary.signingScheme"] + (expiry == nil ? [] : ["io.cncf.notary.expiry"])
            + (scheme == "notary.x509" ? [] : ["io.cncf.notary.authenticSigningTime"])
    }

    private var times: [(String, Timestamp)] {
        [
            ("io.cncf.notary.signingTime", signingTime), ("io.cncf.notary.expiry", expiry),
            ("io.cncf.notary.authenticSigningTime", authenticSigningTime),
        ].compactMap { name, time in time.map { (name, $0) } }
    }

    private func sign(_ message: [UInt8]) throws -> [UInt8] {
        var signature: [UInt8]
        switch signerKey.publicKey.kind {
        case .rsa(let bits):
            let hash: Digest.Algorithm = bits == 3072 ? .sha384 : bits == 4096 ? .sha512 : .sha256
            signature = try signerKey.sign(message, .rsaPSS(hash))
        case .ecdsa(let curve):
            signature = ECDSASignature.raw(fromDER: try signerKey.sign(message, .ecdsa(curve.hash)), curve) ?? []
        case .ed25519: signature = try signerKey.sign(message)
        }
        changeSignature(&signature)
        return signature
    }

    private func token(_ signature: [UInt8]) throws -> [UInt8]? {
        guard let stamp else { return nil }
        var mint = TimestampMint(key: keys.timestamp, certificate: try timestampLeaf(), time: Self.now)
        mint.embedded = [mint.certificate]
        try stamp(&mint)
        return try mint.token(over: stampedBytes ?? signature)
    }

    private func jws() throws -> [UInt8] {
        var header: JSONValue = [
            "alg": .string(algorithmName), "cty": .string(contentType),
            "crit": .array(criticalNames.map { .string($0) }), "io.cncf.notary.signingScheme": .string(scheme),
        ]
        for (name, time) in times { header[name] = .string(time.rfc3339) }
        for (name, text) in protected { header[name] = .string(text) }
        let encodedHeader = Self.base64URL(header.serialized())
        let encodedPayload = Self.base64URL(payload.serialized())
        let signature = try sign(Array("\(encodedHeader).\(encodedPayload)".utf8))
        var open: JSONValue = [
            "x5c": .array(try chain().map { .string(Base64.encode($0.der)) }),
            "io.cncf.notary.signingAgent": "test/1.0",
        ]
        for (name, text) in unprotected { open[name] = .string(text) }
        if let token = try token(signature) {
            open["io.cncf.notary.timestampSignature"] = .string(Base64.encode(token))
        }
        let whole: JSONValue = [
            "payload": .string(encodedPayload), "protected": .string(encodedHeader), "header": open,
            "signature": .string(Self.base64URL(signature)),
        ]
        return whole.serialized()
    }

    private func cose() throws -> [UInt8] {
        let label = ["PS256": -37, "PS384": -38, "PS512": -39, "ES256": -7, "ES384": -35, "ES512": -36][algorithmName]
        var pairs = [
            CBOR.integer(1) + CBOR.integer(label ?? -8), CBOR.integer(2) + CBOR.array(criticalNames.map(CBOR.text)),
            CBOR.integer(3) + CBOR.text(contentType),
            CBOR.text("io.cncf.notary.signingScheme") + CBOR.text(scheme),
        ]
        for (name, time) in times { pairs.append(CBOR.text(name) + CBOR.tag(1, CBOR.integer(Int(time.seconds)))) }
        for (name, text) in protected { pairs.append(CBOR.text(name) + CBOR.text(text)) }
        let header = CBOR.map(pairs)
        let content = payload.serialized()
        let signature = try sign(
            CBOR.array([CBOR.text("Signature1"), CBOR.bytes(header), CBOR.bytes([]), CBOR.bytes(content)]))
        var open = [
            CBOR.integer(33) + CBOR.array(try chain().map { CBOR.bytes($0.der) }),
            CBOR.text("io.cncf.notary.signingAgent") + CBOR.text("test/1.0"),
        ]
        for (name, text) in unprotected { open.append(CBOR.text(name) + CBOR.text(text)) }
        if let token = try token(signature) {
            open.append(CBOR.text("io.cncf.notary.timestampSignature") + CBOR.bytes(token))
        }
        return CBOR.tag(
            18, CBOR.array([CBOR.bytes(header), CBOR.map(open + rawPairs), CBOR.bytes(content), CBOR.bytes(signature)]))
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            Base64.encode(bytes).compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}

/// Encodes CBOR items (RFC 8949) for tests.
package enum CBOR {
    package static func head(_ major: UInt8, _ argument: Int) -> [UInt8] {
        switch argument {
        case ..<24: [major << 5 | UInt8(argument)]
        case ..<0x100: [major << 5 | 24, UInt8(argument)]
        case ..<0x1_0000: [major << 5 | 25, UInt8(argument >> 8), UInt8(argument & 0xff)]
        default: [major << 5 | 26] + (0..<4).map { UInt8(argument >> (24 - 8 * $0) & 0xff) }
        }
    }

    package static func integer(_ value: Int) -> [UInt8] { value < 0 ? head(1, -1 - value) : head(0, value) }
    package static func bytes(_ bytes: [UInt8]) -> [UInt8] { head(2, bytes.count) + bytes }
    package static func text(_ text: String) -> [UInt8] { head(3, text.utf8.count) + Array(text.utf8) }
    package static func array(_ elements: [[UInt8]]) -> [UInt8] { head(4, elements.count) + Array(elements.joined()) }
    /// - Parameter pairs: a key's encoding and its value's, joined.
    package static func map(_ pairs: [[UInt8]]) -> [UInt8] { head(5, pairs.count) + Array(pairs.joined()) }
    package static func tag(_ number: Int, _ item: [UInt8]) -> [UInt8] { head(6, number) + item }
}
