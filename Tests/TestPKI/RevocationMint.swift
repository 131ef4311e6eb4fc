package import Core
package import Cryptography

/// Mints revocation lists, sound or with any fault.
package struct RevocationListMint {
    /// An entry of a list.
    package struct Entry {
        package var serial: UInt64
        package var time: Timestamp
        package var extensions: [CertificateBuilder.Extension] = []

        package init(serial: UInt64, time: Timestamp, extensions: [CertificateBuilder.Extension] = []) {
            self.serial = serial
            self.time = time
            self.extensions = extensions
        }
    }

    package var key: PrivateKey
    package var issuer: DistinguishedName
    package var thisUpdate: Timestamp
    package var nextUpdate: Timestamp?
    package var entries: [Entry] = []
    /// Further entries, encoded one after the other.
    package var encodedEntries: [UInt8] = []
    package var extensions: [CertificateBuilder.Extension] = []
    /// What the signed part says the signature's algorithm is; nil for what it is.
    package var statedAlgorithm: [UInt8]?

    package init(key: PrivateKey, issuer: DistinguishedName, at time: Timestamp) {
        self.key = key
        self.issuer = issuer
        thisUpdate = time + .seconds(-60)
        nextUpdate = time + .seconds(3600)
    }

    package func der() throws -> [UInt8] {
        let algorithm = CertificateBuilder.algorithm(key.publicKey.kind)
        let list = entries.map { entry in
            DERWriter.sequence(
                DERWriter.integer(entry.serial), DERWriter.generalizedTime(entry.time),
                entry.extensions.isEmpty ? [] : CertificateBuilder.Extension.list(entry.extensions))
        }
        let tbs = DERWriter.sequence(
            DERWriter.integer(1), statedAlgorithm ?? algorithm, issuer.encoding, DERWriter.generalizedTime(thisUpdate),
            nextUpdate.map { DERWriter.generalizedTime($0) } ?? [],
            list.isEmpty && encodedEntries.isEmpty
                ? [] : DERWriter.element(DERTag.sequence, Array(list.joined()) + encodedEntries),
            extensions.isEmpty ? [] : DERWriter.explicit(0, CertificateBuilder.Extension.list(extensions)))
        return DERWriter.sequence(tbs, algorithm, DERWriter.bits(try key.sign(tbs)))
    }
}

/// Mints OCSP responses, sound or with any fault.
package struct OCSPMint {
    package enum Status {
        case good, unknown
        case revoked(Timestamp, reason: UInt8?)
    }

    package var key: PrivateKey
    package var responder: DistinguishedName
    /// What is answered about.
    package var request: OCSPRequest
    package var status = Status.good
    package var responseStatus: UInt8 = 0
    package var thisUpdate: Timestamp
    package var nextUpdate: Timestamp?
    package var embedded: [Certificate] = []
    package var extensions: [CertificateBuilder.Extension] = []
    package var singleExtensions: [CertificateBuilder.Extension] = []
    /// How often the answer comes.
    package var copies = 1

    package init(key: PrivateKey, responder: DistinguishedName, request: OCSPRequest, at time: Timestamp) {
        self.key = key
        self.responder = responder
        self.request = request
        thisUpdate = time + .seconds(-60)
        nextUpdate = time + .seconds(3600)
    }

    package func der() throws -> [UInt8] {
        guard responseStatus == 0 else {
            return DERWriter.sequence(DERWriter.element(0x0a, [responseStatus]))
        }
        let state: [UInt8]
        switch status {
        case .good: state = DERWriter.element(0x80, [])
        case .unknown: state = DERWriter.element(0x82, [])
        case .revoked(let time, let reason):
            state = DERWriter.element(
                0xa1,
                DERWriter.generalizedTime(time)
                    + (reason.map { DERWriter.explicit(0, DERWriter.element(0x0a, [$0])) } ?? []))
        }
        // The question holds the identifier three sequences deep.
        var inner = request.der
        for _ in 0..<4 { inner = Array(try DERReader.single(DERTag.sequence, in: inner).content) }
        let single = DERWriter.sequence(
            inner, state, DERWriter.generalizedTime(thisUpdate),
            nextUpdate.map { DERWriter.explicit(0, DERWriter.generalizedTime($0)) } ?? [],
            singleExtensions.isEmpty
                ? [] : DERWriter.explicit(1, CertificateBuilder.Extension.list(singleExtensions)))
        let data = DERWriter.sequence(
            DERWriter.explicit(1, responder.encoding), DERWriter.generalizedTime(thisUpdate),
            DERWriter.element(DERTag.sequence, Array(Array(repeating: single, count: copies).joined())),
            extensions.isEmpty ? [] : DERWriter.explicit(1, CertificateBuilder.Extension.list(extensions)))
        let basic = DERWriter.sequence(
            data, CertificateBuilder.algorithm(key.publicKey.kind), DERWriter.bits(try key.sign(data)),
            embedded.isEmpty
                ? []
                : DERWriter.explicit(0, DERWriter.element(DERTag.sequence, Array(embedded.map(\.der).joined()))))
        return DERWriter.sequence(
            DERWriter.element(0x0a, [0]),
            DERWriter.explicit(
                0, DERWriter.sequence(DERWriter.oid("1.3.6.1.5.5.7.48.1.1"), DERWriter.octets(basic))))
    }
}

