import Core
import Cryptography
import TestPKI
import Testing

/// Documents that are sound but for their size, the number of their parts, or a part that is there twice.
struct LimitTests {
    private static let unknown: OID = "1.3.6.1.4.1.55555.99"

    /// Mints, and so reads, a certificate with more extensions.
    private static func certificate(_ extensions: [CertificateBuilder.Extension]) throws -> Certificate {
        let key = try PrivateKey.generate(.ecdsa(.p256))
        return try CertificateBuilder(
            subject: [("2.5.4.3", "leaf")], notBefore: TimestampTests.start, notAfter: TimestampTests.end,
            key: key.publicKey, extensions: extensions
        ).signed(by: key)
    }

    private static func refuses(
        _ code: CryptographyError.Code, _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: CryptographyError.self, sourceLocation: sourceLocation) { try body() }
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }

    @Test func certificates() throws {
        let some = (0..<64).map { CertificateBuilder.Extension(OID(stringLiteral: "1.3.6.1.4.1.55555.\($0)"), [5, 0]) }
        #expect(try Self.certificate(some).extensions.count == 64)
        // extension-limit
        Self.refuses(.certificate) { _ = try Self.certificate(some + [.init(Self.unknown, [5, 0])]) }
        // extension-twice
        Self.refuses(.certificate) {
            _ = try Self.certificate([.init(Self.unknown, [5, 0]), .init(Self.unknown, [5, 0])])
        }
        // alternative-name-limit
        let names = (0..<65).map { GeneralName.uri("https://test/\($0)") }
        #expect(try Self.certificate([.alternativeNames(Array(names.dropLast()))]).alternativeNames.count == 64)
        Self.refuses(.certificate) { _ = try Self.certificate([.alternativeNames(names)]) }
        // certificate-size
        Self.refuses(.certificate) {
            _ = try Self.certificate([.init(Self.unknown, [UInt8](repeating: 0, count: 64 << 10))])
        }
    }

    @Test func texts() throws {
        let certificate = try Self.certificate([])
        let pem = certificate.pem
        #expect(try Certificate.all(inPEM: Array((pem + pem).utf8), limit: 2).count == 2)
        // pem-limit
        Self.refuses(.pem) { _ = try Certificate.all(inPEM: Array((pem + pem).utf8), limit: 1) }
        // certificate-label
        let other = PEMBlock(label: "TRUSTED CERTIFICATE", bytes: certificate.der).text
        Self.refuses(.pem) { _ = try Certificate.all(inPEM: Array(other.utf8)) }
    }

    /// timestamp-response-size, timestamp-token-size
    @Test func timestamps() throws {
        let authority = try TimestampTests.Authority()
        var mint = TimestampMint(key: authority.key, certificate: authority.leaf, time: TimestampTests.time)
        _ = try TimestampToken(response: try mint.response(over: [1]))
        mint.embedded = Array(repeating: authority.leaf, count: 200)
        let large = (response: try mint.response(over: [1]), token: try mint.token(over: [1]))
        let response = #expect(throws: CryptographyError.self) { try TimestampToken(response: large.response) }
        #expect(response?.message.contains("64 KiB") == true)
        let token = #expect(throws: CryptographyError.self) { try TimestampToken(token: large.token) }
        #expect(token?.message.contains("64 KiB") == true)
    }

    /// ocsp-size, crl-size
    @Test func revocation() throws {
        let large = DERWriter.octets([UInt8](repeating: 0, count: 33 << 20))
        let list = #expect(throws: CryptographyError.self) { try RevocationList(der: large) }
        #expect(list?.message.contains("32 MiB") == true)
        let answer = #expect(throws: CryptographyError.self) { try OCSPResponse(der: large) }
        #expect(answer?.message.contains("64 KiB") == true)
    }

    /// sct-limit, sct-hash
    @Test func certificateLogs() throws {
        let instance = try SigstoreInstance()
        var recipe = try BundleRecipe(instance)
        let leaf = try recipe.leaf()
        let promise = try #require(try leaf.embeddedSCTs()?.first)
        let key = instance.certificateLog.key.publicKey
        #expect(promise.isValid(for: leaf, issuer: instance.intermediate, key: key))
        // The hash's number is after the log's identifier, the time and an empty list of extensions.
        let place = try #require(leaf.der.indices.first { leaf.der[$0...].starts(with: promise.logID) }) + 42
        var der = leaf.der
        #expect(der[place] == 4)
        der[place] = 5
        let changed = try Certificate(der: der)
        let other = try #require(try changed.embeddedSCTs()?.first)
        #expect(!other.isValid(for: changed, issuer: instance.intermediate, key: key))

        recipe.certificateLogs = Array(repeating: instance.certificateLog, count: 33)
        let crowded = try recipe.leaf()
        Self.refuses(.sct) { _ = try crowded.embeddedSCTs() }
    }
}
