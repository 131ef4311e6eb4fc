internal import COpenSSL
internal import Core

/// What a pool's connections need for TLS, parsed once: the trusted roots and the client's certificate and key.
@safe
final class TLSMaterial {
    private let store: OpaquePointer
    private let identity: (chain: CertificateList, key: PrivateKeyHandle)?

    /// Parses what `policy` holds; `systemRoots` is asked for only if it is needed.
    init(_ policy: TLSPolicy, systemRoots: () -> CertificateList) throws(TLSPolicyError) {
        let additional: CertificateList? =
            if let pem = policy.additionalRoots { try CertificateList(pem: pem, name: "ca.crt") } else { nil }
        if let given = policy.identity {
            identity = (
                chain: try CertificateList(pem: given.certificatePEM, name: "tls.crt"),
                key: try PrivateKeyHandle(pem: given.keyPEM, name: "tls.key")
            )
        } else {
            identity = nil
        }
        guard let store = unsafe X509_STORE_new() else { throw TLSPolicyError(message: "out of memory") }
        // As with Go's: any certificate that is trusted is an anchor, an intermediate or the server's own as well as a root.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST))
        if !policy.replacesSystemRoots {
            unsafe systemRoots().forEach { unsafe X509_STORE_add_cert(store, $0) }
        }
        unsafe additional?.forEach { unsafe X509_STORE_add_cert(store, $0) }
        ERR_clear_error()
        unsafe self.store = store
    }

    deinit { unsafe X509_STORE_free(store) }

    /// Sets up the `SSL_CTX` of one connection.
    func install(into context: OpaquePointer) -> Bool {
        unsafe SSL_CTX_set1_cert_store(context, store)
        guard let identity else { return true }
        return unsafe identity.key.install(with: identity.chain, into: context)
    }
}
