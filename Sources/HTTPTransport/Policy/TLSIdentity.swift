package import Core

/// A client certificate with its chain and its private key, held in memory only.
package struct TLSIdentity: Sendable, Hashable {
    let certificatePEM: [UInt8]
    let keyPEM: Redacted<[UInt8]>

    /// The largest PEM text accepted, in bytes.
    package static let maximumSize = 1 << 20

    /// Checks that both parse and belong together.
    /// - Throws: an error that names `tls.crt` or `tls.key`; it never repeats their content.
    package init(certificatePEM: [UInt8], keyPEM: Redacted<[UInt8]>) throws(TLSPolicyError) {
        let chain = try CertificateList(pem: certificatePEM, name: "tls.crt")
        let key = try PrivateKeyHandle(pem: keyPEM, name: "tls.key")
        guard key.fits(chain) else {
            throw TLSPolicyError(message: "tls.key is not the private key of the first certificate in tls.crt")
        }
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}
