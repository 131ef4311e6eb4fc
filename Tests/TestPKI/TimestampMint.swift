package import Core
package import Cryptography

/// Mints RFC 3161 timestamps, sound or with any fault.
package struct TimestampMint {
    package var key: PrivateKey
    package var certificate: Certificate
    package var time: Timestamp
    /// Certificates to put into the token.
    package var embedded: [Certificate] = []
    /// More of them, as encodings that need not be certificates that we take.
    package var embeddedBytes: [[UInt8]] = []
    package var status: UInt64 = 0
    package var imprintHash = Digest.Algorithm.sha256
    /// Replaces the OID of the imprint's hash.
    package var imprintOID: OID?
    package var imprintBytes: [UInt8]?
    /// What the signed attribute says the signing certificate is.
    package var attested: Certificate?
    package var hasSigningCertificateAttribute = true
    /// The SHA-1 of the certificate, for the attribute that came before signing-certificate-v2.
    package var oldAttributeHash: [UInt8]?
    package var policy: OID = "1.3.6.1.4.1.57264.2"
    /// Whether the message digest attribute is right.
    package var hasRightMessageDigest = true
    package var accuracySeconds: UInt64?
    /// Extensions of what the token states.
    package var extensions: [CertificateBuilder.Extension] = []
    /// Replaces the OID of the hash that the signer used.
    package var signerHashOID: OID?

    package init(key: PrivateKey, certificate: Certificate, time: Timestamp) {
        self.key = key
        self.certificate = certificate
        self.time = time
    }

    private static func oid(_ hash: Digest.Algorithm) -> OID {
        switch hash {
        case .sha256: "2.16.840.1.101.3.4.2.1"
        case .sha384: "2.16.840.1.101.3.4.2.2"
        case .sha512: "2.16.840.1.101.3.4.2.3"
        }
    }

    /// A TimeStampResp over `message`.
    package func response(over message: [UInt8]) throws -> [UInt8] {
        DERWriter.sequence(DERWriter.sequence(DERWriter.integer(status)), try token(over: message))
    }

    /// A bare TimeStampToken over `message`.
    package func token(over message: [UInt8]) throws -> [UInt8] {
        let tstInfoType: OID = "1.2.840.113549.1.9.16.1.4"
        let imprint = imprintBytes ?? Digest.of(message, imprintHash).bytes
        let info = DERWriter.sequence(
            DERWriter.integer(1), DERWriter.oid(policy),
            DERWriter.sequence(
                DERWriter.sequence(DERWriter.oid(imprintOID ?? Self.oid(imprintHash)), DERWriter.null()),
                DERWriter.octets(imprint)),
            DERWriter.integer(7), DERWriter.generalizedTime(time),
            accuracySeconds.map { DERWriter.sequence(DERWriter.integer($0)) } ?? [],
            extensions.isEmpty
                ? [] : DERWriter.element(0xa1, Array(CertificateBuilder.Extension.encodings(extensions).joined())))
        let hash = hashOfKey
        let digest = hasRightMessageDigest ? Digest.of(info, hash) : Digest.of([], hash)
        var attributes = [
            attribute("1.2.840.113549.1.9.3", DERWriter.oid(tstInfoType)),
            attribute("1.2.840.113549.1.9.4", DERWriter.octets(digest.bytes)),
        ]
        if hasSigningCertificateAttribute {
            let id = DERWriter.sequence(DERWriter.octets(Digest.of((attested ?? certificate).der).bytes))
            attributes.append(
                attribute("1.2.840.113549.1.9.16.2.47", DERWriter.sequence(DERWriter.sequence(id))))
        }
        if let oldAttributeHash {
            let id = DERWriter.sequence(DERWriter.octets(oldAttributeHash))
            attributes.append(
                attribute("1.2.840.113549.1.9.16.2.12", DERWriter.sequence(DERWriter.sequence(id))))
        }
        let sorted = attributes.sorted { $0.lexicographicallyPrecedes($1) }
        let signedAttributes = DERWriter.element(DERTag.set, Array(sorted.joined()))
        let hashOID = DERWriter.sequence(DERWriter.oid(signerHashOID ?? Self.oid(hash)))
        let signer = DERWriter.sequence(
            DERWriter.integer(1),
            DERWriter.sequence(
                certificate.issuer.encoding, DERWriter.element(DERTag.integer, certificate.serialNumber)),
            hashOID, DERWriter.element(0xa0, Array(sorted.joined())), CertificateBuilder.algorithm(key.publicKey.kind),
            DERWriter.octets(try key.sign(signedAttributes)))
        let certificates = embedded.map(\.der) + embeddedBytes
        let signedData = DERWriter.sequence(
            DERWriter.integer(3), DERWriter.set(hashOID),
            DERWriter.sequence(DERWriter.oid(tstInfoType), DERWriter.explicit(0, DERWriter.octets(info))),
            certificates.isEmpty ? [] : DERWriter.element(0xa0, Array(certificates.joined())), DERWriter.set(signer))
        return DERWriter.sequence(DERWriter.oid("1.2.840.113549.1.7.2"), DERWriter.explicit(0, signedData))
    }

    private var hashOfKey: Digest.Algorithm {
        if case .ecdsa(let curve) = key.publicKey.kind { curve.hash } else { .sha256 }
    }

    private func attribute(_ type: OID, _ value: [UInt8]) -> [UInt8] {
        DERWriter.sequence(DERWriter.oid(type), DERWriter.set(value))
    }
}
