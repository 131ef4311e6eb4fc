internal import Core
internal import Cryptography

/// What one document says of another file: its version where it is metadata, and its length and hashes where given.
struct TUFFileInfo: Sendable {
    let name: String
    let version: Int64?
    let length: Int?
    let hashes: [Digest]

    init(_ value: JSONValue, name: String) throws(TUFError) {
        self.name = name
        version = value["version"]?.integerValue
        length = value["length"]?.integerValue.map { Int(clamping: $0) }
        var hashes: [Digest] = []
        for (algorithm, hex) in value["hashes"]?.objectValue ?? [:] {
            guard let algorithm = Digest.Algorithm(rawValue: algorithm) else { continue }
            guard let bytes = hex.stringValue.flatMap({ Hexadecimal.decode($0) }), bytes.count == algorithm.byteCount
            else {
                throw TUFError(.malformed, "a hash of '\(shown(name, limit: 80))' is malformed")
            }
            hashes.append(Digest(algorithm: algorithm, bytes: bytes))
        }
        self.hashes = hashes
        guard length ?? 0 >= 0, version ?? 1 >= 1 else {
            throw TUFError(.malformed, "the length or version of '\(shown(name, limit: 80))' is malformed")
        }
    }

    /// Fails unless the bytes have the length and every hash that are given.
    func requireMatch(_ bytes: [UInt8]) throws(TUFError) {
        guard bytes.count == length ?? bytes.count else {  // check: tuf-length
            throw TUFError(.mismatch, "'\(shown(name, limit: 80))' has another length than listed")
        }
        let hasListedHashes = hashes.allSatisfy { Digest.of(bytes, $0.algorithm) == $0 }
        guard hasListedHashes else {  // check: tuf-hash
            throw TUFError(.mismatch, "'\(shown(name, limit: 80))' has another hash than listed")
        }
    }
}

extension TUFDocument {
    private static let maximumFiles = 10_000

    /// The files that a timestamp's or snapshot's `meta`, or the `targets` of targets metadata, list.
    func files() throws(TUFError) -> [String: TUFFileInfo] {
        let member = role == .targets ? "targets" : "meta"
        guard case .object(let members)? = content[member], members.count <= Self.maximumFiles else {
            throw TUFError(.malformed, "\(role) metadata has no list '\(member)', or too long a one")
        }
        var files: [String: TUFFileInfo] = [:]
        for (name, value) in members { files[name] = try TUFFileInfo(value, name: name) }
        return files
    }

    /// What the list says of the metadata file `name`, with a version.
    func metadata(_ name: String) throws(TUFError) -> (info: TUFFileInfo, version: Int64) {
        guard let info = try files()[name], let version = info.version else {
            throw TUFError(.malformed, "\(role) metadata does not list '\(name)' with a version")
        }
        return (info, version)
    }
}
