internal import COpenSSL
package import Core

/// A public key: RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519.
package struct PublicKey: Sendable, Hashable, CustomStringConvertible {
    package let kind: KeyKind
    /// The DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    package let subjectPublicKeyInfo: [UInt8]
    private let handle: KeyHandle

    /// Reads a DER SubjectPublicKeyInfo.
    /// - Throws: `CryptographyError` (`.key`, `.unsupportedKey`).
    package init(subjectPublicKeyInfo der: [UInt8]) throws(CryptographyError) {
        defer { OpenSSLErrors.clear() }
        guard let handle = Self.parse(der) else {
            throw CryptographyError(.key, "it is no valid public key\(OpenSSLErrors.suffix())")
        }
        self.kind = try Self.kind(of: handle)
        // One key, one encoding: fingerprints and log identifiers are hashes of these bytes.
        guard Self.encode(handle) == der else {
            throw CryptographyError(.key, "the public key is not encoded in the canonical way")
        }
        self.handle = handle
        self.subjectPublicKeyInfo = der
    }

    /// Reads a DER RSAPublicKey (PKCS#1, RFC 8017, appendix A.1.1).
    /// - Throws: `CryptographyError` (`.key`, `.unsupportedKey`).
    package init(pkcs1 der: [UInt8]) throws(CryptographyError) {
        try self.init(
            subjectPublicKeyInfo: DERWriter.sequence(
                DERWriter.sequence(DERWriter.oid(.rsaEncryption), DERWriter.null()), DERWriter.bits(der)))
    }

    /// Reads the first block of a PEM text: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    /// - Throws: `CryptographyError` (`.pem`, `.key`, `.unsupportedKey`), naming the label if it is another one.
    package init(pem text: [UInt8]) throws(CryptographyError) {
        guard let block = try PEMBlock.parseAll(text).first else {
            throw CryptographyError(.pem, "there is no PEM block in it")
        }
        try self.init(block)
    }

    /// Reads a PEM block: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    /// - Throws: `CryptographyError` (`.pem`, `.key`, `.unsupportedKey`), naming the label if it is another one.
    package init(_ block: PEMBlock) throws(CryptographyError) {
        switch block.label {
        case "PUBLIC KEY": try self.init(subjectPublicKeyInfo: block.bytes)
        case "RSA PUBLIC KEY": try self.init(pkcs1: block.bytes)
        default:
            throw CryptographyError(
                .pem, "the PEM block is '\(block.label)'; use 'PUBLIC KEY' (or 'RSA PUBLIC KEY')")
        }
    }

    @safe
    init(handle: KeyHandle) throws(CryptographyError) {
        guard let der = Self.encode(handle) else { throw CryptographyError(.key, "the key cannot be encoded") }
        try self.init(subjectPublicKeyInfo: der)
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what logs and cosign identify a key by.
    package var fingerprint: Digest { Digest.of(subjectPublicKeyInfo) }

    /// The key as a PEM block `PUBLIC KEY`.
    package var pem: String { PEMBlock(label: "PUBLIC KEY", bytes: subjectPublicKeyInfo).text }

    package var description: String { "\(kind) key \(fingerprint)" }

    package static func == (one: PublicKey, other: PublicKey) -> Bool {
        one.subjectPublicKeyInfo == other.subjectPublicKeyInfo
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(subjectPublicKeyInfo) }

    /// Whether `signature` over `message` is this key's.
    /// - Parameter algorithm: must fit the key's kind, else the answer is false.
    package func isValidSignature(
        _ signature: [UInt8], over message: [UInt8], _ algorithm: SignatureAlgorithm
    ) -> Bool {
        guard fits(algorithm), !signature.isEmpty, signature.count <= 1024 else { return false }
        defer { OpenSSLErrors.clear() }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        let name = algorithm.hash.map { HashFunction.name(of: $0) }
        guard unsafe EVP_DigestVerifyInit_ex(context, &keyContext, name, nil, nil, handle.pointer, nil) == 1,
            unsafe Self.configure(keyContext, algorithm)
        else { return false }
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe EVP_DigestVerify(
                    context, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            }
        }
    }

    /// Whether `signature` over a message with the given digest is this key's. False for Ed25519, which cannot verify
    /// without the message.
    package func isValidSignature(
        _ signature: [UInt8], overDigest digest: Digest, _ algorithm: SignatureAlgorithm
    ) -> Bool {
        guard fits(algorithm), algorithm.hash == digest.algorithm, !signature.isEmpty, signature.count <= 1024 else {
            return false
        }
        defer { OpenSSLErrors.clear() }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe EVP_PKEY_verify_init(context) == 1, unsafe Self.configure(context, algorithm),
            unsafe EVP_PKEY_CTX_set_signature_md(context, HashFunction.of(digest.algorithm).method) == 1
        else { return false }
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe digest.bytes.withUnsafeBufferPointer { digest in
                unsafe EVP_PKEY_verify(
                    context, signature.baseAddress, signature.count, digest.baseAddress, digest.count) == 1
            }
        }
    }

    private func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        switch (kind, algorithm) {
        case (.rsa, .rsaPKCS1), (.rsa, .rsaPSS), (.ecdsa, .ecdsa), (.ed25519, .ed25519): true
        default: false
        }
    }

    /// Sets padding and salt length; other schemes need nothing.
    static func configure(_ context: OpaquePointer?, _ algorithm: SignatureAlgorithm) -> Bool {
        switch algorithm {
        case .rsaPKCS1: return unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        case .rsaPSS:
            return unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
        case .ecdsa, .ed25519: return true
        }
    }

    private static func parse(_ der: [UInt8]) -> KeyHandle? {
        unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let pointer = unsafe d2i_PUBKEY(nil, &cursor, bytes.count) else { return nil }
            return unsafe KeyHandle(owning: pointer)
        }
    }

    private static func encode(_ handle: KeyHandle) -> [UInt8]? {
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PUBKEY(handle.pointer, &buffer)
        guard count > 0, let start = unsafe buffer else { return nil }
        defer { unsafe CRYPTO_free(start, nil, 0) }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    static func kind(of handle: KeyHandle) throws(CryptographyError) -> KeyKind {
        switch unsafe EVP_PKEY_get_id(handle.pointer) {
        case EVP_PKEY_RSA:
            let bits = Int(unsafe EVP_PKEY_get_bits(handle.pointer))
            guard RSALimits.sizes.contains(bits) else {  // check: key-rsa-bits
                throw CryptographyError(.unsupportedKey, "an RSA key of \(bits) bits is not accepted; use 2048 to 8192")
            }
            guard unsafe RSALimits.isExponentUsable(of: handle.pointer) else {  // check: rsa-exponent
                throw CryptographyError(
                    .unsupportedKey,
                    "an RSA key with an even public exponent, or one of 1 or above 2^31-1, is not accepted; use 65537")
            }
            return .rsa(bits: bits)
        case EVP_PKEY_EC:
            guard let curve = curve(of: handle) else {
                throw CryptographyError(
                    .unsupportedKey, "the elliptic curve is not supported; use P-256, P-384 or P-521")
            }
            // OpenSSL 3.0 reads no such key in the first place; not to rest on that costs little.
            guard isPointValid(handle) else {
                throw CryptographyError(.key, "the key is no point of its curve")
            }
            return .ecdsa(curve)
        case EVP_PKEY_ED25519: return .ed25519
        default:
            throw CryptographyError(.unsupportedKey, "the kind of key is not supported; use RSA, ECDSA or Ed25519")
        }
    }

    private static func curve(of handle: KeyHandle) -> KeyKind.Curve? {
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        guard unsafe EVP_PKEY_get_group_name(handle.pointer, &name, name.count, &length) == 1 else { return nil }
        return switch String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) {
        case "prime256v1": .p256
        case "secp384r1": .p384
        case "secp521r1": .p521
        default: nil
        }
    }

    private static func isPointValid(_ handle: KeyHandle) -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        return unsafe EVP_PKEY_public_check_quick(context) == 1
    }
}
