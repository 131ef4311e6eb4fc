internal import Core
internal import Cryptography

/// The keys of a role, by the identifiers that signatures name them by, and how many of them must sign.
struct TUFKeys: Sendable, Equatable {
    /// A key and the scheme it signs with.
    struct Key: Sendable, Equatable {
        let publicKey: PublicKey
        let algorithm: SignatureAlgorithm
    }

    let keys: [String: Key]
    let threshold: Int
}

/// Root metadata: which keys speak for which role.
struct TUFRoot: Sendable {
    static let maximumSize = 512_000

    let document: TUFDocument
    /// Whether files of metadata and targets are named by version and hash.
    let isConsistent: Bool
    private let roles: [String: TUFKeys]

    var version: Int64 { document.version }

    /// Reads root metadata, which must be signed by its own keys.
    init(parsing bytes: [UInt8]) throws(TUFError) {
        document = try TUFDocument(parsing: bytes, .root, limit: Self.maximumSize)
        isConsistent = document.content["consistent_snapshot"]?.boolValue ?? false
        let keys = try Self.keys(document.content)
        var roles: [String: TUFKeys] = [:]
        for (name, role) in document.content["roles"]?.objectValue ?? [:] {
            guard let identifiers = role["keyids"]?.arrayValue?.compactMap(\.stringValue),
                let threshold = role["threshold"]?.integerValue
            else { throw TUFError(.malformed, "root metadata: the role '\(shown(name, limit: 40))' is malformed") }
            guard threshold >= 1 else {  // check: tuf-threshold-minimum
                throw TUFError(.malformed, "root metadata: a threshold is below 1")
            }
            var own: [String: TUFKeys.Key] = [:]
            for identifier in identifiers { own[identifier] = keys[identifier] }
            roles[name] = TUFKeys(keys: own, threshold: Int(clamping: threshold))
        }
        self.roles = roles
        let own = try self.keys(of: .root)
        guard document.isSigned(by: own) else {  // check: tuf-root-self
            throw TUFError(.unsigned, "root metadata of version \(version) is not signed by its own keys")
        }
    }

    /// The keys that speak for `role`.
    func keys(of role: TUFRole) throws(TUFError) -> TUFKeys {
        guard let keys = roles[role.rawValue] else {
            throw TUFError(.malformed, "root metadata lacks the role '\(role)'")
        }
        return keys
    }

    /// Key identifiers are not recomputed: one of the public instance's does not match its key, and nothing rests on it.
    /// Keys of unknown kinds are left out; they cannot count.
    private static func keys(_ content: JSONValue) throws(TUFError) -> [String: TUFKeys.Key] {
        guard case .object(let members)? = content["keys"], members.count <= 256 else {
            throw TUFError(.malformed, "root metadata has no keys, or too many")
        }
        return members.compactMapValues { key(scheme: $0["scheme"]?.stringValue, $0.member(at: "keyval", "public")) }
    }

    private static func key(scheme: String?, _ value: JSONValue?) -> TUFKeys.Key? {
        guard let scheme, let text = value?.stringValue else { return nil }
        let key: PublicKey?
        if text.hasPrefix("-----BEGIN") {
            key = try? PublicKey(pem: Array(text.utf8))
        } else if let bytes = Hexadecimal.decode(text) {
            key = try? PublicKey(subjectPublicKeyInfo: subjectPublicKeyInfo(scheme, bytes))
        } else {
            key = nil
        }
        guard let key else { return nil }
        switch (scheme, key.kind) {
        case ("ecdsa-sha2-nistp256", .ecdsa(.p256)), ("ecdsa-sha2-nistp384", .ecdsa(.p384)), ("ed25519", .ed25519):
            return TUFKeys.Key(publicKey: key, algorithm: key.kind.defaultAlgorithm)
        case ("rsassa-pss-sha256", .rsa): return TUFKeys.Key(publicKey: key, algorithm: .rsaPSS(.sha256))
        default: return nil
        }
    }

    /// The key info around a bare Ed25519 key or uncompressed P-256 point, as older metadata has them.
    private static func subjectPublicKeyInfo(_ scheme: String, _ bytes: [UInt8]) -> [UInt8] {
        let algorithm =
            scheme == "ed25519"
            ? DERWriter.sequence(DERWriter.oid("1.3.101.112"))
            : DERWriter.sequence(DERWriter.oid("1.2.840.10045.2.1"), DERWriter.oid("1.2.840.10045.3.1.7"))
        return DERWriter.sequence(algorithm, DERWriter.bits(bytes))
    }
}
