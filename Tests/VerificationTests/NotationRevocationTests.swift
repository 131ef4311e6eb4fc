import Core
import Cryptography
import Glibc
import OCI
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// Revocation as the verifier asks about it and judges it.
struct NotationRevocationTests {
    static let ocsp = "http://ocsp.test/"
    static let list = "http://crl.test/list"
    static let delta = "http://crl.test/delta"

    /// A setup whose signer names a responder, lists, or both.
    static func setup(
        ocsp: Bool = false, lists: [String] = [], reasons: Bool = false, url: String = ocsp,
        _ format: NotationRecipe.Format = .jws
    ) throws -> NotationSetup {
        var setup = try NotationSetup(format)
        setup.recipe.changeLeaf = { leaf in
            if ocsp { leaf.extensions.append(.ocsp([url])) }
            if !lists.isEmpty { leaf.extensions.append(.distributionPoints(lists, reasons: reasons)) }
        }
        return setup
    }

    static func answer(_ setup: NotationSetup, _ change: (inout OCSPMint) throws -> Void = { _ in }) throws {
        let chain = try setup.recipe.chain()
        var mint = OCSPMint(
            key: setup.recipe.keys.intermediate, responder: chain[1].subject,
            request: try OCSPRequest(for: chain[0], issuer: chain[1]), at: setup.now)
        try change(&mint)
        setup.revocation?.answer(ocsp, try mint.der())
    }

    static func publish(
        _ setup: NotationSetup, _ url: String = list, _ change: (inout RevocationListMint) throws -> Void = { _ in }
    ) throws {
        var mint = RevocationListMint(
            key: setup.recipe.keys.intermediate, issuer: try setup.recipe.intermediate().subject, at: setup.now)
        mint.extensions = [.listNumber(5)]
        try change(&mint)
        setup.revocation?.answer(url, try mint.der())
    }

    static func code(_ setup: NotationSetup) async throws -> Rejection.Code? {
        do {
            try await setup.verify()
            return nil
        } catch let error as VerificationError {
            return error.findings.first?.rejection.code
        }
    }

    @Test func responders() async throws {
        let setup = try Self.setup(ocsp: true)
        try Self.answer(setup)
        let verdict = try await setup.verify()
        #expect(verdict.validUntil == setup.now + .seconds(3600))
        let request = try #require(setup.revocation?.requests.first)
        #expect(request.kind == .ocsp && request.body == nil && request.url.hasPrefix(Self.ocsp))
        #expect(request.url.utf8.count < 255 && !request.url.dropFirst(Self.ocsp.count).contains("/"))
        #expect(setup.revocation?.retained == [request.url: setup.now + .seconds(3600)])

        try Self.answer(setup) { $0.status = .revoked(.signing(-50), reason: 1) }
        let error = await #expect(throws: VerificationError.self) { try await setup.verify() }
        #expect(error?.findings.first?.rejection.code == .revoked)
        #expect(error?.message.contains("reason 1") == true)
    }

