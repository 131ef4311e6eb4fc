internal import Core
internal import Cryptography

extension Bundle {
    /// Bytes of a bundle.
    package static let maximumSize = 2 << 20
    private static let maximumEntries = 32
    private static let maximumTimestamps = 32
    private static let maximumCertificates = 16

    private static let versions: [String: Version] = [
        "application/vnd.dev.sigstore.bundle+json;version=0.1": .v0_1,
        "application/vnd.dev.sigstore.bundle+json;version=0.2": .v0_2,
        "application/vnd.dev.sigstore.bundle+json;version=0.3": .v0_3,
        "application/vnd.dev.sigstore.bundle.v0.3+json": .v0_3,
    ]

    /// Reads a bundle and checks its shape by the rules of its version.
    /// - Throws: `Rejection`.
    package init(parsing bytes: [UInt8]) throws(Rejection) {
        var bundle = try MessageReader(parsing: bytes, limit: Self.maximumSize)
        let mediaType = try bundle.string("mediaType") ?? ""
        guard let version = Self.versions[mediaType] else {
            throw Rejection(.unsupported, "bundles of media type '\(shown(mediaType))' are not supported")
        }
        self.version = version
        guard var material = try bundle.message("verificationMaterial") else {
            throw bundle.missing("verificationMaterial")
        }
        self.material = try Self.material(&material, version)
        entries = try Self.entries(&material, version)
        timestamps = try Self.timestamps(&material)
        try material.finish()
        content = try Self.content(&bundle)
        try bundle.finish()
    }

    private static func material(_ reader: inout MessageReader, _ version: Version) throws(Rejection) -> Material {
        let kinds = ["certificate", "x509CertificateChain", "publicKey"].filter { reader.value($0) != nil }
        guard kinds.count == 1 else {  // check: one-material
            throw Rejection(.malformed, "the bundle must have exactly one of certificate, chain and public key")
        }
        if var key = try reader.message("publicKey") {
            let hint = try key.string("hint") ?? ""
            try key.finish()
            return .publicKey(hint: hint)
        }
        if var single = try reader.message("certificate") { return .certificate(try certificate(&single)) }
        guard version != .v0_3 else {  // check: chain-version
            throw Rejection(.malformed, "a bundle of version 0.3 has no certificate chain")
        }
        guard var chain = try reader.message("x509CertificateChain") else { throw reader.missing("certificate") }
        var certificates = try chain.messages("certificates", limit: maximumCertificates)
        try chain.finish()
        guard !certificates.isEmpty else { throw chain.missing("certificates") }
        // The rest of the chain travels with the signature: it is neither trusted nor needed.
        return .certificate(try certificate(&certificates[0]))
    }

    private static func certificate(_ reader: inout MessageReader) throws(Rejection) -> Certificate {
        guard let bytes = try reader.bytes("rawBytes") else { throw reader.missing("rawBytes") }
        try reader.finish()
        do {
            return try Certificate(der: bytes)
        } catch {
            throw Rejection(.malformed, "the signer's certificate is malformed: \(error.message)")
        }
    }

    private static func entries(_ material: inout MessageReader, _ version: Version) throws(Rejection) -> [LogEntry] {
        var entries: [LogEntry] = []
        for var reader in try material.messages("tlogEntries", limit: maximumEntries) {
            let entry = try LogEntry(&reader)
            guard version != .v0_1 || entry.promise != nil else {  // check: promise-required
                throw Rejection(.logProof, "the log entry has no signed entry timestamp, which version 0.1 requires")
            }
            guard version == .v0_1 || entry.proof != nil else {  // check: proof-required
                throw Rejection(.logProof, "the log entry has no inclusion proof, which its version requires")
            }
            let isRepeated = entries.contains { $0.logID == entry.logID && $0.logIndex == entry.logIndex }
            guard !isRepeated else {  // check: repeated-entry
                throw Rejection(.malformed, "the bundle has the same log entry twice")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func timestamps(_ material: inout MessageReader) throws(Rejection) -> [[UInt8]] {
        guard var data = try material.message("timestampVerificationData") else { return [] }
        var timestamps: [[UInt8]] = []
        for var reader in try data.messages("rfc3161Timestamps", limit: maximumTimestamps) {
            guard let bytes = try reader.bytes("signedTimestamp") else { throw reader.missing("signedTimestamp") }
            try reader.finish()
            timestamps.append(bytes)
        }
        try data.finish()
        return timestamps
    }

    private static func content(_ bundle: inout MessageReader) throws(Rejection) -> Content {
        let message = try bundle.message("messageSignature")
        let envelope = try bundle.message("dsseEnvelope")
        switch (message, envelope) {
        case (var message?, nil):
            let digest = try messageDigest(&message)
            guard let signature = try message.bytes("signature"), !signature.isEmpty else {
                throw message.missing("signature")
            }
            try message.finish()
            return .message(digest: digest, signature: signature)
        case (nil, var envelope?): return .envelope(try DSSEEnvelope(&envelope))
        default:
            throw Rejection(.malformed, "the bundle must have exactly one of message signature and envelope")
        }
    }

    private static func messageDigest(_ message: inout MessageReader) throws(Rejection) -> Digest? {
        guard var reader = try message.message("messageDigest") else { return nil }
        let name = try reader.string("algorithm") ?? ""
        guard let algorithm = HashNames.protobuf(name) else {
            throw Rejection(.unsupported, "the hash algorithm '\(shown(name))' is not supported")
        }
        guard let bytes = try reader.bytes("digest"), bytes.count == algorithm.byteCount else {
            throw Rejection(.malformed, "\(reader.place("digest")) is not a \(algorithm) digest")
        }
        try reader.finish()
        return Digest(algorithm: algorithm, bytes: bytes)
    }
}

/// The names that formats give to hashes.
enum HashNames {
    /// `SHA2_256` and its like (protobuf-specs, `HashAlgorithm`).
    static func protobuf(_ name: String) -> Digest.Algorithm? {
        switch name {
        case "SHA2_256": .sha256
        case "SHA2_384": .sha384
        case "SHA2_512": .sha512
        default: nil
        }
    }

    /// The inverse of `protobuf(_:)`.
    static func protobuf(_ algorithm: Digest.Algorithm) -> String {
        switch algorithm {
        case .sha256: "SHA2_256"
        case .sha384: "SHA2_384"
        case .sha512: "SHA2_512"
        }
    }
}
