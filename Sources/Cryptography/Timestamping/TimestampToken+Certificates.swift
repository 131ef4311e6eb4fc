internal import COpenSSL

extension TimestampToken {
    /// The certificates that the token carries, at most 16; nothing vouches for them.
    /// - Throws: `CryptographyError` (`.timestamp`, `.certificate`, `.encoding`).
    package func embeddedCertificates() throws(CryptographyError) -> [Certificate] {
        guard let encodings = handle.embeddedCertificates(limit: 16) else {
            throw CryptographyError(.timestamp, "it carries more than 16 certificates")
        }
        var certificates: [Certificate] = []
        for der in encodings { certificates.append(try Certificate(der: der)) }
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
    /// The DER encodings of the certificates inside; nil when there are more than `limit`.
    fileprivate func embeddedCertificates(limit: Int) -> [[UInt8]]? {
        guard let stack = unsafe copenssl_token_certificates(pointer) else { return [] }
        let count = unsafe copenssl_x509_stack_count(stack)
        guard count <= Int32(limit) else { return nil }
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