    /// A list may have a million entries: reading it is for threads that nothing else waits for. It ends when nobody waits.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func listsAreReadApart(_ isAbandoned: Bool) async throws {
        let setup = try Self.setup(lists: [Self.list])
        try Self.publish(setup)
        let registry = MemoryRegistry()
        try setup.push(to: registry)
        let revocation = setup.revocation
        let executor = BlockingExecutor(label: "test", width: 1)
        let isOver = Locked(false)
        defer { isOver.withLock { $0 = true } }
        Task { await executor.run { while !isOver.current { usleep(1000) } } }
        try await eventually("the occupation") { executor.pendingCount == 1 }
        let work = Task { try await setup.verify(in: registry, executor: executor).description }
        try await eventually("the list waits for its turn") { executor.pendingCount == 2 }
        if isAbandoned { work.cancel() }
        isOver.withLock { $0 = true }
        if isAbandoned {
            let error = await #expect(throws: VerificationError.self) { try await work.value }
            #expect(error?.code == .lookup && revocation?.retained.isEmpty == true, "\(error?.message ?? "")")
        } else {
            #expect(try await work.value.contains("signed by"))
            #expect(revocation?.retained.count == 1)
        }
    }

    /// Looking for an entry takes as long as reading the list.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func entriesAreLookedForApart(_ isAbandoned: Bool) async throws {
        let setup = try Self.setup(lists: [Self.list])
        try Self.publish(setup)
        let registry = MemoryRegistry()
        try setup.push(to: registry)
        let executor = BlockingExecutor(label: "test", width: 1)
        let doors = [Locked(false), Locked(false)]
        let revocation = setup.revocation
        defer { for door in doors { door.withLock { $0 = true } } }
        Task { await executor.run { while !doors[0].current { usleep(1000) } } }
        try await eventually("the first occupation") { executor.pendingCount == 1 }
        let work = Task { try await setup.verify(in: registry, executor: executor).description }
        try await eventually("the list waits for its turn") { executor.pendingCount == 2 }
        Task { await executor.run { while !doors[1].current { usleep(1000) } } }
        try await eventually("the second occupation") { executor.pendingCount == 3 }
        doors[0].withLock { $0 = true }
        try await eventually("the entry waits for its turn") {
            executor.pendingCount == 2 && revocation?.retained.count == 1
        }
        if isAbandoned { work.cancel() }
        doors[1].withLock { $0 = true }
        if isAbandoned {
            let error = await #expect(throws: VerificationError.self) { try await work.value }
            #expect(error?.code == .lookup, "\(error?.message ?? "")")
        } else {
            #expect(try await work.value.contains("signed by"))
        }
    }

    @Test func longQuestionsArePosted() async throws {
        let url = Self.ocsp + String(repeating: "x", count: 200)
        let setup = try Self.setup(ocsp: true, url: url)
        try Self.answer(setup)
        try await setup.verify()
        let request = try #require(setup.revocation?.requests.first)
        #expect(request.url == url)
        let chain = try setup.recipe.chain()
        #expect(request.body == (try OCSPRequest(for: chain[0], issuer: chain[1]).der))
    }

    @Test func whatIsNotFoundOutFails() async throws {
        let silent = try Self.setup(ocsp: true)
        #expect(try await Self.code(silent) == .revocationUnknown)
        var offline = silent
        offline.revocation = nil
        #expect(try await Self.code(offline) == .revocationUnknown)
        offline.edit("signatureVerification.override", ["revocation": "skip"])
        #expect(try await Self.code(offline) == nil)
        offline.edit("signatureVerification.override", ["revocation": "log"])
        #expect(try await offline.verify().logged.map(\.rejection.code) == [.revocationUnknown])
        // ocsp-unknown
        try Self.answer(silent) { $0.status = .unknown }
        #expect(try await Self.code(silent) == .revocationUnknown)
        // revocation-http
        let secure = try Self.setup(ocsp: true, url: "https://ocsp.test/")
        try Self.answer(secure)
        secure.revocation?.answer(
            "https://ocsp.test/",
            try OCSPMint(
                key: secure.recipe.keys.intermediate, responder: try secure.recipe.intermediate().subject,
                request: try OCSPRequest(for: try secure.recipe.leaf(), issuer: try secure.recipe.intermediate()),
                at: secure.now
            ).der())
        #expect(try await Self.code(secure) == .revocationUnknown)
        // revocation-size
        let large = try Self.setup(ocsp: true)
        let keys = large.recipe.keys
        try Self.answer(large) { mint in
            mint.embedded = [
                try CertificateBuilder(
                    subject: [("2.5.4.3", "large")], notBefore: .signing(), notAfter: .signing(1),
                    key: keys.other.publicKey,
                    extensions: [.init("1.2.3.4", DERWriter.octets([UInt8](repeating: 0, count: 30_000)))]
                ).signed(by: keys.other)
            ]
        }
        #expect(try await Self.code(large) == .revocationUnknown)
    }

    @Test func listsWhereRespondersAreSilent() async throws {
        let setup = try Self.setup(ocsp: true, lists: [Self.list])
        try Self.publish(setup)
        #expect(try await Self.code(setup) == nil)
        #expect(setup.revocation?.requests.map(\.kind) == [.ocsp, .revocationList])
        try Self.publish(setup) { $0.entries = [.init(serial: 3, time: .signing(-10), extensions: [.reason(1)])] }
        #expect(try await Self.code(setup) == .revoked)
        try Self.publish(setup) { $0.entries = [.init(serial: 4, time: .signing(-10))] }
        #expect(try await Self.code(setup) == nil)
        // What a responder says goes before.
        try Self.answer(setup) { $0.status = .revoked(.signing(-10), reason: nil) }
        #expect(try await Self.code(setup) == .revoked)
    }

    @Test func everyDistributionPointIsLookedUp() async throws {
        let setup = try Self.setup(lists: [Self.list, Self.delta])
        try Self.publish(setup)
        #expect(try await Self.code(setup) == .revocationUnknown)
        try Self.publish(setup, Self.delta) { $0.nextUpdate = .signing(30) }
        #expect(try await setup.verify().validUntil == .signing(30))
        try Self.publish(setup, Self.delta) { $0.entries = [.init(serial: 3, time: .signing(-10))] }
        #expect(try await Self.code(setup) == .revoked)
        // crl-partial
        let partial = try Self.setup(lists: [Self.list], reasons: true)
        try Self.publish(partial)
        #expect(try await Self.code(partial) == .revocationUnknown)
    }

    @Test func listsOfChanges() async throws {
        let setup = try Self.setup(lists: [Self.list])
        let freshest = CertificateBuilder.Extension.distributionPoints([Self.delta], oid: "2.5.29.46")
        let revoked = RevocationListMint.Entry(serial: 3, time: .signing(-10), extensions: [.reason(6)])
        try Self.publish(setup) { $0.extensions.append(freshest) }
        #expect(try await Self.code(setup) == .revocationUnknown)
        try Self.publish(setup, Self.delta) { $0.extensions = [.listNumber(6), .deltaOf(5)] }
        #expect(try await Self.code(setup) == nil)
        try Self.publish(setup, Self.delta) {
            $0.extensions = [.listNumber(6), .deltaOf(5)]
            $0.entries = [revoked]
        }
        #expect(try await Self.code(setup) == .revoked)
        // On hold before, and released since.
        try Self.publish(setup) {
            $0.extensions.append(freshest)
            $0.entries = [revoked]
        }
        try Self.publish(setup, Self.delta) {
            $0.extensions = [.listNumber(6), .deltaOf(5)]
            $0.entries = [.init(serial: 3, time: .signing(-5), extensions: [.reason(8)])]
        }
        #expect(try await Self.code(setup) == nil)
        // delta-base, delta-number
        for numbers in [(6, 6), (4, 4)] as [(UInt64, UInt64)] {
            try Self.publish(setup) { $0.extensions.append(freshest) }
            try Self.publish(setup, Self.delta) { $0.extensions = [.listNumber(numbers.0), .deltaOf(numbers.1)] }
            #expect(try await Self.code(setup) == .revocationUnknown)
        }
        // delta-scope: both have the same issuing distribution point, or none.
        let point = CertificateBuilder.Extension.issuingPoint(
            DERWriter.explicit(0, DERWriter.explicit(0, GeneralName.uri(Self.list))))
        let users = CertificateBuilder.Extension.issuingPoint(DERWriter.element(0x81, [0xff]))
        for (base, changes, code) in [
            ([point], [point], nil), ([users], [users], nil), ([point], [], .revocationUnknown),
            ([], [point], .revocationUnknown), ([point], [users], .revocationUnknown),
        ] as [([CertificateBuilder.Extension], [CertificateBuilder.Extension], Rejection.Code?)] {
            try Self.publish(setup) { $0.extensions += [freshest] + base }
            try Self.publish(setup, Self.delta) { $0.extensions = [.listNumber(6), .deltaOf(5)] + changes }
            #expect(try await Self.code(setup) == code)
        }
        // crl-delta
        try Self.publish(setup) { $0.extensions = [.listNumber(6), .deltaOf(5)] }
        #expect(try await Self.code(setup) == .revocationUnknown)
    }

    /// A signing authority's time before the key was lost.
    @Test func invalidityDates() async throws {
        var setup = try Self.setup(ocsp: true, lists: [Self.list])
        setup.useAuthority()
        for (seconds, code) in [(1, nil), (0, Rejection.Code.revoked)] as [(Int64, Rejection.Code?)] {
            try Self.answer(setup) {
                $0.status = .revoked(.signing(50), reason: nil)
                $0.singleExtensions = [.invalidity(.signing(seconds))]
            }
            #expect(try await Self.code(setup) == code)
        }
        setup = try Self.setup(lists: [Self.list])
        setup.useAuthority()
        try Self.publish(setup) {
            $0.entries = [.init(serial: 3, time: .signing(50), extensions: [.invalidity(.signing(1))])]
        }
        #expect(try await Self.code(setup) == nil)
    }

    /// Certificates above the trusted one may be anybody's, with any URL in them.
    @Test func nothingIsAskedAboveTheTrustedCertificate() async throws {
        var setup = try NotationSetup()
        setup.recipe.changeIntermediate = { $0.extensions.append(.ocsp(["http://attacker.test/"])) }
        setup.certificates = ["leaf.crt": try setup.recipe.leaf().der]
        #expect(try await Self.code(setup) == nil)
        #expect(setup.revocation?.requests.isEmpty == true)
        setup.certificates = nil
        #expect(try await Self.code(setup) == .revocationUnknown)
    }

    @Test func timestampAuthoritiesToo() async throws {
        var setup = try NotationSetup()
        let recipe = setup.recipe
        try setup.useTimestamp { mint in
            mint.certificate = try recipe.timestampLeaf { $0.extensions.append(.distributionPoints([Self.list])) }
            mint.embedded = [mint.certificate]
        }
        #expect(try await Self.code(setup) == .revocationUnknown)
        var list = RevocationListMint(
            key: recipe.keys.timestampRoot, issuer: recipe.timestampRoot.subject, at: setup.now)
        setup.revocation?.answer(Self.list, try list.der())
        #expect(try await Self.code(setup) == nil)
        list.entries = [.init(serial: 9, time: .signing(-10))]
        setup.revocation?.answer(Self.list, try list.der())
        #expect(try await Self.code(setup) == .revoked)
    }

    /// crl-list, crl-algorithm: a list is judged before what it says.
    @Test func listsThatAreNotTheIssuers() async throws {
        let setup = try Self.setup(lists: [Self.list])
        try Self.publish(setup)
        #expect(try await Self.code(setup) == nil)
        try Self.publish(setup) { $0.key = setup.recipe.keys.other }
        #expect(try await Self.code(setup) == .revocationUnknown)
        try Self.publish(setup) { $0.statedAlgorithm = CertificateBuilder.algorithm(.ecdsa(.p521)) }
        #expect(try await Self.code(setup) == .revocationUnknown)
    }
}
