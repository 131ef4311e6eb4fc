/// The question to an OCSP responder about one certificate (RFC 6960, section 4.1), without a nonce: the answer may come
/// from a cache, and its validity period bounds its age.
package struct OCSPRequest: Sendable, Hashable {
    /// The DER OCSPRequest.
    package let der: [UInt8]
    /// The content of the DER CertID: what the answer must be about.
    let identifier: CertificateID

    /// Asks about `certificate`, which `issuer` issued.
    /// - Throws: `CryptographyError` (`.encoding`).
    package init(for certificate: Certificate, issuer: Certificate) throws(CryptographyError) {
        identifier = try CertificateID(certificate, issuer: issuer)
        der = DERWriter.sequence(DERWriter.sequence(DERWriter.sequence(DERWriter.sequence(identifier.der))))
    }
}

/// CertID: a certificate by its issuer's name and key, and its serial number.
struct CertificateID: Sendable, Hashable {
    private static let sha1: OID = "1.3.14.3.2.26"

    let nameHash: [UInt8]
    let keyHash: [UInt8]
    let serial: [UInt8]

    init(_ certificate: Certificate, issuer: Certificate) throws(CryptographyError) {
        nameHash = SHA1.hash(issuer.subject.encoding)
        var info = try DERReader.single(DERTag.sequence, in: issuer.subjectPublicKeyInfo).reader
        _ = try info.read(DERTag.sequence)
        keyHash = SHA1.hash(Array(try info.read(DERTag.bitString).content.dropFirst()))
        serial = certificate.serialNumber
    }

    /// nil for a CertID made with another hash than SHA-1, which was not asked for.
    init?(_ element: DERReader.Element) throws(CryptographyError) {
        var reader = element.reader
        var algorithm = try reader.read(DERTag.sequence).reader
        let oid = try algorithm.readOID()
        nameHash = Array(try reader.read(DERTag.octetString).content)
        keyHash = Array(try reader.read(DERTag.octetString).content)
        serial = Array(try reader.read(DERTag.integer).content)
        try reader.finish()
        if oid != Self.sha1 { return nil }
    }

    var der: [UInt8] {
        DERWriter.sequence(
            DERWriter.sequence(DERWriter.oid(Self.sha1), DERWriter.null()), DERWriter.octets(nameHash),
            DERWriter.octets(keyHash), DERWriter.element(DERTag.integer, serial))
    }
}
