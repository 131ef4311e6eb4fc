internal import Core

/// The fields of a TBSCertificate (RFC 5280, section 4.1), read strictly.
struct CertificateFields {
    /// The TBSCertificate's elements before the extensions, as encoded.
    let tbsElements: [[UInt8]]
    let serialNumber: [UInt8]
    let issuer: DistinguishedName
    let notBefore: Timestamp
    let notAfter: Timestamp
    let subject: DistinguishedName
    let subjectPublicKeyInfo: [UInt8]
    let extensions: [Certificate.Extension]

    private static let maximumExtensions = 64

    init(der: [UInt8]) throws(CryptographyError) {
        var outer = try DERReader.single(DERTag.sequence, in: der).reader
        var tbs = try outer.read(DERTag.sequence).reader
        var elements: [[UInt8]] = []
        if let version = try tbs.readIfPresent(DERTag.explicit(0)) { elements.append(Array(version.encoding)) }
        let serial = try tbs.read(DERTag.integer)
        let algorithm = try tbs.read(DERTag.sequence)
        let issuer = try tbs.read(DERTag.sequence)
        let validity = try tbs.read(DERTag.sequence)
        let subject = try tbs.read(DERTag.sequence)
        let key = try tbs.read(DERTag.sequence)
        elements += [serial, algorithm, issuer, validity, subject, key].map { Array($0.encoding) }
        for tag in [DERTag.implicit(1), DERTag.implicit(2)] {
            if let identifier = try tbs.readIfPresent(tag) { elements.append(Array(identifier.encoding)) }
        }
        let extensions = try tbs.readIfPresent(DERTag.explicit(3))
        try tbs.finish()
        // The outer algorithm and the signature are OpenSSL's to judge.
        _ = try outer.read(DERTag.sequence)
        _ = try outer.read(DERTag.bitString)
        try outer.finish()

        var dates = validity.reader
        guard let notBefore = DERTime.parse(try dates.read()), let notAfter = DERTime.parse(try dates.read()) else {
            throw CryptographyError(.certificate, "the validity of the certificate is malformed")
        }
        try dates.finish()
        tbsElements = elements
        serialNumber = Array(serial.content)
        self.issuer = try DistinguishedName(issuer)
        self.subject = try DistinguishedName(subject)
        self.notBefore = notBefore
        self.notAfter = notAfter
        subjectPublicKeyInfo = Array(key.encoding)
        self.extensions = try Self.parse(extensions)
    }

    func `extension`(_ oid: OID) -> [UInt8]? { extensions.first { $0.oid == oid }?.value }

    static func parse(_ element: DERReader.Element?) throws(CryptographyError) -> [Certificate.Extension] {
        guard let element else { return [] }
        var list = try DERReader.single(DERTag.sequence, in: Array(element.content)).reader
        var extensions: [Certificate.Extension] = []
        while !list.isAtEnd {
            guard extensions.count < maximumExtensions else {  // check: extension-limit
                throw CryptographyError(.certificate, "the certificate has more than \(maximumExtensions) extensions")
            }
            let whole = try list.read(DERTag.sequence)
            var fields = whole.reader
            let oid = try fields.readOID()
            let critical = try fields.readIfPresent(DERTag.boolean)
            let value = try fields.read(DERTag.octetString)
            try fields.finish()
            // RFC 5280, section 4.2: at most one instance of each.
            guard !extensions.contains(where: { $0.oid == oid }) else {  // check: extension-twice
                throw CryptographyError(.certificate, "the certificate has the extension \(oid) twice")
            }
            extensions.append(
                Certificate.Extension(
                    oid: oid, isCritical: critical.map { $0.content != [0] } ?? false, value: Array(value.content),
                    encoding: Array(whole.encoding)))
        }
        return extensions
    }
}
