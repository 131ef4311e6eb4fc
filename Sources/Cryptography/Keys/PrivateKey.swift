internal import COpenSSL
package import Core

/// A private key of one of the kinds that `PublicKey` accepts. It is never printed; only `pem` and `pkcs8` hand it out.
@safe
package struct PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let handle: KeyHandle

    private init(_ handle: KeyHandle) throws(CryptographyError) {
        self.handle = handle
        publicKey = try PublicKey(handle: handle)
    }

    /// Makes a new key.
    /// - Throws: `CryptographyError` (`.unsupportedKey`) for an RSA size outside of 2048 to 8192.
    package static func generate(_ kind: KeyKind) throws(CryptographyError) -> PrivateKey {
        defer { OpenSSLErrors.clear() }
        let pointer: OpaquePointer?
        switch kind {
        case .rsa(let bits):
            guard (2048...8192).contains(bits) else {
                throw CryptographyError(.unsupportedKey, "an RSA key of \(bits) bits is not accepted; use 2048 to 8192")
            }
            unsafe pointer = copenssl_generate_rsa(bits)
        case .ecdsa(let curve): unsafe pointer = copenssl_generate_ec(curve.rawValue)
        case .ed25519: unsafe pointer = copenssl_generate_ed25519()
        }
        guard let pointer = unsafe pointer else {
            throw CryptographyError(.key, "the key could not be made\(OpenSSLErrors.suffix())")
        }
        return try PrivateKey(unsafe KeyHandle(owning: pointer))
    }

    /// Reads an unencrypted PEM key: `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE KEY` (PKCS#1).
    /// - Throws: `CryptographyError` (`.pem`, `.key`, `.unsupportedKey`).
    package init(pem text: [UInt8]) throws(CryptographyError) {
        // `openssl ecparam -genkey` writes a parameters block first.
        guard let block = try PEMBlock.parseAll(text).first(where: { $0.label != "EC PARAMETERS" }) else {
            throw CryptographyError(.pem, "there is no private key in it")
        }
        switch block.label {
        case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY": try self.init(der: block.bytes)
        case "ENCRYPTED PRIVATE KEY":
            throw CryptographyError(.pem, "the private key is encrypted; decrypt it first ('openssl pkey')")
        default:
            throw CryptographyError(.pem, "the PEM block is '\(block.label)'; use 'PRIVATE KEY' (PKCS#8)")
        }
    }

    /// Reads a DER key: PKCS#8, SEC 1 or PKCS#1.
    /// - Throws: `CryptographyError` (`.key`, `.unsupportedKey`).
    package init(der: [UInt8]) throws(CryptographyError) {
        defer { OpenSSLErrors.clear() }
        let handle: KeyHandle? = unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let pointer = unsafe d2i_AutoPrivateKey(nil, &cursor, bytes.count) else { return nil }
            return unsafe KeyHandle(owning: pointer)
        }
        guard let handle else {
            throw CryptographyError(.key, "it is no valid private key\(OpenSSLErrors.suffix())")
        }
        try self.init(handle)
    }

    /// The key as DER PKCS#8 (RFC 5958), unencrypted.
    /// - Throws: `CryptographyError` (`.key`).
    package func pkcs8() throws(CryptographyError) -> Redacted<[UInt8]> {
        defer { OpenSSLErrors.clear() }
        guard let info = unsafe EVP_PKEY2PKCS8(handle.pointer) else {
            throw CryptographyError(.key, "the private key cannot be encoded")
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &buffer)
        guard count > 0, let start = unsafe buffer else {
            throw CryptographyError(.key, "the private key cannot be encoded")
        }
        defer { unsafe CRYPTO_clear_free(start, Int(count), nil, 0) }
        return Redacted(unsafe Array(UnsafeBufferPointer(start: start, count: Int(count))))
    }

    /// The key as a PEM block `PRIVATE KEY`, unencrypted.
    /// - Throws: `CryptographyError` (`.key`).
    package func pem() throws(CryptographyError) -> Redacted<String> {
        Redacted(PEMBlock(label: "PRIVATE KEY", bytes: try pkcs8().revealed).text)
    }

    /// Signs `message`.
    /// - Parameter algorithm: the key kind's default if nil.
    /// - Throws: `CryptographyError` (`.signing`), also when the algorithm does not fit the key.
    package func sign(_ message: [UInt8], _ algorithm: SignatureAlgorithm? = nil) throws(CryptographyError) -> [UInt8] {
        let algorithm = algorithm ?? publicKey.kind.defaultAlgorithm
        defer { OpenSSLErrors.clear() }
        guard let context = unsafe EVP_MD_CTX_new() else { throw CryptographyError(.signing, "no memory to sign") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        let name = algorithm.hash.map { HashFunction.name(of: $0) }
        guard unsafe EVP_DigestSignInit_ex(context, &keyContext, name, nil, nil, handle.pointer, nil) == 1,
            unsafe PublicKey.configure(keyContext, algorithm)
        else { throw CryptographyError(.signing, "the \(publicKey.kind) key cannot sign with \(algorithm)") }
        let signature: [UInt8]? = unsafe message.withUnsafeBufferPointer { message in
            var count = 0
            guard unsafe EVP_DigestSign(context, nil, &count, message.baseAddress, message.count) == 1 else {
                return nil
            }
            var signature = [UInt8](repeating: 0, count: count)
            guard unsafe EVP_DigestSign(context, &signature, &count, message.baseAddress, message.count) == 1 else {
                return nil
            }
            return Array(signature.prefix(count))
        }
        guard let signature else {
            throw CryptographyError(.signing, "signing failed\(OpenSSLErrors.suffix())")
        }
        return signature
    }
}
