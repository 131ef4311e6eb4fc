internal import Core
internal import Cryptography

extension TrustedRoot {
    private static let maximumSize = 1 << 20
    private static let maximumServices = 64
    private static let maximumCertificates = 16
    private static let maximumLogsOfOneName = 4
    private static let checkpointHintLength = 4
    private static let mediaTypes = [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ]

    /// Reads a `trusted_root.json` (Sigstore protobuf-specs, `sigstore_trustroot.proto`).
    /// - Throws: `VerificationError` (`.trustedRoot`) naming the faulty member.
    package init(parsing bytes: [UInt8]) throws(VerificationError) {
        do {
            try self.init(reading: bytes)
        } catch {
            throw VerificationError(.trustedRoot, "trusted_root.json is not usable: \(error.message)")
        }
    }

    private init(reading bytes: [UInt8]) throws(Rejection) {
        var root = try MessageReader(parsing: bytes, limit: Self.maximumSize)
        let mediaType = try root.string("mediaType") ?? ""
        let isKnown = Self.mediaTypes.contains { $0.utf8.elementsEqual(mediaType.utf8) }
        guard isKnown else {  // check: root-media-type
            throw Rejection(.unsupported, "mediaType '\(shown(mediaType))' is not supported")
        }
        logs = try Self.logs(&root, "tlogs")
        certificateLogs = try Self.logs(&root, "ctlogs")
        var authorities: [CertificateAuthority] = []
        for reader in try root.messages("certificateAuthorities", limit: Self.maximumServices) {
            authorities.append(try Self.certificateAuthority(reader))
        }
        certificateAuthorities = authorities
        var timestampAuthorities: [TimestampAuthority] = []
        for reader in try root.messages("timestampAuthorities", limit: Self.maximumServices) {
            timestampAuthorities.append(try Self.timestampAuthority(reader))
        }
        self.timestampAuthorities = timestampAuthorities
        digest = Digest.of(bytes)
        try root.finish()
    }

    private static func logs(_ root: inout MessageReader, _ name: String) throws(Rejection) -> [Log] {
        var logs: [Log] = []
        var skipped: String?
        for var reader in try root.messages(name, limit: maximumServices) {
            switch try log(&reader) {
            case .log(let log):
                // The same key may be listed with several windows; each is tried for each of a signature's entries.
                let count = logs.count { $0.id == log.id }
                guard count < maximumLogsOfOneName else {  // check: root-log-count
                    throw Rejection(
                        .malformed, "\(reader.place("logId")) is that of more than \(maximumLogsOfOneName) logs")
                }
                logs.append(log)
            case .unknown(let details): skipped = skipped ?? details
            }
        }
        if let skipped {
            guard !logs.isEmpty else {  // check: root-some-log
                throw Rejection(
                    .unsupported, "none of '\(name)' has a key of a kind that is supported (one is '\(shown(skipped))')"
                )
            }
        }
        return logs
    }

    private enum Entry {
        case log(Log)
        /// A log whose kind of key is not known. Without it less is accepted, never more, and a root may list newer logs
        /// beside those that everybody can verify.
        case unknown(details: String)
    }

    private static func log(_ reader: inout MessageReader) throws(Rejection) -> Entry {
        let baseURL = try reader.string("baseUrl") ?? ""
        let hash = try reader.string("hashAlgorithm") ?? ""
        guard hash == "SHA2_256" else {  // check: root-hash-algorithm
            throw Rejection(.unsupported, "\(reader.place("hashAlgorithm")) '\(shown(hash))' is not supported")
        }
        guard var keyReader = try reader.message("publicKey") else { throw reader.missing("publicKey") }
        let key = try publicKey(&keyReader)
        let window = try window(&keyReader) ?? Window(start: nil, end: nil)
        guard window.start != nil else {  // check: root-log-start
            throw keyReader.missing("validFor.start")
        }
        try keyReader.finish()
        guard var idReader = try reader.message("logId"), let id = try idReader.bytes("keyId"), !id.isEmpty else {
            throw reader.missing("logId.keyId")
        }
        try idReader.finish()
        let checkpointID = try checkpointKeyID(&reader)
        let party = try self.operator(&reader) ?? Hexadecimal.encode(id)
        try reader.finish()
        switch key {
        case .known(let key):
            return .log(
                Log(
                    baseURL: baseURL, id: id, checkpointHint: Array((checkpointID ?? id).prefix(checkpointHintLength)),
                    key: key, window: window, party: party))
        case .unknown(let details): return .unknown(details: details)
        }
    }

    /// Where checkpoints name the key by something else than entries name the log by.
    private static func checkpointKeyID(_ reader: inout MessageReader) throws(Rejection) -> [UInt8]? {
        guard var idReader = try reader.message("checkpointKeyId") else { return nil }
        let id = try idReader.bytes("keyId") ?? []
        try idReader.finish()
        guard id.count >= checkpointHintLength else {  // check: root-checkpoint-id
            throw Rejection(.malformed, "\(idReader.place("keyId")) is shorter than \(checkpointHintLength) bytes")
        }
        return id
    }

