import Core
import Cryptography
import TestPKI
import TestSupport
import Testing

/// OCSP responses and revocation lists: for every check, one that fails for its sake alone; and those of OpenSSL.
struct RevocationTests {
    static let now = Timestamp(seconds: 1_700_000_000)
    static let point = "http://crl.test/list"

    struct Authority {
        let key: PrivateKey
        let certificate: Certificate
        let leaf: Certificate
        let leafKey: PrivateKey
        let other: PrivateKey

        init(at time: Timestamp = now, usage: [UInt8] = [5, 6]) throws {
            key = try PrivateKey.generate(.ecdsa(.p384))
            leafKey = try PrivateKey.generate(.ecdsa(.p256))
            other = try PrivateKey.generate(.ecdsa(.p256))
            var authority = CertificateBuilder.authority(
                "authority", key: key.publicKey, notBefore: time + .seconds(-1000), notAfter: time + .seconds(100_000))
            authority.extensions[1] = .keyUsage(usage)
            certificate = try authority.signed(by: key)
            leaf = try CertificateBuilder(
                subject: [("2.5.4.3", "leaf")], serial: 0x4711, notBefore: time + .seconds(-1000),
                notAfter: time + .seconds(100_000), key: leafKey.publicKey,
                extensions: [.keyUsage([0]), .ocsp(["http://ocsp.test"]), .distributionPoints([point])]
            ).signed(by: key, issuer: certificate)
        }

        func request() throws -> OCSPRequest { try OCSPRequest(for: leaf, issuer: certificate) }

        func responder(_ change: (inout CertificateBuilder) throws -> Void = { _ in }) throws -> Certificate {
            var builder = CertificateBuilder(
                subject: [("2.5.4.3", "responder")], serial: 8, notBefore: now + .seconds(-1000),
                notAfter: now + .seconds(1000), key: other.publicKey,
                extensions: [
                    .keyUsage([0]), .extendedKeyUsage(["1.3.6.1.5.5.7.3.9"]),
                    .init("1.3.6.1.5.5.7.48.1.5", DERWriter.null()),
                ])
            try change(&builder)
            return try builder.signed(by: key, issuer: certificate)
        }

        func status(_ change: (inout OCSPMint) throws -> Void = { _ in }) throws -> RevocationStatus {
            var mint = OCSPMint(key: key, responder: certificate.subject, request: try request(), at: now)
            try change(&mint)
            return try OCSPResponse(der: try mint.der()).status(for: try request(), issuer: certificate, at: now).status
        }

        func list(
            _ change: (inout RevocationListMint) throws -> Void = { _ in }
        ) throws -> RevocationStatus? {
            var mint = RevocationListMint(key: key, issuer: certificate.subject, at: now)
            try change(&mint)
            let list = try RevocationList(der: try mint.der())
            let point = try #require(try leaf.distributionPoints().first)
            try list.verify(issuer: certificate, covers: leaf, at: point, time: now)
            return try list.status(of: leaf)
        }
    }

    static func revocation(_ status: RevocationStatus?) -> RevocationStatus.Revocation? {
        if case .revoked(let revocation)? = status { revocation } else { nil }
    }

