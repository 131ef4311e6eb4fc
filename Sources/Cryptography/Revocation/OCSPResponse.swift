package import Core

/// An OCSP responder's answer (RFC 6960, section 4.2). Reading one proves nothing; `status(for:issuer:at:)` judges it.
package struct OCSPResponse: Sendable {
    /// What the answer says of one certificate, while it may be relied on.
    package struct Answer: Sendable, Hashable {
        package let status: RevocationStatus
        /// When a newer answer will be there: until then this one may be kept.
        package let nextUpdate: Timestamp
    }

    private struct Single {
        let id: CertificateID
        let status: RevocationStatus
        let thisUpdate: Timestamp
        let nextUpdate: Timestamp?
    }

    /// Bytes of a response.
    package static let maximumSize = 64 << 10
    /// How far a responder's clock may be ahead.
    private static let skew: Duration = .seconds(300)

    /// id-kp-OCSPSigning and id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2).
    private static let signing: OID = "1.3.6.1.5.5.7.3.9"
    private static let noCheck: OID = "1.3.6.1.5.5.7.48.1.5"

    private let signed: SignedStructure
    private let delegates: [Certificate]
    private let answers: [Single]

    /// Reads a DER OCSPResponse that holds an answer.
    /// - Throws: `CryptographyError` (`.revocation`, `.encoding`), also when the responder refuses to answer.
    package init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= Self.maximumSize else {  // check: ocsp-size
            throw CryptographyError(.revocation, "the OCSP response exceeds 64 KiB")
        }
        var outer = try DERReader.single(DERTag.sequence, in: der).reader
        let status = try outer.read(0x0a).content
        guard Array(status) == [0] else {  // check: ocsp-response-status
            throw CryptographyError(
                .revocation, "the OCSP responder answers with the error \(status.first.map { "\($0)" } ?? "?")")
        }
        var wrapper = try outer.read(DERTag.explicit(0)).reader
        try outer.finish()
        var typed = try wrapper.read(DERTag.sequence).reader
        guard try typed.readOID() == "1.3.6.1.5.5.7.48.1.1" else {
            throw CryptographyError(.revocation, "the OCSP response is of a type that is not supported")
        }
        let basic = Array(try typed.read(DERTag.octetString).content)
        signed = try SignedStructure(try DERReader.single(DERTag.sequence, in: basic))
        delegates = try Self.certificates(signed.rest)
        answers = try Self.answers(signed.content)
    }

    /// What the answer says of `certificate` at `time`: signed by `issuer`, or by a responder that it issued for OCSP
    /// alone and that need not be asked about itself (`id-pkix-ocsp-nocheck`).
    /// - Throws: `CryptographyError` (`.revocation`) when it is no valid answer to that question at that time.
    package func status(
        for request: OCSPRequest, issuer: Certificate, at time: Timestamp
    ) throws(CryptographyError) -> Answer {
        let isTrusted = isSigned(by: issuer, at: time)
        guard isTrusted else {  // check: ocsp-signer
            throw CryptographyError(.revocation, "the OCSP response is signed neither by the issuer nor its responder")
        }
        let matching = answers.filter { $0.id == request.identifier }  // check-filter: ocsp-certificate
        guard let answer = matching.first else {
            throw CryptographyError(.revocation, "the OCSP response is not about the certificate")
        }
        guard matching.count == 1 else {  // check: ocsp-one-answer
            throw CryptographyError(.revocation, "the OCSP response has several answers about the certificate")
        }
        guard answer.thisUpdate <= time + Self.skew else {  // check: ocsp-this-update
            throw CryptographyError(.revocation, "the OCSP response is from the future")
        }
        guard let nextUpdate = answer.nextUpdate else {
            throw CryptographyError(.revocation, "the OCSP response does not say until when it holds")
        }
        guard time <= nextUpdate else {  // check: ocsp-next-update
            throw CryptographyError(.revocation, "the OCSP response is out of date since \(nextUpdate.rfc3339)")
        }
        return Answer(status: answer.status, nextUpdate: nextUpdate)
    }

    private func isSigned(by issuer: Certificate, at time: Timestamp) -> Bool {
        if let key = try? issuer.publicKey(), signed.isSigned(by: key) { return true }
        let usable = delegates.filter { isDelegate($0, of: issuer, at: time) }
        return usable.contains { delegate in (try? delegate.publicKey()).map { signed.isSigned(by: $0) } ?? false }
    }

    private func isDelegate(_ certificate: Certificate, of issuer: Certificate, at time: Timestamp) -> Bool {
        let candidates = [certificate]
            .filter { $0.isIssued(by: issuer) }  // check-filter: ocsp-delegate-issuer
            .filter { $0.extendedKeyUsages?.contains(Self.signing) == true }  // check-filter: ocsp-delegate-usage
            .filter { $0.extensionValue(Self.noCheck) != nil }  // check-filter: ocsp-delegate-nocheck
            .filter { $0.isValid(at: time) }  // check-filter: ocsp-delegate-validity
        return !candidates.isEmpty
    }

    private static func certificates(_ rest: DERReader) throws(CryptographyError) -> [Certificate] {
        var reader = rest
        let wrapped = try reader.readIfPresent(DERTag.explicit(0))
        try reader.finish()
        guard var outer = wrapped?.reader else { return [] }
        var list = try outer.read(DERTag.sequence).reader
        var certificates: [Certificate] = []
        while !list.isAtEnd {
            guard certificates.count < 8 else {
                throw CryptographyError(.revocation, "the OCSP response has more than 8 certificates")
            }
            certificates.append(try Certificate(der: Array(try list.read().encoding)))
        }
        return certificates
    }

    private static func answers(_ content: DERReader.Element) throws(CryptographyError) -> [Single] {
        var data = content.reader
        _ = try data.readIfPresent(DERTag.explicit(0))
        _ = try data.read()  // Who responds: the signature tells.
        _ = try data.read(DERTag.generalizedTime)
        var list = try data.read(DERTag.sequence).reader
        try check(try RevocationExtensions(try data.readIfPresent(DERTag.explicit(1))))
        try data.finish()
        var answers: [Single] = []
        while !list.isAtEnd {
            guard answers.count < 64 else {
                throw CryptographyError(.revocation, "the OCSP response has more than 64 answers")
            }
            if let answer = try single(try list.read(DERTag.sequence)) { answers.append(answer) }
        }
        return answers
    }

    private static func single(_ element: DERReader.Element) throws(CryptographyError) -> Single? {
        var reader = element.reader
        let id = try CertificateID(try reader.read(DERTag.sequence))
        let status = try reader.read()
        let thisUpdate = try reader.read(DERTag.generalizedTime)
        let nextUpdate = try reader.readIfPresent(DERTag.explicit(0))
        let extensions = try RevocationExtensions(try reader.readIfPresent(DERTag.explicit(1)))
        try reader.finish()
        try check(extensions)
        guard let id else { return nil }
        return Single(
            id: id, status: try Self.status(status, extensions), thisUpdate: try time(thisUpdate),
            nextUpdate: try nextUpdate.map { element throws(CryptographyError) in
                var inner = element.reader
                return try time(try inner.read(DERTag.generalizedTime))
            })
    }

    private static func check(_ extensions: RevocationExtensions) throws(CryptographyError) {
        let unknown = extensions.unknownCritical(besides: [RevocationExtensions.invalidityDate])
        guard unknown == nil else {  // check: ocsp-critical
            throw CryptographyError(.revocation, "the OCSP response has a critical extension that is not known")
        }
    }

    private static func status(
        _ element: DERReader.Element, _ extensions: RevocationExtensions
    ) throws(CryptographyError) -> RevocationStatus {
        switch element.tag {
        case DERTag.implicit(0): return .good
        case DERTag.implicit(2): return .unknown
        case DERTag.explicit(1):
            var reader = element.reader
            let time = try time(try reader.read(DERTag.generalizedTime))
            var reason: UInt8?
            if let wrapped = try reader.readIfPresent(DERTag.explicit(0)) {
                var inner = wrapped.reader
                reason = try inner.read(0x0a).content.first
            }
            return .revoked(.init(time: time, reason: reason, invalidity: try extensions.invalidity()))
        default: throw CryptographyError(.revocation, "the OCSP response has a status that is not known")
        }
    }

    private static func time(_ element: DERReader.Element) throws(CryptographyError) -> Timestamp {
        guard let time = DERTime.parse(element) else {
            throw CryptographyError(.revocation, "a time of the OCSP response is malformed")
        }
        return time
    }
}

extension Optional where Wrapped == DERReader.Element {
    fileprivate func map(
        _ transform: (DERReader.Element) throws(CryptographyError) -> Timestamp
    ) throws(CryptographyError) -> Timestamp? {
        guard let self else { return nil }
        return try transform(self)
    }
}
