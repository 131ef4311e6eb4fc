internal import COpenSSL
package import Core

/// A path that holds: from a certificate over its issuers to a trusted one.
@safe
package struct CertificatePath: Sendable {
    /// The certificate first, the anchor last; at least two.
    package let certificates: [Certificate]

    /// The certificate that issued the first one.
    package var issuer: Certificate { certificates[1] }

    /// Builds and judges the path of `leaf` at `time`: signatures, names, authorities, path lengths, name constraints,
    /// critical extensions, keys and hashes of at least 112 bits (OpenSSL); and, for every certificate of it, the
    /// validity at `time` with both ends included, the right to issue, and the extended key usage (here).
    /// - Parameters:
    ///   - intermediates: certificates that the path may lead over; not trusted by themselves.
    ///   - anchors: what is trusted; need not be self-signed.
    ///   - usage: must be among the leaf's extended key usages, and among those of every issuer that has any.
    /// - Throws: `CryptographyError` (`.path`, `.expired`).
    package init(
        from leaf: Certificate, intermediates: [Certificate], anchors: [Certificate], at time: Timestamp, usage: OID
    ) throws(CryptographyError) {
        guard leaf.isValid(at: time) else {  // check: leaf-validity
            throw CryptographyError(.expired, "the certificate is not valid at the time of signing")
        }
        let currentAnchors = anchors.filter { $0.isValid(at: time) }  // check-filter: anchor-validity
        let currentIntermediates = intermediates.filter { $0.isValid(at: time) }  // check-filter: issuer-validity
        let excluded = anchors.count + intermediates.count - currentAnchors.count - currentIntermediates.count
        let found = Self.build(leaf, currentIntermediates, currentAnchors)
        guard let path = found.path else {
            let hint = excluded > 0 ? "; \(excluded) issuing certificate(s) are not valid at that time" : ""
            throw CryptographyError(
                excluded > 0 ? .expired : .path, "no trusted path leads to the certificate (\(found.reason))\(hint)")
        }
        let issuers = path.dropFirst()
        guard !issuers.isEmpty else {  // check: path-length-minimum
            throw CryptographyError(.path, "the certificate is its own anchor")
        }
        guard issuers.allSatisfy(\.isAuthority) else {  // check: issuer-authority
            throw CryptographyError(.path, "an issuing certificate is no certificate authority")
        }
        guard leaf.extendedKeyUsages?.contains(usage) == true else {  // check: leaf-usage
            throw CryptographyError(.path, "the certificate is not for the extended key usage \(usage)")
        }
        guard issuers.allSatisfy({ Self.allows($0, usage) }) else {  // check: issuer-usage
            throw CryptographyError(.path, "an issuing certificate is not for the extended key usage \(usage)")
        }
        certificates = path
    }

    private static func allows(_ certificate: Certificate, _ usage: OID) -> Bool {
        guard let usages = certificate.extendedKeyUsages else { return true }
        return usages.contains(usage) || usages.contains(.anyExtendedKeyUsage)
    }

    private static func build(
        _ leaf: Certificate, _ intermediates: [Certificate], _ anchors: [Certificate]
    ) -> (path: [Certificate]?, reason: String) {
        defer { OpenSSLErrors.clear() }
        let store = AnchorStore(anchors: anchors.map(\.handle))
        let pool = CertificateStack(intermediates.map(\.handle))
        guard let context = unsafe X509_STORE_CTX_new() else { return (nil, "no memory") }
        defer { unsafe X509_STORE_CTX_free(context) }
        guard unsafe X509_STORE_CTX_init(context, store.pointer, leaf.handle.pointer, pool.pointer) == 1 else {
            return (nil, "OpenSSL cannot start")
        }
        guard unsafe X509_verify_cert(context) == 1 else {
            let code = unsafe X509_STORE_CTX_get_error(context)
            return (nil, unsafe String(cString: X509_verify_cert_error_string(Int(code))))
        }
        guard let chain = unsafe X509_STORE_CTX_get0_chain(context) else { return (nil, "no chain") }
        // The chain's members are ones that were handed in; match them by identity of content.
        let candidates = [leaf] + intermediates + anchors
        var path: [Certificate] = []
        for index in 0..<(unsafe copenssl_x509_stack_count(chain)) {
            let member = unsafe copenssl_x509_stack_at(chain, index)
            guard let certificate = candidates.first(where: { unsafe X509_cmp($0.handle.pointer, member) == 0 }) else {
                return (nil, "the chain holds an unknown certificate")
            }
            path.append(certificate)
        }
        return (path, "")
    }
}
