internal import COpenSSL

/// Whether the server of one connection asked for a client certificate in the handshake (RFC 8446 section 4.3.2).
///
/// In TLS 1.3 a server judges the certificate after the client's side of the handshake is done. How the client learns that it
/// was refused depends on who is faster: by an alert, a reset, or a broken HTTP/2 stream. That it was asked for is certain.
final class CertificateRequest {
    /// Changed on the loop's thread only, as the handshake goes on.
    private(set) var wasMade = false

    // The context frees its share when the connection ends, so that no late handshake message meets a dangling pointer.
    private static let index = unsafe CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil,
        { _, pointer, _, _, _, _ in
            if let pointer = unsafe pointer { unsafe Unmanaged<CertificateRequest>.fromOpaque(pointer).release() }
        })

    /// Listens in the handshakes of `context`, an `SSL_CTX`.
    /// - Returns: false when OpenSSL is out of memory.
    func install(into context: OpaquePointer) -> Bool {
        let shared = unsafe Unmanaged.passRetained(self)
        guard Self.index >= 0, unsafe SSL_CTX_set_ex_data(context, Self.index, shared.toOpaque()) == 1 else {
            unsafe shared.release()
            return false
        }
        unsafe SSL_CTX_set_cert_cb(
            context,
            { _, pointer in
                if let pointer = unsafe pointer {
                    unsafe Unmanaged<CertificateRequest>.fromOpaque(pointer).takeUnretainedValue().wasMade = true
                }
                return 1
            }, shared.toOpaque())
        return true
    }
}
