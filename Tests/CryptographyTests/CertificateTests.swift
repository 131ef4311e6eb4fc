import Core
import Cryptography
import TestPKI
import TestSupport
import Testing

struct CertificateTests {
    static let start = Timestamp(seconds: 1_700_000_000)
    static let end = Timestamp(seconds: 1_700_000_600)
    static let far = Timestamp(seconds: 2_000_000_000)

    /// A certificate whose RSA key has the public exponent 65536.
    static func withUnusableExponent() throws -> [UInt8] {
        let key = try PrivateKey.generate(.rsa(bits: 2048))
        var der = try CertificateBuilder.authority("slow", key: key.publicKey, notBefore: start, notAfter: far)
            .signed(by: key).der
        let usual: [UInt8] = [2, 3, 1, 0, 1]
        let place = try #require(der.indices.first { der[$0...].starts(with: usual) })
        der[place + 4] = 0
        return der
    }

    @Test func exponentsOfKeys() throws {
        let der = try Self.withUnusableExponent()
        let error = #expect(throws: CryptographyError.self) { try Certificate(der: der) }
        #expect(error?.code == .certificate && error?.message.contains("exponent") == true)
    }

    /// A root, an intermediate and what a leaf needs.
    struct Authority {
        let rootKey: PrivateKey
        let root: Certificate
        let intermediateKey: PrivateKey
        let intermediate: Certificate
        let leafKey: PrivateKey

        init(
            rootUsages: [OID] = [], intermediateUsages: [OID] = [.codeSigning], pathLength: UInt64? = nil,
            intermediateNotAfter: Timestamp = far, rootNotAfter: Timestamp = far,
            intermediateIsAuthority: Bool = true
        ) throws {
            rootKey = try PrivateKey.generate(.ecdsa(.p384))
            root = try CertificateBuilder.authority(
                "root", key: rootKey.publicKey, notBefore: start, notAfter: rootNotAfter, pathLength: pathLength,
                usages: rootUsages
            ).signed(by: rootKey)
            intermediateKey = try PrivateKey.generate(.ecdsa(.p256))
            var builder = CertificateBuilder.authority(
                "intermediate", key: intermediateKey.publicKey, notBefore: start, notAfter: intermediateNotAfter,
                serial: 2, usages: intermediateUsages)
            if !intermediateIsAuthority { builder.extensions.removeFirst() }
            intermediate = try builder.signed(by: rootKey, issuer: root)
            leafKey = try PrivateKey.generate(.ecdsa(.p256))
        }

        var leaf: CertificateBuilder {
            CertificateBuilder(
                subject: [], serial: 3, notBefore: start, notAfter: end, key: leafKey.publicKey,
                extensions: [
                    .keyUsage([0]), .extendedKeyUsage([.codeSigning]), .alternativeNames([GeneralName.email("a@b.c")]),
                ])
        }

        func path(_ leaf: Certificate, at time: Timestamp = start) throws -> CertificatePath {
            try CertificatePath(
                from: leaf, intermediates: [intermediate], anchors: [root], at: time, usage: .codeSigning)
        }
    }

