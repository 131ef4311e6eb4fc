internal import Core
internal import Cryptography

/// Judges whether the certificates of a chain are revoked: OCSP where they name a responder, else (or where it has no
/// answer) revocation lists. What cannot be found out counts as a failure.
struct RevocationVerification: Sendable {
    private static let ocspLimit = 20 << 10
    private static let ocspTimeout: Duration = .seconds(2)
    private static let listTimeout: Duration = .seconds(5)
    /// GET requests are shorter than this (RFC 6960, appendix A.1), so that they can be cached on the way.
    private static let longestGet = 255

    /// nil where nobody may be asked.
    let fetcher: (any RevocationFetching)?
    let now: Timestamp
    /// Where lists are read: millions of entries take their time.
    let executor: BlockingExecutor

    /// What can be relied on, and how long.
    private struct Answer {
        let status: RevocationStatus
        let until: Timestamp
    }

    /// Fails when one of the first `count` certificates is revoked or may be. The root is not asked about.
    /// - Parameter signedAt: a trusted time of signing; a key that was sound until later does no harm.
    /// - Returns: how long the answers hold; nil when nobody had to be asked.
    /// - Throws: `Rejection` (`.revoked`, `.revocationUnknown`).
    func verify(_ chain: [Certificate], first count: Int, signedAt: Timestamp?) async throws(Rejection) -> Timestamp? {
        var until: Timestamp?
        for (certificate, issuer) in zip(chain, chain.dropFirst()).prefix(count) {
            guard let answer = try await answer(certificate, issuer) else { continue }
            if case .revoked(let revocation) = answer.status {
                let isLater = signedAt.flatMap { signed in revocation.invalidity.map { signed < $0 } } ?? false
                guard isLater else {  // check: revoked
                    let name = shown(certificate.subject.description)
                    throw Rejection(
                        .revoked,
                        "the certificate '\(name)' was revoked at \(revocation.time.rfc3339)"
                            + (revocation.reason.map { " (reason \($0))" } ?? ""))
                }
            }
            until = min(until ?? answer.until, answer.until)
        }
        return until
    }

    /// nil for a certificate that names nobody to ask: it cannot be revoked.
    private func answer(_ certificate: Certificate, _ issuer: Certificate) async throws(Rejection) -> Answer? {
        let responders: [String]
        let points: [CRLDistributionPoint]
        do {
            responders = try certificate.ocspResponders()
            points = try certificate.distributionPoints()
        } catch {
            throw unknown(certificate, error.message)
        }
        if responders.isEmpty, points.isEmpty { return nil }
        var reasons: [String] = []
        for url in responders {
            do {
                return try await ask(url, certificate, issuer)
            } catch {
                reasons.append(error.message)
            }
        }
        guard !points.isEmpty else { throw unknown(certificate, reasons.joined(separator: "; ")) }
        do {
            return try await lookUp(certificate, issuer, points)
        } catch {
            throw unknown(certificate, (reasons + [error.message]).joined(separator: "; "))
        }
    }

    private func ask(
        _ url: String, _ certificate: Certificate, _ issuer: Certificate
    ) async throws(Rejection) -> Answer {
        do {
            let question = try OCSPRequest(for: certificate, issuer: issuer)
            let request = Self.request(question, url)
            let bytes = try await fetch(request)
            let found = try OCSPResponse(der: bytes).status(for: question, issuer: issuer, at: now)
            guard found.status != .unknown else {  // check: ocsp-unknown
                throw Rejection(.revocationUnknown, "the OCSP responder does not know the certificate")
            }
            fetcher?.retain(bytes, for: request, until: found.nextUpdate)
            return Answer(status: found.status, until: found.nextUpdate)
        } catch {
            throw Self.failure(error, url)
        }
    }

    static func request(_ question: OCSPRequest, _ url: String) -> RevocationRequest {
        var path = ""
        for character in Base64.encode(question.der).utf8 {
            switch character {
            case UInt8(ascii: "+"): path += "%2B"
            case UInt8(ascii: "/"): path += "%2F"
            case UInt8(ascii: "="): path += "%3D"
            default: path.unicodeScalars.append(Unicode.Scalar(character))
            }
        }
        let full = url + (url.utf8.last == UInt8(ascii: "/") ? "" : "/") + path
        let isShort = full.utf8.count < longestGet
        return RevocationRequest(
            kind: .ocsp, url: isShort ? full : url, body: isShort ? nil : question.der, limit: ocspLimit,
            timeout: ocspTimeout)
    }

