/// Where a certificate says that its revocation can be asked about. The URLs are what the certificate says: hostile until
/// its issuer is trusted.
extension Certificate {
    /// The OCSP responders of the authority information access extension (RFC 5280, section 4.2.2.1), at most 8.
    /// - Throws: `CryptographyError` (`.certificate`, `.encoding`) when the extension is malformed.
    package func ocspResponders() throws(CryptographyError) -> [String] {
        guard let value = extensionValue("1.3.6.1.5.5.7.1.1") else { return [] }
        var list = try DERReader.single(DERTag.sequence, in: value).reader
        var urls: [String] = []
        while !list.isAtEnd {
            var description = try list.read(DERTag.sequence).reader
            let method = try description.readOID()
            let location = try description.read()
            try description.finish()
            guard method == "1.3.6.1.5.5.7.48.1", location.tag == DERTag.implicit(6) else { continue }
            urls.append(try Self.url(location.content))
            guard urls.count <= 8 else {
                throw CryptographyError(.certificate, "there are more than 8 OCSP responders")
            }
        }
        return urls
    }

    /// The CRL distribution points (RFC 5280, section 4.2.1.13).
    /// - Throws: `CryptographyError` (`.certificate`, `.encoding`) when the extension is malformed.
    package func distributionPoints() throws(CryptographyError) -> [CRLDistributionPoint] {
        guard let value = extensionValue("2.5.29.31") else { return [] }
        return try CRLDistributionPoint.list(value)
    }

    /// An IA5String that is to be a URL: printable ASCII.
    static func url(_ bytes: ArraySlice<UInt8>) throws(CryptographyError) -> String {
        guard bytes.count <= 2048, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CryptographyError(.certificate, "a URL of the certificate is malformed")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Where a revocation list is, and what part of it.
package struct CRLDistributionPoint: Sendable, Hashable {
    /// The URLs of one and the same list.
    package let urls: [String]
    /// Whether the list only covers some reasons, or is issued by somebody else than the certificate's issuer.
    package let isPartial: Bool

    /// Reads the value of a CRL distribution points or freshest CRL extension; at most 8 points of 8 names.
    static func list(_ value: [UInt8]) throws(CryptographyError) -> [CRLDistributionPoint] {
        var list = try DERReader.single(DERTag.sequence, in: value).reader
        var points: [CRLDistributionPoint] = []
        while !list.isAtEnd {
            guard points.count < 8 else {
                throw CryptographyError(.certificate, "there are more than 8 CRL distribution points")
            }
            var point = try list.read(DERTag.sequence).reader
            let name = try point.readIfPresent(DERTag.explicit(0))
            let reasons = try point.readIfPresent(DERTag.implicit(1))
            let issuer = try point.readIfPresent(DERTag.explicit(2))
            try point.finish()
            points.append(
                CRLDistributionPoint(urls: try name.map(urls) ?? [], isPartial: reasons != nil || issuer != nil))
        }
        return points
    }

    /// The URLs of a DistributionPointName in its `[0]`; none for a name relative to the issuer's.
    static func urls(_ name: DERReader.Element) throws(CryptographyError) -> [String] {
        var choice = name.reader
        guard let names = try choice.readIfPresent(DERTag.explicit(0)) else { return [] }
        try choice.finish()
        var reader = names.reader
        var urls: [String] = []
        while !reader.isAtEnd {
            let general = try reader.read()
            guard general.tag == DERTag.implicit(6) else { continue }
            guard urls.count < 8 else { throw CryptographyError(.certificate, "a distribution point has many names") }
            urls.append(try Certificate.url(general.content))
        }
        return urls
    }
}

extension Optional where Wrapped == DERReader.Element {
    fileprivate func map(
        _ transform: (DERReader.Element) throws(CryptographyError) -> [String]
    ) throws(CryptographyError) -> [String]? {
        guard let self else { return nil }
        return try transform(self)
    }
}