    @Test func fields() throws {
        let authority = try Authority()
        var builder = authority.leaf
        builder.subject = [("2.5.4.6", "CH"), ("2.5.4.3", "a, b"), ("1.2.3", "x")]
        builder.extensions[2] = .alternativeNames([
            GeneralName.uri("https://x"), GeneralName.dns("d"), GeneralName.ip([1, 2, 3, 4]),
            GeneralName.other("1.3.6.1.4.1.57264.1.7", DERWriter.utf8("name")), GeneralName.email("e@f"),
        ])
        let leaf = try builder.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        #expect(leaf.subject.description == #"1.2.3=x,CN=a\, b,C=CH"#)
        #expect(leaf.issuer.description == "CN=intermediate,O=test")
        #expect(leaf.notBefore == Self.start)
        #expect(leaf.notAfter == Self.end)
        #expect(leaf.extendedKeyUsages == [.codeSigning])
        #expect(leaf.keyUsage == .digitalSignature)
        #expect(leaf.basicConstraints == nil)
        #expect(!leaf.isAuthority && authority.intermediate.isAuthority)
        #expect(authority.root.isSelfIssued && !leaf.isSelfIssued)
        #expect(try leaf.publicKey() == authority.leafKey.publicKey)
        #expect(
            leaf.alternativeNames == [
                .uri("https://x"), .dns("d"), .ip([1, 2, 3, 4]),
                .other(type: "1.3.6.1.4.1.57264.1.7", value: DERWriter.utf8("name")), .email("e@f"),
            ])
        #expect(try Certificate.all(inPEM: Array((leaf.pem + authority.root.pem).utf8)) == [leaf, authority.root])
        #expect(throws: CryptographyError.self) { try Certificate(der: leaf.der + [0]) }
        #expect(throws: CryptographyError.self) { try Certificate(der: Array(leaf.der.dropLast())) }
    }

    @Test func duplicateExtensionsAreRefused() throws {
        let authority = try Authority()
        var builder = authority.leaf
        builder.extensions.append(.extendedKeyUsage([.timeStamping]))
        #expect(throws: CryptographyError.self) {
            try builder.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        }
    }

    @Test func pathAndItsEnds() throws {
        let authority = try Authority()
        let leaf = try authority.leaf.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        for time in [Self.start, Self.end] {
            let path = try authority.path(leaf, at: time)
            #expect(path.certificates == [leaf, authority.intermediate, authority.root])
            #expect(path.issuer == authority.intermediate)
        }
        // Partial: the intermediate itself may be the anchor.
        let partial = try CertificatePath(
            from: leaf, intermediates: [], anchors: [authority.intermediate], at: Self.start, usage: .codeSigning)
        #expect(partial.certificates.count == 2)
        for (time, code) in [
            (Timestamp(seconds: Self.start.seconds - 1), CryptographyError.Code.expired),
            (Timestamp(seconds: Self.end.seconds, nanoseconds: 1), .expired),
        ] {
            let error = #expect(throws: CryptographyError.self) { try authority.path(leaf, at: time) }
            #expect(error?.code == code)
        }
    }

    @Test func expiredIssuers() throws {
        let authority = try Authority(intermediateNotAfter: Timestamp(seconds: Self.start.seconds + 100))
        let leaf = try authority.leaf.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        _ = try authority.path(leaf, at: Timestamp(seconds: Self.start.seconds + 100))
        let error = #expect(throws: CryptographyError.self) {
            try authority.path(leaf, at: Timestamp(seconds: Self.start.seconds + 101))
        }
        #expect(error?.code == .expired)

        let old = try Authority(rootNotAfter: Timestamp(seconds: Self.start.seconds + 100))
        let other = try old.leaf.signed(by: old.intermediateKey, issuer: old.intermediate)
        _ = try old.path(other, at: Timestamp(seconds: Self.start.seconds + 100))
        let expired = #expect(throws: CryptographyError.self) {
            try old.path(other, at: Timestamp(seconds: Self.start.seconds + 101))
        }
        #expect(expired?.code == .expired)
    }

    @Test func pathsThatDoNotHold() throws {
        let authority = try Authority()
        let other = try Authority()
        func refuses(_ builder: CertificateBuilder, _ why: String, in authority: Authority = authority) throws {
            let leaf = try builder.signed(by: authority.intermediateKey, issuer: authority.intermediate)
            #expect(throws: CryptographyError.self, "\(why)") { try authority.path(leaf) }
        }
        // Same names, other keys.
        let foreign = try authority.leaf.signed(by: other.intermediateKey, issuer: other.intermediate)
        #expect(throws: CryptographyError.self) { try authority.path(foreign) }

        var builder = authority.leaf
        builder.extensions.remove(at: 1)
        try refuses(builder, "no extended key usage")
        builder.extensions.append(.extendedKeyUsage([.timeStamping]))
        try refuses(builder, "another extended key usage")
        builder = authority.leaf
        builder.extensions.append(.init("1.2.3.4", critical: true, [5, 0]))
        try refuses(builder, "an unknown critical extension")
        try refuses(authority.leaf, "issuer of another usage", in: try Authority(intermediateUsages: [.timeStamping]))
        try refuses(authority.leaf, "root of another usage", in: try Authority(rootUsages: [.timeStamping]))
        try refuses(authority.leaf, "path length", in: try Authority(pathLength: 0))
        // Not even as an anchor, where key usage alone would do for OpenSSL.
        let bare = try Authority(intermediateIsAuthority: false)
        try refuses(bare.leaf, "no basic constraints", in: bare)
        let issued = try bare.leaf.signed(by: bare.intermediateKey, issuer: bare.intermediate)
        #expect(throws: CryptographyError.self) {
            try CertificatePath(
                from: issued, intermediates: [], anchors: [bare.intermediate], at: Self.start, usage: .codeSigning)
        }

        // An authority cannot vouch for itself, and a leaf cannot issue.
        #expect(throws: CryptographyError.self) {
            try CertificatePath(
                from: authority.root, intermediates: [], anchors: [authority.root], at: Self.start, usage: .codeSigning)
        }
        let leaf = try authority.leaf.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        var second = authority.leaf
        second.serial = 9
        second.subject = [("2.5.4.3", "second")]
        var issuing = authority.leaf
        issuing.subject = [("2.5.4.3", "leaf")]
        let issuer = try issuing.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        let below = try second.signed(by: authority.leafKey, issuer: issuer)
        #expect(throws: CryptographyError.self) {
            try CertificatePath(
                from: below, intermediates: [issuer, authority.intermediate], anchors: [authority.root], at: Self.start,
                usage: .codeSigning)
        }
        // Trusted or not, what may not issue does not.
        #expect(throws: CryptographyError.self) {
            try CertificatePath(from: below, intermediates: [], anchors: [issuer], at: Self.start, usage: .codeSigning)
        }
        let own = #expect(throws: CryptographyError.self) {
            try CertificatePath(from: leaf, intermediates: [], anchors: [leaf], at: Self.start, usage: .codeSigning)
        }
        #expect(own?.code == .path)
    }

    @Test func embeddedTimestampsOfLogs() throws {
        let authority = try Authority()
        for (kind, extensions) in [
            (KeyKind.ecdsa(.p256), []), (.rsa(bits: 2048), []), (.ecdsa(.p256), [0, 0, 5, 1, 2, 3, 4, 5]),
        ] as [(KeyKind, [UInt8])] {
            let log = CertificateLog(key: try PrivateKey.generate(kind), time: Self.start, extensions: extensions)
            let leaf = try authority.leaf.signed(
                by: authority.intermediateKey, issuer: authority.intermediate, logs: [log, log])
            let timestamps = try #require(try leaf.embeddedSCTs())
            #expect(timestamps.count == 2)
            let timestamp = timestamps[0]
            #expect(timestamp.time == Self.start)
            #expect(timestamp.logID == log.logID)
            #expect(timestamp.extensions == extensions)
            #expect(timestamp.isValid(for: leaf, issuer: authority.intermediate, key: log.key.publicKey))
            #expect(!timestamp.isValid(for: leaf, issuer: authority.root, key: log.key.publicKey))
            #expect(
                !timestamp.isValid(
                    for: leaf, issuer: authority.intermediate, key: try PrivateKey.generate(kind).publicKey))
            var builder = authority.leaf
            builder.serial = 99
            let other = try builder.signed(
                by: authority.intermediateKey, issuer: authority.intermediate, logs: [log])
            #expect(!timestamp.isValid(for: other, issuer: authority.intermediate, key: log.key.publicKey))
        }
        let without = try authority.leaf.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        #expect(try without.embeddedSCTs() == nil)
        var builder = authority.leaf
        builder.extensions.append(.init(.sctList, DERWriter.octets([0, 3, 0, 9, 1])))
        let malformed = try builder.signed(by: authority.intermediateKey, issuer: authority.intermediate)
        #expect(throws: CryptographyError.self) { try malformed.embeddedSCTs() }
    }
}
