extension Certificate {
    /// Whether `issuer` issued the certificate: the names fit, and its key made the signature, with SHA-256 or better and
    /// with the algorithm that the signed part names. Says nothing of the right to issue, nor of times.
    package func isIssued(by issuer: Certificate) -> Bool {
        guard let outer = try? DERReader.single(DERTag.sequence, in: der), let signed = try? SignedStructure(outer),
            let key = try? issuer.publicKey()
        else { return false }
        guard self.issuer.encoding == issuer.subject.encoding else {  // check: issuance-name
            return false
        }
        // RFC 5280, section 4.1.1.2: both algorithm identifiers are the same.
        guard tbsElements.contains(signed.algorithmEncoding) else {  // check: issuance-algorithm
            return false
        }
        return signed.isSigned(by: key)
    }

    /// Whether the certificate carries its own key's signature under its own name.
    package var isSelfSigned: Bool { isIssued(by: self) }

    /// Whether it has the extension and the extension is critical.
    package func isCritical(_ oid: OID) -> Bool { extensions.contains { $0.oid == oid && $0.isCritical } }
}
