internal import Core
internal import Cryptography

/// A log's entry as it comes with a signature; nothing in it is verified yet.
struct LogEntry: Sendable {
    /// A Merkle inclusion proof with the checkpoint it leads to.
    struct Proof: Sendable {
        let index: Int64
        let rootHash: [UInt8]
        let treeSize: Int64
        let hashes: [[UInt8]]
        /// A signed note.
        let checkpoint: String
    }

    /// The index over all shards of the log; in version 2, the index in the tree.
    let logIndex: Int64
    let logID: [UInt8]
    let kind: String
    let version: String
    /// When the log says that it included the entry; authentic only through the promise. nil if it does not say.
    let integratedTime: Timestamp?
    /// The signed entry timestamp (SET).
    let promise: [UInt8]?
    let proof: Proof?
    /// The canonicalised entry.
    let body: [UInt8]

    private static let maximumHashes = 64
    private static let maximumCheckpoint = 64 << 10

    init(
        logIndex: Int64, logID: [UInt8], kind: String, version: String, integratedTime: Timestamp?, promise: [UInt8]?,
        proof: Proof?, body: [UInt8]
    ) {
        self.logIndex = logIndex
        self.logID = logID
        self.kind = kind
        self.version = version
        self.integratedTime = integratedTime
        self.promise = promise
        self.proof = proof
        self.body = body
    }

    init(_ reader: inout MessageReader) throws(Rejection) {
        logIndex = try reader.integer("logIndex") ?? 0
        guard logIndex >= 0 else {  // check: log-index
            throw Rejection(.malformed, "\(reader.place("logIndex")) is negative")
        }
        guard var id = try reader.message("logId"), let logID = try id.bytes("keyId"), !logID.isEmpty else {
            throw reader.missing("logId")
        }
        try id.finish()
        self.logID = logID
        guard var kindVersion = try reader.message("kindVersion") else { throw reader.missing("kindVersion") }
        kind = try kindVersion.string("kind") ?? ""
        version = try kindVersion.string("version") ?? ""
        try kindVersion.finish()
        let seconds = try reader.integer("integratedTime") ?? 0
        guard seconds >= 0 else {  // check: integrated-time-sign
            throw Rejection(.malformed, "\(reader.place("integratedTime")) is negative")
        }
        integratedTime = seconds == 0 ? nil : Timestamp(seconds: seconds)
        if var promise = try reader.message("inclusionPromise") {
            self.promise = try promise.bytes("signedEntryTimestamp")
            try promise.finish()
        } else {
            promise = nil
        }
        if var proof = try reader.message("inclusionProof") {
            self.proof = try Self.proof(&proof)
        } else {
            proof = nil
        }
        guard let body = try reader.bytes("canonicalizedBody"), !body.isEmpty else {
            throw reader.missing("canonicalizedBody")
        }
        self.body = body
        try reader.finish()
    }

    private static func proof(_ reader: inout MessageReader) throws(Rejection) -> Proof {
        let index = try reader.integer("logIndex") ?? 0
        let size = try reader.integer("treeSize") ?? 0
        let root = try reader.bytes("rootHash") ?? []
        var hashes: [[UInt8]] = []
        if let value = reader.value("hashes") {
            let list = value.arrayValue ?? [value]
            guard list.count <= maximumHashes else {  // check: proof-hashes
                throw Rejection(.malformed, "\(reader.place("hashes")) has more than \(maximumHashes) hashes")
            }
            for element in list {
                guard let hash = element.stringValue.flatMap({ Base64.decode($0, .protobuf) }), hash.count == 32 else {
                    throw Rejection(.malformed, "\(reader.place("hashes")) has an entry that is no SHA-256 hash")
                }
                hashes.append(hash)
            }
        }
        guard var checkpoint = try reader.message("checkpoint"), let note = try checkpoint.string("envelope"),
            !note.isEmpty
        else { throw Rejection(.logProof, "the inclusion proof has no checkpoint") }
        guard note.utf8.count <= maximumCheckpoint else {  // check: checkpoint-limit
            throw Rejection(.logProof, "the log's checkpoint exceeds \(maximumCheckpoint) bytes")
        }
        try checkpoint.finish()
        try reader.finish()
        return Proof(index: index, rootHash: root, treeSize: size, hashes: hashes, checkpoint: note)
    }
}