    /// Every distribution point is looked up: each may cover other reasons.
    private func lookUp(
        _ certificate: Certificate, _ issuer: Certificate, _ points: [CRLDistributionPoint]
    ) async throws(Rejection) -> Answer {
        var status = RevocationStatus.good
        var until: Timestamp?
        for point in points {
            guard !point.isPartial else {  // check: crl-partial
                throw Rejection(.revocationUnknown, "a revocation list for some reasons only is not supported")
            }
            let (base, end) = try await list(at: point.urls, of: point, certificate, issuer, isDelta: false)
            var ends = [end]
            var found: RevocationStatus?
            do {
                found = try await entry(of: certificate, in: base)
                for changesPoint in base.freshestPoints {
                    // It has the scope of the list that it changes, wherever it is fetched from.
                    let (changes, changesEnd) = try await list(
                        at: changesPoint.urls, of: point, certificate, issuer, isDelta: true)
                    try changes.verifyDelta(of: base)  // check-call: crl-delta-base
                    found = try await entry(of: certificate, in: changes) ?? found
                    ends.append(changesEnd)
                }
            } catch {
                throw Self.failure(error, point.urls.first ?? "")
            }
            if case .revoked? = found, let found { status = found }
            until = (ends + [until].compactMap(\.self)).min()
        }
        return Answer(status: status, until: until ?? now)
    }

    /// The first valid list of the distribution point `point` at `urls`, which name the same list.
    private func list(
        at urls: [String], of point: CRLDistributionPoint, _ certificate: Certificate, _ issuer: Certificate,
        isDelta: Bool
    ) async throws(Rejection) -> (RevocationList, Timestamp) {
        var failure = Rejection(.revocationUnknown, "a CRL distribution point has no URL")
        for url in urls {
            let request = RevocationRequest(
                kind: .revocationList, url: url, body: nil, limit: RevocationList.maximumSize,
                timeout: Self.listTimeout)
            do {
                let bytes = try await fetch(request)
                let list = try await executor.runCancellable { [now] _ in
                    let list = try RevocationList(der: Self.der(bytes))
                    try list.verify(issuer: issuer, covers: certificate, at: point, time: now)  // check-call: crl-list
                    return list
                }
                guard list.isDelta == isDelta else {  // check: crl-delta
                    throw Rejection(
                        .revocationUnknown, "a list of changes is where a complete one should be, or reverse")
                }
                let end = list.nextUpdate ?? now
                fetcher?.retain(bytes, for: request, until: end)
                return (list, end)
            } catch {
                failure = Self.failure(error, url)
            }
        }
        throw failure
    }

    private func entry(of certificate: Certificate, in list: RevocationList) async throws -> RevocationStatus? {
        try await executor.runCancellable { flag in try list.status(of: certificate) { flag.isRaised } }
    }

    private func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
        let isPlain = request.url.utf8.prefix(7).elementsEqual("http://".utf8)
        guard isPlain else {  // check: revocation-http
            throw Rejection(.revocationUnknown, "only 'http' URLs are asked about revocation")
        }
        guard let fetcher else { throw Rejection(.revocationUnknown, "nobody may be asked about revocation") }
        let bytes = try await fetcher.fetch(request)
        guard bytes.count <= request.limit else {  // check: revocation-size
            throw Rejection(.revocationUnknown, "the answer exceeds \(request.limit) bytes")
        }
        return bytes
    }

    /// Authorities publish DER, but some PEM.
    private static func der(_ bytes: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard bytes.starts(with: Array("-----BEGIN".utf8)) else { return bytes }
        return try PEMBlock.parseAll(bytes, limit: 1).first?.bytes ?? []
    }

    private static func failure(_ error: any Error, _ url: String) -> Rejection {
        Rejection(.revocationUnknown, "\(shown(url, limit: 120)): \(shown("\(error)", limit: 200))")
    }

    private func unknown(_ certificate: Certificate, _ why: String) -> Rejection {
        Rejection(
            .revocationUnknown,
            "whether the certificate '\(shown(certificate.subject.description, limit: 120))' is revoked could not be "
                + "found out: \(shown(why, limit: 400))")
    }
}

extension Rejection.Code {
    /// A certificate was revoked.
    package static let revoked = Rejection.Code(description: "revoked")
    /// Whether a certificate was revoked could not be found out.
    package static let revocationUnknown = Rejection.Code(description: "revocation unknown")
    /// No certificate of the signer's chain is in a trust store.
    package static let untrusted = Rejection.Code(description: "not trusted")
}
