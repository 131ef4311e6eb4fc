package import Core

/// What an authority says of a certificate that it issued.
package enum RevocationStatus: Sendable, Hashable {
    case good
    case revoked(Revocation)
    /// The authority does not know the certificate.
    case unknown

    /// When and why a certificate was revoked.
    package struct Revocation: Sendable, Hashable {
        package let time: Timestamp
        /// The CRLReason (RFC 5280, section 5.3.1); nil where none is given.
        package let reason: UInt8?
        /// Since when the key is to be distrusted; may be before `time`.
        package let invalidity: Timestamp?
    }
}

/// The extensions of revocation lists, of their entries and of OCSP answers.
struct RevocationExtensions {
    let all: [Certificate.Extension]

    init(_ element: DERReader.Element?) throws(CryptographyError) {
        all = try CertificateFields.parse(element)
    }

    subscript(_ oid: OID) -> [UInt8]? { all.first { $0.oid == oid }?.value }

    /// The first critical extension that is not among `known`.
    func unknownCritical(besides known: [OID]) -> OID? {
        all.first { $0.isCritical && !known.contains($0.oid) }?.oid
    }

    /// The invalidity date (RFC 5280, section 5.3.2).
    func invalidity() throws(CryptographyError) -> Timestamp? {
        guard let value = self["2.5.29.24"] else { return nil }
        guard let time = DERTime.parse(try DERReader.single(DERTag.generalizedTime, in: value)) else {
            throw CryptographyError(.revocation, "the invalidity date is malformed")
        }
        return time
    }

    static let reason: OID = "2.5.29.21"
    static let invalidityDate: OID = "2.5.29.24"
}
