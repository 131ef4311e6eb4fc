internal import COpenSSL

extension TimestampToken {
    /// The certificates that the token carries; nothing vouches for them.
    /// - Throws: `CryptographyError` (`.certificate`, `.encoding`).
    package func embeddedCertificates() throws(CryptographyError) -> [Certificate] {
        var certificates: [Certificate] = []
        for der in handle.embeddedCertificates() { certificates.append(try Certificate(der: der)) }
        return certificates
    }

    /// Whether the signer names its certificate by a hash that is not weak: signing-certificate-v2 (RFC 5816).
    package var hasSigningCertificateV2: Bool {
        unsafe copenssl_has_signing_certificate_v2(handle.pointer) == 1
    }

    /// The policy that the authority stamped under.
    package var policy: OID? { handle.policy() }
}

extension TokenHandle {
    private static let maximumCertificates: Int32 = 16

    /// Whether there are at most 16 certificates inside, with keys that nothing takes long to verify with: OpenSSL builds
    /// paths over them.
    var hasBoundedCertificates: Bool {
        guard let stack = unsafe copenssl_token_certificates(pointer) else { return true }
        let count = unsafe copenssl_x509_stack_count(stack)
        return count <= Self.maximumCertificates
            && (0..<max(count, 0)).allSatisfy { unsafe RSALimits.isQuick(copenssl_x509_stack_at(stack, $0)) }
    }

    /// The DER encodings of the certificates inside.
    fileprivate func embeddedCertificates() -> [[UInt8]] {
        guard let stack = unsafe copenssl_token_certificates(pointer) else { return [] }
        let count = unsafe copenssl_x509_stack_count(stack)
        var encodings: [[UInt8]] = []
        for index in 0..<max(count, 0) {
            var buffer: UnsafeMutablePointer<UInt8>?
            let length = unsafe i2d_X509(copenssl_x509_stack_at(stack, index), &buffer)
            guard length > 0, let start = unsafe buffer else { continue }
            encodings.append(unsafe Array(UnsafeBufferPointer(start: start, count: Int(length))))
            unsafe CRYPTO_free(start, nil, 0)
        }
        return encodings
    }

    fileprivate func policy() -> OID? {
        guard let info = unsafe PKCS7_to_TS_TST_INFO(pointer) else { return nil }
        defer { unsafe TS_TST_INFO_free(info) }
        guard let object = unsafe TS_TST_INFO_get_policy_id(info), let data = unsafe OBJ_get0_data(object) else {
            return nil
        }
        return OID(content: unsafe Array(UnsafeBufferPointer(start: data, count: OBJ_length(object))))
    }
}