    /// Looking through a long list ends soon after nobody waits for it any more.
    @Test func longListsCanBeLeft() throws {
        let authority = try Authority()
        var mint = RevocationListMint(key: authority.key, issuer: authority.certificate.subject, at: Self.now)
        let entry = DERWriter.sequence(DERWriter.integer(1_000_000), DERWriter.generalizedTime(Self.now))
        mint.encodedEntries = Array((0..<20_000).map { _ in entry }.joined())
        let list = try RevocationList(der: try mint.der())
        var asked = 0
        #expect(
            try list.status(of: authority.leaf) {
                asked += 1
                return false
            } == nil)
        #expect((2...20).contains(asked))
        let error = #expect(throws: CryptographyError.self) {
            try list.status(of: authority.leaf) {
                asked += 100
                return true
            }
        }
        #expect(error?.message.contains("cancelled") == true && asked < 200)
    }

    @Test func soundResponses() throws {
        let authority = try Authority()
        #expect(try authority.status() == .good)
        #expect(try authority.status { $0.status = .unknown } == .unknown)
        let revoked = try authority.status {
            $0.status = .revoked(Self.now, reason: 4)
            $0.singleExtensions = [.invalidity(Self.now + .seconds(-5))]
        }
        let revocation = try #require(Self.revocation(revoked))
        #expect(revocation.time == Self.now && revocation.reason == 4)
        #expect(revocation.invalidity == Self.now + .seconds(-5))
        let responder = try authority.responder()
        let delegated = try authority.status {
            $0.key = authority.other
            $0.embedded = [responder]
        }
        #expect(delegated == .good)
    }

    @Test func refusedResponses() throws {
        let authority = try Authority()
        let stranger = try Authority()
        func refuses(_ check: String, _ change: (inout OCSPMint) throws -> Void) {
            let error = #expect(throws: CryptographyError.self, "\(check)") { try authority.status(change) }
            #expect(error?.code == .revocation, "\(check): \(error?.message ?? "")")
        }
        func refusesDelegate(_ check: String, _ certificate: () throws -> Certificate) throws {
            let certificate = try certificate()
            refuses(check) {
                $0.key = authority.other
                $0.embedded = [certificate]
            }
        }
        refuses("ocsp-response-status") { $0.responseStatus = 3 }
        refuses("ocsp-signer") { $0.key = authority.other }
        refuses("ocsp-certificate") {
            $0.request = try OCSPRequest(for: authority.certificate, issuer: authority.certificate)
        }
        refuses("ocsp-certificate") { $0.request = try OCSPRequest(for: authority.leaf, issuer: stranger.certificate) }
        refuses("ocsp-one-answer") { $0.copies = 2 }
        refuses("ocsp-this-update") { $0.thisUpdate = Self.now + .seconds(301) }
        refuses("ocsp-next-update") { $0.nextUpdate = Self.now + .seconds(-1) }
        refuses("(next update)") { $0.nextUpdate = nil }
        refuses("ocsp-critical") { $0.extensions = [.init("1.2.3", critical: true, DERWriter.null())] }
        refuses("ocsp-critical") { $0.singleExtensions = [.init("1.2.3", critical: true, DERWriter.null())] }
        try refusesDelegate("ocsp-delegate-issuer") {
            var builder = CertificateBuilder(
                subject: [("2.5.4.3", "responder")], notBefore: Self.now, notAfter: Self.now + .seconds(10),
                key: authority.other.publicKey, extensions: [.extendedKeyUsage(["1.3.6.1.5.5.7.3.9"])])
            builder.extensions.append(.init("1.3.6.1.5.5.7.48.1.5", DERWriter.null()))
            return try builder.signed(by: stranger.key, issuer: stranger.certificate)
        }
        try refusesDelegate("ocsp-delegate-usage") {
            try authority.responder { $0.extensions[1] = .extendedKeyUsage([.codeSigning]) }
        }
        try refusesDelegate("ocsp-delegate-nocheck") { try authority.responder { $0.extensions.removeLast() } }
        try refusesDelegate("ocsp-delegate-validity") {
            try authority.responder { $0.notAfter = Self.now + .seconds(-1) }
        }
    }

    @Test func soundLists() throws {
        let authority = try Authority()
        #expect(try authority.list() == nil)
        let entry = RevocationListMint.Entry(serial: 0x4711, time: Self.now, extensions: [.reason(1)])
        let revoked = try authority.list { $0.entries = [.init(serial: 1, time: Self.now), entry] }
        #expect(Self.revocation(revoked)?.reason == 1)
        let name = DERWriter.explicit(0, DERWriter.explicit(0, GeneralName.uri(Self.point)))
        for members in [name, DERWriter.element(0x81, [0xff]), name + DERWriter.element(0x82, [0])] {
            #expect(try authority.list { $0.extensions = [.issuingPoint(members)] } == nil)
        }
    }

    @Test func refusedLists() throws {
        let authority = try Authority()
        let stranger = try CertificateBuilder.authority(
            "stranger", key: authority.key.publicKey, notBefore: Self.now, notAfter: Self.now
        ).signed(by: authority.key)
        func refuses(_ check: String, _ change: (inout RevocationListMint) throws -> Void) {
            let error = #expect(throws: CryptographyError.self, "\(check)") { try authority.list(change) }
            #expect(error?.code == .revocation, "\(check): \(error?.message ?? "")")
        }
        refuses("crl-issuer") { $0.issuer = stranger.subject }
        refuses("crl-signature") { $0.key = authority.other }
        refuses("crl-this-update") { $0.thisUpdate = Self.now + .seconds(301) }
        refuses("crl-next-update") { $0.nextUpdate = Self.now + .seconds(-1) }
        refuses("(next update)") { $0.nextUpdate = nil }
        refuses("crl-critical") { $0.extensions = [.init("1.2.3", critical: true, DERWriter.null())] }
        refuses("crl-entry-critical") {
            $0.entries = [
                .init(
                    serial: 0x4711, time: Self.now, extensions: [.init("1.2.3", critical: true, DERWriter.null())])
            ]
        }
        for member in [0x82, 0x84, 0x85] as [UInt8] {
            refuses("crl-scope") { $0.extensions = [.issuingPoint(DERWriter.element(member, [0xff]))] }
        }
        refuses("crl-scope") { $0.extensions = [.issuingPoint(DERWriter.element(0x83, [7, 0x80]))] }
        refuses("crl-point") {
            $0.extensions = [
                .issuingPoint(DERWriter.explicit(0, DERWriter.explicit(0, GeneralName.uri("http://crl.test/other"))))
            ]
        }
        let error = #expect(throws: CryptographyError.self) { try Authority(usage: [5]).list() }
        #expect(error?.code == .revocation)  // crl-issuer-usage
    }

    @Test func spoiledBytes() throws {
        let authority = try Authority()
        let response = try OCSPMint(
            key: authority.key, responder: authority.certificate.subject, request: try authority.request(), at: Self.now
        ).der()
        let list = try RevocationListMint(key: authority.key, issuer: authority.certificate.subject, at: Self.now).der()
        for index in stride(from: 0, to: response.count, by: 3) {
            #expect(throws: CryptographyError.self) { try OCSPResponse(der: Array(response.prefix(index))) }
            var spoiled = response
            spoiled[index] ^= 0x41
            let answer = try? OCSPResponse(der: spoiled).status(
                for: try authority.request(), issuer: authority.certificate, at: Self.now)
            // The frame around the signed part is not signed; what it says must not change.
            #expect(answer == nil || answer?.status == .good)
        }
        for index in stride(from: 0, to: list.count, by: 3) {
            #expect(throws: CryptographyError.self) { try RevocationList(der: Array(list.prefix(index))) }
        }
    }

    @Test func namesOfServers() throws {
        let leaf = try Authority().leaf
        #expect(try leaf.ocspResponders() == ["http://ocsp.test"])
        #expect(try leaf.distributionPoints().map(\.urls) == [[Self.point]])
        #expect(try Authority().certificate.ocspResponders().isEmpty)
    }

    /// What `openssl ocsp` and `openssl ca` make reads as what it is.
    @Test(.enabled(if: CommandLineTool.isInstalled("openssl")), arguments: [true, false])
    func openssl(_ isRevoked: Bool) async throws {
        let time = SystemTime().now
        let authority = try Authority(at: time)
        let folder = try TemporaryDirectory()
        try folder.write(try authority.key.pem().revealed, to: "ca.key")
        try folder.write(authority.certificate.pem, to: "ca.pem")
        try folder.write(try authority.request().der, to: "request.der")
        func utc(_ time: Timestamp) -> String { String(time.rfc3339.dropFirst(2).filter { $0.isNumber || $0 == "Z" }) }
        let state = isRevoked ? "R" : "V"
        let when = isRevoked ? "\(utc(time)),keyCompromise" : ""
        try folder.write(
            "\(state)\t\(utc(authority.leaf.notAfter))\t\(when)\t4711\tunknown\t/CN=leaf\n", to: "index.txt")
        try folder.write("unique_subject = no\n", to: "index.txt.attr")
        try folder.write("05\n", to: "number")
        try folder.write(
            """
            [ca]
            default_ca = own
            [own]
            database = index.txt
            crlnumber = number
            default_md = sha256
            default_crl_days = 1

            """, to: "ca.conf")
        func run(_ arguments: [String]) async throws {
            let outcome = try await CommandLineTool.run("openssl", arguments, directory: folder.path)
            try #require(outcome.status == 0, "\(outcome.errorOutput)")
        }
        try await run([
            "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-reqin",
            "request.der", "-respout", "response.der", "-ndays", "1",
        ])
        try await run([
            "ca", "-config", "ca.conf", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "list.pem",
        ])
        let answer = try OCSPResponse(der: try folder.read("response.der")).status(
            for: try authority.request(), issuer: authority.certificate, at: time)
        let blocks = try PEMBlock.parseAll(try folder.read("list.pem"))
        let list = try RevocationList(der: try #require(blocks.first).bytes)
        let point = try #require(try authority.leaf.distributionPoints().first)
        try list.verify(issuer: authority.certificate, covers: authority.leaf, at: point, time: time)
        let status = try list.status(of: authority.leaf)
        if isRevoked {
            for case .revoked(let revocation)? in [answer.status, status] { #expect(revocation.reason == 1) }
            #expect(answer.status != .good && status != nil)
        } else {
            #expect(answer.status == .good && status == nil)
        }
    }
}
