internal import Core
internal import Cryptography

/// A role whose metadata the client follows (TUF specification 1.0, section 2.1).
enum TUFRole: String, Sendable {
    case root, timestamp, snapshot, targets
}

/// One metadata document: what is signed, and by whom it claims to be; not verified yet.
struct TUFDocument: Sendable {
    let role: TUFRole
    let version: Int64
    let expires: Timestamp
    /// The `signed` member.
    let content: JSONValue
    /// The whole document, as it was read.
    let encoding: [UInt8]
    /// The bytes that signatures are over: OLPC canonical JSON of the `signed` member.
    private let signedBytes: [UInt8]
    private let signatures: [(keyID: String, bytes: [UInt8])]

    private static let maximumSignatures = 64

    /// Reads the metadata of `role`.
    init(parsing bytes: [UInt8], _ role: TUFRole, limit: Int) throws(TUFError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: limit, depth: 32, values: 500_000))
        } catch {
            throw TUFError(.malformed, "\(role) metadata is no valid JSON: \(shown(error.description))")
        }
        guard let content = document["signed"], case .object = content,
            let version = content["version"]?.integerValue, version > 0,
            let expires = content["expires"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) }),
            let specification = content["spec_version"]?.stringValue, specification.hasPrefix("1."),
            let list = document["signatures"]?.arrayValue, list.count <= Self.maximumSignatures,
            let signedBytes = try? content.olpcCanonical()
        else {
            throw TUFError(.malformed, "\(role) metadata lacks a member or is of another version of the specification")
        }
        let type = content["_type"]?.stringValue ?? ""
        guard type.utf8.elementsEqual(role.rawValue.utf8) else {  // check: tuf-type
            throw TUFError(.malformed, "\(role) metadata is of type '\(shown(type))'")
        }
        self.role = role
        self.version = version
        self.expires = expires
        self.content = content
        encoding = bytes
        self.signedBytes = signedBytes
        signatures = list.compactMap { entry in
            guard let keyID = entry["keyid"]?.stringValue,
                let bytes = entry["sig"]?.stringValue.flatMap({ Hexadecimal.decode($0) }), !bytes.isEmpty
            else { return nil }
            return (keyID, bytes)
        }
    }

    /// Whether enough different keys of `keys` signed. Keys are counted, not their identifiers: one key under two
    /// identifiers is one.
    func isSigned(by keys: TUFKeys) -> Bool {
        var valid: Set<PublicKey> = []
        for (keyID, bytes) in signatures {
            guard let key = keys.keys[keyID], !valid.contains(key.publicKey) else { continue }
            if key.publicKey.isValidSignature(bytes, over: signedBytes, key.algorithm) { valid.insert(key.publicKey) }
        }
        return valid.count >= keys.threshold
    }

    /// Fails unless enough keys of the role in `root` signed.
    func requireSigned(by root: TUFRoot) throws(TUFError) {
        let keys = try root.keys(of: role)
        guard isSigned(by: keys) else {  // check: tuf-signed
            throw TUFError(
                .unsigned, "\(role) metadata of version \(version) is not signed by \(keys.threshold) of its keys")
        }
    }

    /// Fails when the document expires at `now` or before.
    func requireFresh(at now: Timestamp) throws(TUFError) {
        guard now < expires else {  // check: tuf-expiry
            throw TUFError(.expired, "\(role) metadata of version \(version) expired at \(expires.rfc3339)")
        }
    }
}
