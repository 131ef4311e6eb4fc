internal import COpenSSL
internal import Core

/// A parsed private key. Immutable, and counted by OpenSSL, so it may be shared between threads.
@safe
final class PrivateKeyHandle: @unchecked Sendable {
    private let key: OpaquePointer

    /// Parses an unencrypted PEM key of any kind (PKCS#8, PKCS#1, SEC 1).
    /// - Throws: an error that calls the text `name`.
    init(pem: Redacted<[UInt8]>, name: String) throws(TLSPolicyError) {
        let bytes = pem.revealed
        guard bytes.count <= TLSIdentity.maximumSize else {
            throw TLSPolicyError(message: "\(name) is larger than \(TLSIdentity.maximumSize) bytes")
        }
        var wantedPassphrase = false
        let parsed = unsafe bytes.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let source = unsafe BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count)) else {
                return nil
            }
            defer { unsafe BIO_free(source) }
            // Without a callback OpenSSL would ask at the terminal.
            let refuse: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
                _, _, _, context in
                unsafe context?.storeBytes(of: true, as: Bool.self)
                return -1
            }
            return unsafe withUnsafeMutablePointer(to: &wantedPassphrase) { flag in
                unsafe PEM_read_bio_PrivateKey(source, nil, refuse, flag)
            }
        }
        ERR_clear_error()
        guard let parsed = unsafe parsed else {
            throw TLSPolicyError(
                message: wantedPassphrase
                    ? "\(name) is encrypted with a passphrase; give the key without one"
                    : "\(name) is not a PEM private key")
        }
        unsafe key = parsed
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Whether this is the key of the list's first certificate.
    func fits(_ chain: CertificateList) -> Bool {
        defer { ERR_clear_error() }
        return unsafe chain.withFirst { unsafe X509_check_private_key($0, key) == 1 } ?? false
    }

    /// Makes the key and `chain` what `context` shows of itself.
    func install(with chain: CertificateList, into context: OpaquePointer) -> Bool {
        var isFirst = true
        var succeeded = true
        unsafe chain.forEach { certificate in
            if isFirst {
                succeeded = unsafe SSL_CTX_use_certificate(context, certificate) == 1
                isFirst = false
            } else if succeeded {
                // SSL_CTX_add1_chain_cert, which is a macro.
                succeeded =
                    unsafe SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate)) == 1
            }
        }
        return unsafe succeeded && SSL_CTX_use_PrivateKey(context, key) == 1
    }
}
