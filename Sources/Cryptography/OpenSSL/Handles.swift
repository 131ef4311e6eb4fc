internal import COpenSSL

/// Owns an `EVP_PKEY`. Keys are not changed after they were made, so they are shared between threads.
@safe
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    @unsafe
    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }
}

/// Owns an `X509`. OpenSSL caches parsed extensions inside under its own lock; nothing else changes after parsing.
@safe
final class CertificateHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    @unsafe
    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }

    /// Parses exactly one certificate; nil unless `der` is that and nothing more.
    static func parse(_ der: [UInt8]) -> CertificateHandle? {
        defer { OpenSSLErrors.clear() }
        return unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let pointer = unsafe d2i_X509(nil, &cursor, bytes.count) else { return nil }
            let handle = unsafe CertificateHandle(owning: pointer)
            guard let start = bytes.baseAddress, let end = unsafe cursor, unsafe end - start == bytes.count else {
                return nil
            }
            return handle
        }
    }
}

/// Owns a stack of certificates, each held by a reference of its own.
@safe
struct CertificateStack: ~Copyable {
    let pointer: OpaquePointer

    init(_ certificates: [CertificateHandle]) {
        guard let pointer = unsafe copenssl_x509_stack_new() else { preconditionFailure("no memory for a stack") }
        for certificate in certificates {
            unsafe X509_up_ref(certificate.pointer)
            guard unsafe copenssl_x509_stack_push(pointer, certificate.pointer) == 1 else {
                preconditionFailure("no memory for a stack")
            }
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe copenssl_x509_stack_free(pointer) }
}

/// Owns a store of trust anchors that judges neither validity periods nor purposes: `CertificatePath` does, for every
/// certificate of the path, at the time it is asked about.
@safe
struct AnchorStore: ~Copyable {
    let pointer: OpaquePointer

    /// Signatures and keys weaker than 112 bits (SHA-1, RSA below 2048) are refused.
    private static let securityLevel: Int32 = 2

    init(anchors: [CertificateHandle]) {
        guard let pointer = unsafe X509_STORE_new() else { preconditionFailure("no memory for a certificate store") }
        for anchor in anchors { unsafe X509_STORE_add_cert(pointer, anchor.pointer) }
        let parameters = unsafe X509_STORE_get0_param(pointer)
        // An anchor may be an intermediate authority. Times are judged by hand: OpenSSL takes a certificate to be
        // expired in the very second of its notAfter, RFC 5280 does not.
        let flags = UInt(X509_V_FLAG_PARTIAL_CHAIN) | UInt(X509_V_FLAG_NO_CHECK_TIME)
        unsafe X509_VERIFY_PARAM_set_flags(parameters, flags)
        unsafe X509_VERIFY_PARAM_set_depth(parameters, 8)
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, Self.securityLevel)
        unsafe self.pointer = pointer
    }

    deinit { unsafe X509_STORE_free(pointer) }
}