extension CertificateBuilder.Extension {
    static func encodings(_ extensions: [Self]) -> [[UInt8]] {
        extensions.map { item in
            DERWriter.sequence(
                DERWriter.oid(item.oid), item.isCritical ? DERWriter.boolean(true) : [], DERWriter.octets(item.value))
        }
    }

    static func list(_ extensions: [Self]) -> [UInt8] {
        DERWriter.element(DERTag.sequence, Array(encodings(extensions).joined()))
    }

    /// Authority information access with OCSP responders.
    package static func ocsp(_ urls: [String]) -> Self {
        Self(
            "1.3.6.1.5.5.7.1.1",
            DERWriter.element(
                DERTag.sequence,
                Array(
                    urls.map {
                        DERWriter.sequence(DERWriter.oid("1.3.6.1.5.5.7.48.1"), GeneralName.uri($0))
                    }.joined())))
    }

    /// CRL distribution points, or where the freshest lists are; one point for each URL.
    /// - Parameter reasons: whether each point is for some reasons only.
    package static func distributionPoints(_ urls: [String], oid: OID = "2.5.29.31", reasons: Bool = false) -> Self {
        let points = urls.map { url in
            DERWriter.sequence(
                DERWriter.explicit(0, DERWriter.explicit(0, GeneralName.uri(url))),
                reasons ? DERWriter.element(0x81, [7, 0x80]) : [])
        }
        return Self(oid, DERWriter.element(DERTag.sequence, Array(points.joined())))
    }

    /// The number of a revocation list.
    package static func listNumber(_ number: UInt64) -> Self { Self("2.5.29.20", DERWriter.integer(number)) }

    /// What makes a list one of changes.
    package static func deltaOf(_ number: UInt64) -> Self {
        Self("2.5.29.27", critical: true, DERWriter.integer(number))
    }

    /// Why a certificate was revoked.
    package static func reason(_ code: UInt8) -> Self { Self("2.5.29.21", DERWriter.element(0x0a, [code])) }

    /// Since when a key is to be distrusted.
    package static func invalidity(_ time: Timestamp) -> Self {
        Self("2.5.29.24", DERWriter.generalizedTime(time))
    }

    /// What a revocation list is about (RFC 5280, section 5.2.5), its members already encoded.
    package static func issuingPoint(_ members: [UInt8]) -> Self {
        Self("2.5.29.28", critical: true, DERWriter.element(DERTag.sequence, members))
    }
}
