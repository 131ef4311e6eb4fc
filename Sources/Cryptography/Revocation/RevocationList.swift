package import Core

/// A certificate revocation list (RFC 5280, section 5). Reading one proves nothing; `verify(...)` judges it.
package struct RevocationList: Sendable {
    /// Bytes of a list.
    package static let maximumSize = 32 << 20
    /// How far an authority's clock may be ahead.
    private static let skew: Duration = .seconds(300)

    /// Entries that are looked at before it is asked again whether anybody still waits.
    private static let entriesBetweenChecks = 4096

    private static let number: OID = "2.5.29.20"
    private static let deltaIndicator: OID = "2.5.29.27"
    private static let issuingPoint: OID = "2.5.29.28"
    private static let freshest: OID = "2.5.29.46"

    /// When the next list will be there; nil where the list does not say.
    package let nextUpdate: Timestamp?
    /// Where lists of changes since this one are.
    package let freshestPoints: [CRLDistributionPoint]
    private let issuer: [UInt8]
    private let thisUpdate: Timestamp
    private let signed: SignedStructure
    private let entries: ArraySlice<UInt8>
    private let extensions: RevocationExtensions

    /// Reads a DER CertificateList.
    /// - Throws: `CryptographyError` (`.revocation`, `.encoding`).
    package init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= Self.maximumSize else {  // check: crl-size
            throw CryptographyError(.revocation, "the revocation list exceeds 32 MiB")
        }
        signed = try SignedStructure(try DERReader.single(DERTag.sequence, in: der))
        try signed.rest.finish()
        var tbs = signed.content.reader
        _ = try tbs.readIfPresent(DERTag.integer)
        let algorithm = try tbs.read(DERTag.sequence)
        guard Array(algorithm.encoding) == signed.algorithmEncoding else {  // check: crl-algorithm
            throw CryptographyError(.revocation, "the revocation list names two signature algorithms")
        }
        issuer = Array(try tbs.read(DERTag.sequence).encoding)
        guard let thisUpdate = DERTime.parse(try tbs.read()) else {
            throw CryptographyError(.revocation, "the time of the revocation list is malformed")
        }
        self.thisUpdate = thisUpdate
        if tbs.nextTag == DERTag.utcTime || tbs.nextTag == DERTag.generalizedTime {
            guard let time = DERTime.parse(try tbs.read()) else {
                throw CryptographyError(.revocation, "the time of the next revocation list is malformed")
            }
            nextUpdate = time
        } else {
            nextUpdate = nil
        }
        entries = try tbs.readIfPresent(DERTag.sequence)?.content ?? []
        extensions = try RevocationExtensions(try tbs.readIfPresent(DERTag.explicit(0)))
        try tbs.finish()
        freshestPoints = try Self.points(extensions[Self.freshest])
    }

    /// Fails unless the list is `issuer`'s, holds at `time`, and covers `certificate` for every reason.
    /// - Parameter point: where the certificate says that the list is.
    /// - Throws: `CryptographyError` (`.revocation`).
    package func verify(
        issuer: Certificate, covers certificate: Certificate, at point: CRLDistributionPoint, time: Timestamp
    ) throws(CryptographyError) {
        guard self.issuer == issuer.subject.encoding else {  // check: crl-issuer
            throw CryptographyError(.revocation, "the revocation list is another authority's")
        }
        guard issuer.keyUsage?.contains(.cRLSign) ?? true else {  // check: crl-issuer-usage
            throw CryptographyError(.revocation, "the issuer may not sign revocation lists")
        }
        let isSigned = (try? issuer.publicKey()).map { signed.isSigned(by: $0) } ?? false
        guard isSigned else {  // check: crl-signature
            throw CryptographyError(.revocation, "the revocation list is not signed by the issuer")
        }
        guard thisUpdate <= time + Self.skew else {  // check: crl-this-update
            throw CryptographyError(.revocation, "the revocation list is from the future")
        }
        guard let nextUpdate else {
            throw CryptographyError(.revocation, "the revocation list does not say until when it holds")
        }
        guard time <= nextUpdate else {  // check: crl-next-update
            throw CryptographyError(.revocation, "the revocation list is out of date since \(nextUpdate.rfc3339)")
        }
        let unknown = extensions.unknownCritical(besides: [Self.number, Self.deltaIndicator, Self.issuingPoint])
        guard unknown == nil else {  // check: crl-critical
            throw CryptographyError(.revocation, "the revocation list has a critical extension that is not known")
        }
        try verifyScope(certificate, point)  // check-call: crl-scopes
    }

    /// Whether the list holds only changes since a complete one.
    package var isDelta: Bool { extensions[Self.deltaIndicator] != nil }

    /// Fails unless the list holds the changes since `base`, or since an older list, of the same scope (RFC 5280, section
    /// 5.2.4).
    /// - Throws: `CryptographyError` (`.revocation`).
    package func verifyDelta(of base: RevocationList) throws(CryptographyError) {
        guard extensions[Self.issuingPoint] == base.extensions[Self.issuingPoint] else {  // check: delta-scope
            throw CryptographyError(.revocation, "the list of changes is of another scope than the revocation list")
        }
        guard let since = try Self.magnitude(extensions[Self.deltaIndicator]),
            let own = try Self.magnitude(extensions[Self.number]),
            let complete = try Self.magnitude(base.extensions[Self.number])
        else { throw CryptographyError(.revocation, "a list of changes, or the list it is for, has no number") }
        guard !Self.precedes(complete, since) else {  // check: delta-base
            throw CryptographyError(.revocation, "the list of changes is for a newer revocation list")
        }
        guard !Self.precedes(own, complete) else {  // check: delta-number
            throw CryptographyError(.revocation, "the list of changes is older than the revocation list")
        }
    }

    /// What the list says of the certificate: nil when it does not name it. `.good` is what a list of changes says of a
    /// certificate that is revoked no more. Every entry is looked at, of which there may be a million.
    /// - Parameter isCancelled: asked now and then whether anybody still waits.
    /// - Throws: `CryptographyError` (`.revocation`, `.encoding`), also for an entry with an unknown critical extension, and
    ///   when cancelled.
    package func status(
        of certificate: Certificate, isCancelled: () -> Bool = { false }
    ) throws(CryptographyError) -> RevocationStatus? {
        var reader = DERReader(entries)
        var count = 0
        while !reader.isAtEnd {
            count += 1
            if count.isMultiple(of: Self.entriesBetweenChecks), isCancelled() {
                throw CryptographyError(.revocation, "looking through the revocation list was cancelled")
            }
            var entry = try reader.read(DERTag.sequence).reader
            guard try entry.read(DERTag.integer).content.elementsEqual(certificate.serialNumber) else { continue }
            guard let time = DERTime.parse(try entry.read()) else {
                throw CryptographyError(.revocation, "a time of the revocation list is malformed")
            }
            let wrapped = try entry.readIfPresent(DERTag.sequence)
            try entry.finish()
            // `CertificateFields` wants the list in the explicit tag that certificates have around it.
            let extensions = try RevocationExtensions(
                try wrapped.map { element throws(CryptographyError) in
                    try DERReader.single(
                        DERTag.explicit(3), in: DERWriter.explicit(3, Array(element.encoding)))
                })
            let known = [RevocationExtensions.reason, RevocationExtensions.invalidityDate]
            guard extensions.unknownCritical(besides: known) == nil else {  // check: crl-entry-critical
                throw CryptographyError(.revocation, "the revocation list's entry has a critical extension not known")
            }
            var reason: UInt8?
            if let value = extensions[RevocationExtensions.reason] {
                reason = try DERReader.single(0x0a, in: value).content.first
            }
            // removeFromCRL (8) is of lists of changes only.
            if reason == 8, isDelta { return .good }
            return .revoked(.init(time: time, reason: reason, invalidity: try extensions.invalidity()))
        }
        return nil
    }

    /// Fails when the list is only for some other certificates (RFC 5280, section 5.2.5).
    private func verifyScope(_ certificate: Certificate, _ point: CRLDistributionPoint) throws(CryptographyError) {
        guard let value = extensions[Self.issuingPoint] else { return }
        var reader = try DERReader.single(DERTag.sequence, in: value).reader
        let name = try reader.readIfPresent(DERTag.explicit(0))
        func flag(_ number: UInt8) throws(CryptographyError) -> Bool {
            try reader.readIfPresent(DERTag.implicit(number)).map { Array($0.content) != [0] } ?? false
        }
        let onlyUsers = try flag(1)
        let onlyAuthorities = try flag(2)
        let reasons = try reader.readIfPresent(DERTag.implicit(3))
        let isIndirect = try flag(4)
        let onlyAttributes = try flag(5)
        try reader.finish()
        let isOther =
            onlyAttributes || (onlyUsers && certificate.isAuthority)
            || (onlyAuthorities && !certificate.isAuthority)
        let isPartial = isOther || reasons != nil || isIndirect
        guard !isPartial else {  // check: crl-scope
            throw CryptographyError(.revocation, "the revocation list does not cover the certificate")
        }
        guard let name else { return }
        let urls = try CRLDistributionPoint.urls(name)
        guard urls.contains(where: point.urls.contains) else {  // check: crl-point
            throw CryptographyError(.revocation, "the revocation list is for another distribution point")
        }
    }

    private static func points(_ value: [UInt8]?) throws(CryptographyError) -> [CRLDistributionPoint] {
        guard let value else { return [] }
        return try CRLDistributionPoint.list(value)
    }

    private static func magnitude(_ value: [UInt8]?) throws(CryptographyError) -> [UInt8]? {
        guard let value else { return nil }
        let content = try DERReader.single(DERTag.integer, in: value).content
        guard let first = content.first, first < 0x80, content.count <= 21 else {
            throw CryptographyError(.revocation, "the number of a revocation list is malformed")
        }
        return Array(content.drop { $0 == 0 })
    }

    private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count ? one.lexicographicallyPrecedes(other) : one.count < other.count
    }
}

extension Optional where Wrapped == DERReader.Element {
    fileprivate func map(
        _ transform: (DERReader.Element) throws(CryptographyError) -> DERReader.Element
    ) throws(CryptographyError) -> DERReader.Element? {
        guard let self else { return nil }
        return try transform(self)
    }
}
