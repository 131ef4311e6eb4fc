package import Core

/// An X.509 certificate (RFC 5280). Reading one proves nothing; see `CertificatePath`.
package final class Certificate: Sendable, Hashable {
    /// The DER encoding.
    package let der: [UInt8]
    package let subject: DistinguishedName
    package let issuer: DistinguishedName
    /// The serial number's bytes as encoded.
    package let serialNumber: [UInt8]
    /// The first second of the validity.
    package let notBefore: Timestamp
    /// The last second of the validity.
    package let notAfter: Timestamp
    /// The DER SubjectPublicKeyInfo as encoded.
    package let subjectPublicKeyInfo: [UInt8]
    package let extensions: [Extension]
    /// nil when the certificate has no such extension.
    package let basicConstraints: BasicConstraints?
    /// nil when the certificate has no such extension: every use is then allowed.
    package let keyUsage: KeyUsage?
    /// nil when the certificate has no such extension.
    package let extendedKeyUsages: [OID]?
    package let alternativeNames: [AlternativeName]
    let handle: CertificateHandle
    let tbsElements: [[UInt8]]

    /// Reads one DER certificate.
    /// - Throws: `CryptographyError` (`.certificate`, `.encoding`).
    package init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= 64 << 10 else {  // check: certificate-size
            throw CryptographyError(.certificate, "the certificate exceeds 64 KiB")
        }
        let fields = try CertificateFields(der: der)
        guard let handle = CertificateHandle.parse(der) else {
            throw CryptographyError(.certificate, "it is no valid certificate")
        }
        guard unsafe RSALimits.isQuick(handle.pointer) else {  // check: certificate-key
            throw CryptographyError(
                .certificate, "its RSA key has more than 8192 bits or a public exponent that is not accepted")
        }
        self.der = der
        self.handle = handle
        tbsElements = fields.tbsElements
        subject = fields.subject
        issuer = fields.issuer
        serialNumber = fields.serialNumber
        notBefore = fields.notBefore
        notAfter = fields.notAfter
        subjectPublicKeyInfo = fields.subjectPublicKeyInfo
        extensions = fields.extensions
        basicConstraints = try fields.extension(.basicConstraints).map { value throws(CryptographyError) in
            try BasicConstraints(value)
        }
        keyUsage = try fields.extension(.keyUsage).map { value throws(CryptographyError) in try KeyUsage(der: value) }
        extendedKeyUsages = try fields.extension(.extendedKeyUsage).map { value throws(CryptographyError) in
            try Self.objectIdentifiers(value)
        }
        alternativeNames =
            try fields.extension(.subjectAlternativeName).map { value throws(CryptographyError) in
                try AlternativeName.list(value)
            } ?? []
    }

    /// Every `CERTIFICATE` block of a PEM text; other labels are an error.
    /// - Throws: `CryptographyError` (`.pem`, `.certificate`, `.encoding`).
    package static func all(inPEM text: [UInt8], limit: Int = 64) throws(CryptographyError) -> [Certificate] {
        var certificates: [Certificate] = []
        for block in try PEMBlock.parseAll(text, limit: limit) {
            guard block.label == "CERTIFICATE" else {  // check: certificate-label
                throw CryptographyError(.pem, "the PEM block is '\(block.label)'; use 'CERTIFICATE'")
            }
            certificates.append(try Certificate(der: block.bytes))
        }
        return certificates
    }

    /// The subject's key.
    /// - Throws: `CryptographyError` (`.key`, `.unsupportedKey`).
    package func publicKey() throws(CryptographyError) -> PublicKey {
        try PublicKey(subjectPublicKeyInfo: subjectPublicKeyInfo)
    }

    /// Whether `time` is within the validity, both ends included (RFC 5280, section 4.1.2.5).
    package func isValid(at time: Timestamp) -> Bool {
        notBefore <= time && time <= notAfter
    }

    /// Whether it may issue certificates: basic constraints say so and key usage, where given, includes it.
    package var isAuthority: Bool {
        basicConstraints?.isAuthority == true && keyUsage.map { $0.contains(.keyCertSign) } ?? true
    }

    /// Whether subject and issuer are the same name.
    package var isSelfIssued: Bool { subject.encoding == issuer.encoding }

    /// The value of the extension `oid`; nil when there is none.
    package func extensionValue(_ oid: OID) -> [UInt8]? { extensions.first { $0.oid == oid }?.value }

    /// The certificate as a PEM block.
    package var pem: String { PEMBlock(label: "CERTIFICATE", bytes: der).text }

    package static func == (one: Certificate, other: Certificate) -> Bool { one.der == other.der }

    package func hash(into hasher: inout Hasher) { hasher.combine(der) }

    private static func objectIdentifiers(_ value: [UInt8]) throws(CryptographyError) -> [OID] {
        var reader = try DERReader.single(DERTag.sequence, in: value).reader
        var identifiers: [OID] = []
        while !reader.isAtEnd {
            guard identifiers.count < 64 else { throw CryptographyError(.certificate, "too many extended key usages") }
            identifiers.append(try reader.readOID())
        }
        return identifiers
    }
}

extension Optional where Wrapped == [UInt8] {
    fileprivate func map<Result>(
        _ transform: ([UInt8]) throws(CryptographyError) -> Result
    ) throws(CryptographyError) -> Result? {
        guard let self else { return nil }
        return try transform(self)
    }
}