    private enum LogKey {
        case known(PublicKey)
        case unknown(details: String)
    }

    /// The kinds of keys (protobuf-specs, `PublicKeyDetails`) that logs are verified with.
    private static let keyDetails: Set<String> = [
        "PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_384", "PKIX_ECDSA_P521_SHA_512",
        "PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PKCS1V15_3072_SHA256", "PKIX_RSA_PKCS1V15_4096_SHA256",
        "PKIX_ED25519", "PKCS1_RSA_PKCS1V5",
    ]

    private static func publicKey(_ reader: inout MessageReader) throws(Rejection) -> LogKey {
        guard let bytes = try reader.bytes("rawBytes") else { throw reader.missing("rawBytes") }
        guard let details = try reader.string("keyDetails"), !details.isEmpty else {
            throw reader.missing("keyDetails")
        }
        guard keyDetails.contains(details) else { return .unknown(details: details) }
        let key: PublicKey
        do {
            key =
                details == "PKCS1_RSA_PKCS1V5"
                ? try PublicKey(pkcs1: bytes) : try PublicKey(subjectPublicKeyInfo: bytes)
        } catch {
            throw Rejection(.malformed, "\(reader.place("rawBytes")): \(error.message)")
        }
        let fits =
            switch (details, key.kind) {
            case ("PKIX_ECDSA_P256_SHA_256", .ecdsa(.p256)), ("PKIX_ECDSA_P384_SHA_384", .ecdsa(.p384)),
                ("PKIX_ECDSA_P521_SHA_512", .ecdsa(.p521)), ("PKIX_RSA_PKCS1V15_2048_SHA256", .rsa(bits: 2048)),
                ("PKIX_RSA_PKCS1V15_3072_SHA256", .rsa(bits: 3072)),
                ("PKIX_RSA_PKCS1V15_4096_SHA256", .rsa(bits: 4096)), ("PKIX_ED25519", .ed25519),
                ("PKCS1_RSA_PKCS1V5", .rsa):
                true
            default: false
            }
        guard fits else {  // check: root-key-details
            throw Rejection(
                .unsupported, "\(reader.place("keyDetails")) '\(shown(details))' is not that of the \(key.kind) key"
            )
        }
        return .known(key)
    }

    private static func certificateAuthority(_ source: MessageReader) throws(Rejection) -> CertificateAuthority {
        var reader = source
        let authority = try authority(&reader)
        return CertificateAuthority(
            uri: authority.uri, intermediates: Array(authority.chain.dropLast()), anchor: authority.anchor,
            window: authority.window)
    }

    private static func timestampAuthority(_ source: MessageReader) throws(Rejection) -> TimestampAuthority {
        var reader = source
        let authority = try authority(&reader)
        var chain = authority.chain
        // Leaf first, where the root names it; a chain of authorities alone leaves the signer open.
        let signer = chain.first.flatMap { $0.basicConstraints?.isAuthority == true ? nil : $0 }
        guard chain.count > 1 || signer == nil else {
            throw Rejection(.malformed, "\(reader.place("certChain")) has no certificate authority")
        }
        if signer != nil { chain.removeFirst() }
        return TimestampAuthority(
            uri: authority.uri, signer: signer, intermediates: Array(chain.dropLast()), anchor: authority.anchor,
            window: authority.window, party: authority.party ?? Digest.of(authority.anchor.der).hex)
    }

    private typealias Authority = (
        uri: String, chain: [Certificate], anchor: Certificate, window: Window, party: String?
    )

    private static func authority(_ reader: inout MessageReader) throws(Rejection) -> Authority {
        let uri = try reader.string("uri") ?? ""
        if var subject = try reader.message("subject") {
            _ = try subject.string("organization")
            _ = try subject.string("commonName")
            try subject.finish()
        }
        guard var list = try reader.message("certChain") else { throw reader.missing("certChain") }
        var chain: [Certificate] = []
        for var item in try list.messages("certificates", limit: maximumCertificates) {
            guard let bytes = try item.bytes("rawBytes") else { throw item.missing("rawBytes") }
            try item.finish()
            do {
                chain.append(try Certificate(der: bytes))
            } catch {
                throw Rejection(.malformed, "\(item.path): \(error.message)")
            }
        }
        try list.finish()
        guard let anchor = chain.last else { throw reader.missing("certChain.certificates") }
        let window = try window(&reader) ?? Window(start: nil, end: nil)
        let party = try self.operator(&reader)
        try reader.finish()
        return (uri, chain, anchor, window, party)
    }

    private static func window(_ reader: inout MessageReader) throws(Rejection) -> Window? {
        guard var window = try reader.message("validFor") else { return nil }
        let start = try window.time("start")
        let end = try window.time("end")
        try window.finish()
        return Window(start: start, end: end)
    }

    private static func `operator`(_ reader: inout MessageReader) throws(Rejection) -> String? {
        guard let name = try reader.string("operator"), !name.isEmpty else { return nil }
        return "operator \(name)"
    }
}
