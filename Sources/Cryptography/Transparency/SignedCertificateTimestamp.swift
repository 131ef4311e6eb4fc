package import Core

/// A log's promise to include a certificate (RFC 6962, section 3.2), version 1.
package struct SignedCertificateTimestamp: Sendable, Hashable {
    /// The 32 bytes that name the log.
    package let logID: [UInt8]
    /// Milliseconds since 1970.
    package let milliseconds: UInt64
    package let extensions: [UInt8]
    /// The TLS hash algorithm (4 is SHA-256).
    package let hashAlgorithm: UInt8
    /// The TLS signature algorithm (3 is ECDSA, 1 is RSA).
    package let signatureAlgorithm: UInt8
    package let signature: [UInt8]

    /// When the log made the promise.
    package var time: Timestamp {
        Timestamp(
            seconds: Int64(clamping: milliseconds / 1000), nanoseconds: Int32(milliseconds % 1000) * 1_000_000)
    }

    /// Whether the promise is about `leaf`, was made by the holder of `key` and the certificate was issued by `issuer`.
    /// - Parameter issuer: the issuing certificate of the *verified* path.
    package func isValid(for leaf: Certificate, issuer: Certificate, key: PublicKey) -> Bool {
        guard hashAlgorithm == 4 else {  // check: sct-hash
            return false
        }
        switch (key.kind, signatureAlgorithm) {
        case (.ecdsa, 3): return key.isValidSignature(signature, over: signedBytes(leaf, issuer), .ecdsa(.sha256))
        case (.rsa, 1): return key.isValidSignature(signature, over: signedBytes(leaf, issuer), .rsaPKCS1(.sha256))
        default: return false
        }
    }

    /// What the log signed (RFC 6962, section 3.2): the entry of the precertificate, rebuilt from the certificate.
    private func signedBytes(_ leaf: Certificate, _ issuer: Certificate) -> [UInt8] {
        let tbs = leaf.tbsWithoutSCTs
        var bytes: [UInt8] = [0, 0]  // version 1, certificate_timestamp
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: milliseconds >> UInt64(56 - 8 * $0)) }
        bytes += [0, 1]  // precert_entry
        bytes += Digest.of(issuer.subjectPublicKeyInfo).bytes
        bytes += [UInt8(truncatingIfNeeded: tbs.count >> 16), UInt8(truncatingIfNeeded: tbs.count >> 8)]
        bytes += [UInt8(truncatingIfNeeded: tbs.count)]
        bytes += tbs
        bytes += [UInt8(truncatingIfNeeded: extensions.count >> 8), UInt8(truncatingIfNeeded: extensions.count)]
        return bytes + extensions
    }
}

extension Certificate {
    private static let maximumSCTs = 32

    /// The timestamps in the certificate, of version 1; nil when it has no such extension.
    /// - Throws: `CryptographyError` (`.sct`, `.encoding`).
    package func embeddedSCTs() throws(CryptographyError) -> [SignedCertificateTimestamp]? {
        guard let value = extensionValue(.sctList) else { return nil }
        var outer = TLSReader(Array(try DERReader.single(DERTag.octetString, in: value).content))
        guard let list = outer.vector16(), outer.isAtEnd else { throw Self.malformedSCT() }
        var reader = TLSReader(list)
        var timestamps: [SignedCertificateTimestamp] = []
        while !reader.isAtEnd {
            guard timestamps.count < Self.maximumSCTs else {  // check: sct-limit
                throw CryptographyError(.sct, "the certificate has more than \(Self.maximumSCTs) SCTs")
            }
            guard let serialized = reader.vector16() else { throw Self.malformedSCT() }
            // Later versions are unknown, not malformed (RFC 6962, section 3.3).
            guard serialized.first == 0 else { continue }
            var fields = TLSReader(serialized)
            guard fields.bytes(1) != nil, let logID = fields.bytes(32), let time = fields.bytes(8),
                let extensions = fields.vector16(), let algorithms = fields.bytes(2),
                let signature = fields.vector16(), fields.isAtEnd
            else { throw Self.malformedSCT() }
            timestamps.append(
                SignedCertificateTimestamp(
                    logID: logID, milliseconds: time.reduce(0) { $0 << 8 | UInt64($1) }, extensions: extensions,
                    hashAlgorithm: algorithms[0], signatureAlgorithm: algorithms[1], signature: signature))
        }
        return timestamps
    }

    /// The TBSCertificate without the SCT list: what the precertificate's had without its poison.
    var tbsWithoutSCTs: [UInt8] {
        let kept = extensions.filter { $0.oid != .sctList }.map(\.encoding)
        var content = Array(tbsElements.joined())
        if !kept.isEmpty {
            content += DERWriter.explicit(3, DERWriter.element(DERTag.sequence, Array(kept.joined())))
        }
        return DERWriter.element(DERTag.sequence, content)
    }

    private static func malformedSCT() -> CryptographyError {
        CryptographyError(.sct, "the certificate's list of SCTs is malformed")
    }
}

/// Reads the presentation language of TLS (RFC 8446, section 3).
private struct TLSReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func vector16() -> [UInt8]? {
        guard let length = bytes(2) else { return nil }
        return bytes(Int(length[0]) << 8 | Int(length[1]))
    }
}
