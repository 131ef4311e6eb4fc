package import Core
package import Cryptography

/// Mints certificates, sound or with any fault: every field is written as told, nothing is checked.
package struct CertificateBuilder {
    /// An extension to write.
    package struct Extension {
        package var oid: OID
        package var isCritical: Bool
        package var value: [UInt8]

        package init(_ oid: OID, critical: Bool = false, _ value: [UInt8]) {
            self.oid = oid
            isCritical = critical
            self.value = value
        }
    }

    package var subject: [(OID, String)]
    package var serial: UInt64
    package var notBefore: Timestamp
    package var notAfter: Timestamp
    package var key: PublicKey
    package var extensions: [Extension]
    /// What the signed part says the signature's algorithm is; nil for what it is.
    package var statedAlgorithm: [UInt8]?

    package init(
        subject: [(OID, String)], serial: UInt64 = 1, notBefore: Timestamp, notAfter: Timestamp, key: PublicKey,
        extensions: [Extension]
    ) {
        self.subject = subject
        self.serial = serial
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.key = key
        self.extensions = extensions
    }

    /// A certificate authority's certificate.
    package static func authority(
        _ name: String, key: PublicKey, notBefore: Timestamp, notAfter: Timestamp, serial: UInt64 = 1,
        pathLength: UInt64? = nil, usages: [OID] = []
    ) -> CertificateBuilder {
        var extensions = [
            Extension.basicConstraints(isAuthority: true, pathLength: pathLength), .keyUsage([5, 6]),
            .subjectKeyIdentifier(key),
        ]
        if !usages.isEmpty { extensions.append(.extendedKeyUsage(usages)) }
        return CertificateBuilder(
            subject: [("2.5.4.10", "test"), ("2.5.4.3", name)], serial: serial, notBefore: notBefore,
            notAfter: notAfter,
            key: key, extensions: extensions)
    }

    /// The certificate, issued under `issuer`'s name and signed with `issuerKey`.
    /// - Parameter issuer: nil for a self-issued one.
    package func signed(by issuerKey: PrivateKey, issuer: Certificate? = nil) throws -> Certificate {
        let tbs = tbs(issuer: issuer?.subject.encoding ?? Self.name(subject), issuerKey.publicKey.kind)
        let algorithm = Self.algorithm(issuerKey.publicKey.kind)
        return try Certificate(der: DERWriter.sequence(tbs, algorithm, DERWriter.bits(try issuerKey.sign(tbs))))
    }

    /// The certificate with an SCT by each log, made for it and its issuer.
    package func signed(
        by issuerKey: PrivateKey, issuer: Certificate, logs: [CertificateLog]
    ) throws -> Certificate {
        let tbs = tbs(issuer: issuer.subject.encoding, issuerKey.publicKey.kind)
        var list: [UInt8] = []
        for log in logs { list += vector16(try log.timestamp(tbs: tbs, issuer: issuer)) }
        var copy = self
        copy.extensions.append(Extension(.sctList, DERWriter.octets(vector16(list))))
        return try copy.signed(by: issuerKey, issuer: issuer)
    }

    private func tbs(issuer: [UInt8], _ kind: KeyKind) -> [UInt8] {
        let list = extensions.map { item in
            item.isCritical
                ? DERWriter.sequence(DERWriter.oid(item.oid), DERWriter.boolean(true), DERWriter.octets(item.value))
                : DERWriter.sequence(DERWriter.oid(item.oid), DERWriter.octets(item.value))
        }
        return DERWriter.sequence(
            DERWriter.explicit(0, DERWriter.integer(2)), DERWriter.integer(serial),
            statedAlgorithm ?? Self.algorithm(kind), issuer,
            DERWriter.sequence(Self.time(notBefore), Self.time(notAfter)),
            Self.name(subject), key.subjectPublicKeyInfo,
            list.isEmpty ? [] : DERWriter.explicit(3, DERWriter.element(DERTag.sequence, Array(list.joined()))))
    }

    /// UTCTime through the year 2049 (RFC 5280, section 4.1.2.5), which strict readers insist on.
    private static func time(_ time: Timestamp) -> [UInt8] {
        guard (Timestamp(seconds: -631_152_000)..<Timestamp(seconds: 2_524_608_000)).contains(time) else {
            return DERWriter.generalizedTime(time)
        }
        let general = DERWriter.generalizedTime(time)
        // The century goes; tag and length are a byte each.
        return DERWriter.element(DERTag.utcTime, Array(general.dropFirst(4)))
    }

    static func name(_ attributes: [(OID, String)]) -> [UInt8] {
        DERWriter.element(
            DERTag.sequence,
            Array(
                attributes.map { DERWriter.set(DERWriter.sequence(DERWriter.oid($0.0), DERWriter.utf8($0.1))) }.joined()
            ))
    }

    package static func algorithm(_ kind: KeyKind) -> [UInt8] {
        switch kind {
        case .rsa: DERWriter.sequence(DERWriter.oid("1.2.840.113549.1.1.11"), DERWriter.null())
        case .ecdsa(.p256): DERWriter.sequence(DERWriter.oid("1.2.840.10045.4.3.2"))
        case .ecdsa(.p384): DERWriter.sequence(DERWriter.oid("1.2.840.10045.4.3.3"))
        case .ecdsa(.p521): DERWriter.sequence(DERWriter.oid("1.2.840.10045.4.3.4"))
        case .ed25519: DERWriter.sequence(DERWriter.oid("1.3.101.112"))
        }
    }
}

extension CertificateBuilder.Extension {
    package static func basicConstraints(isAuthority: Bool, pathLength: UInt64? = nil) -> Self {
        Self(
            "2.5.29.19", critical: true,
            DERWriter.sequence(
                isAuthority ? DERWriter.boolean(true) : [], pathLength.map { DERWriter.integer($0) } ?? []))
    }

    /// The named bits 0 to 7.
    package static func keyUsage(_ bits: [UInt8], critical: Bool = true) -> Self {
        let byte = bits.reduce(UInt8(0)) { $0 | 0x80 >> $1 }
        return Self(
            "2.5.29.15", critical: critical,
            DERWriter.element(DERTag.bitString, [UInt8(byte.trailingZeroBitCount), byte]))
    }

    package static func subjectKeyIdentifier(_ key: PublicKey) -> Self {
        Self("2.5.29.14", DERWriter.octets(Array(key.fingerprint.bytes.prefix(20))))
    }

    package static func authorityKeyIdentifier(_ key: PublicKey) -> Self {
        Self("2.5.29.35", DERWriter.sequence(DERWriter.element(0x80, Array(key.fingerprint.bytes.prefix(20)))))
    }

    package static func extendedKeyUsage(_ usages: [OID], critical: Bool = false) -> Self {
        Self(
            "2.5.29.37", critical: critical,
            DERWriter.element(DERTag.sequence, Array(usages.map { DERWriter.oid($0) }.joined())))
    }

    /// A subject alternative name with the given general names, already encoded.
    package static func alternativeNames(_ names: [[UInt8]], critical: Bool = true) -> Self {
        Self("2.5.29.17", critical: critical, DERWriter.element(DERTag.sequence, Array(names.joined())))
    }
}

/// General names for `alternativeNames`.
package enum GeneralName {
    package static func email(_ text: String) -> [UInt8] { DERWriter.element(0x81, Array(text.utf8)) }
    package static func dns(_ text: String) -> [UInt8] { DERWriter.element(0x82, Array(text.utf8)) }
    package static func uri(_ text: String) -> [UInt8] { DERWriter.element(0x86, Array(text.utf8)) }
    package static func ip(_ bytes: [UInt8]) -> [UInt8] { DERWriter.element(0x87, bytes) }
    package static func other(_ type: OID, _ value: [UInt8]) -> [UInt8] {
        DERWriter.element(0xa0, DERWriter.oid(type) + DERWriter.explicit(0, value))
    }
}

/// A certificate transparency log.
package struct CertificateLog {
    package var key: PrivateKey
    package var time: Timestamp
    package var extensions: [UInt8]
    /// Replaces the log's identifier, the hash of its key.
    package var logID: [UInt8]

    package init(key: PrivateKey, time: Timestamp, extensions: [UInt8] = []) {
        self.key = key
        self.time = time
        self.extensions = extensions
        logID = key.publicKey.fingerprint.bytes
    }

    func timestamp(tbs: [UInt8], issuer: Certificate) throws -> [UInt8] {
        let milliseconds = UInt64(time.seconds) * 1000 + UInt64(time.nanoseconds / 1_000_000)
        let when = (0..<8).map { UInt8(truncatingIfNeeded: milliseconds >> UInt64(56 - 8 * $0)) }
        let length = [UInt8(tbs.count >> 16), UInt8(tbs.count >> 8 & 0xff), UInt8(tbs.count & 0xff)]
        let signed =
            [0, 0] + when + [0, 1] + Digest.of(issuer.subjectPublicKeyInfo).bytes + length + tbs + vector16(extensions)
        let isRSA = if case .rsa = key.publicKey.kind { true } else { false }
        return [0] + logID + when + vector16(extensions) + [4, isRSA ? 1 : 3] + vector16(try key.sign(signed))
    }
}

func vector16(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes }
