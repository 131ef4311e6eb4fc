internal import Core
internal import Cryptography

/// Judges that a log has an entry: its promise, its inclusion proof and the checkpoint that the proof leads to.
struct LogVerification: Sendable {
    let log: TrustedRoot.Log

    /// Signature lines of the log itself in a checkpoint, each of which is verified; one is usual.
    private static let maximumOwnLines = 4

    /// What the log vouches for.
    struct Outcome: Sendable {
        /// When it included the entry; only a promise says so.
        var time: Timestamp?
        /// The entry's index. A proof by itself is of an index in one shard of a log of version 1, not of this one.
        var index: Int64?
    }

    /// Judges what the entry has: a promise, a proof or both.
    func verify(_ entry: LogEntry) throws(Rejection) -> Outcome {
        var outcome = Outcome()
        if let promise = entry.promise {
            guard let integrated = entry.integratedTime else {
                throw Rejection(.logProof, "the log entry has a signed entry timestamp but no time")
            }
            guard isPromise(promise, of: entry, at: integrated) else {  // check: set-signature
                throw Rejection(.logProof, "the signed entry timestamp is not the log's")
            }
            guard log.window.contains(integrated) else {  // check: log-window
                throw Rejection(
                    .outsideWindow, "the log's key is not trusted for the time of the entry (\(integrated.rfc3339))")
            }
            outcome = Outcome(time: integrated, index: entry.logIndex)
        }
        // Every entry has at least one of the two: reading it made sure.
        if let proof = entry.proof, try !verify(proof, of: entry).isOfVersion1 { outcome.index = entry.logIndex }
        return outcome
    }

    /// The canonical JSON (RFC 8785) of the four members that a SET signs. Only ECDSA with SHA-256 is used for it.
    private func isPromise(_ promise: [UInt8], of entry: LogEntry, at time: Timestamp) -> Bool {
        let signed =
            #"{"body":""# + Base64.encode(entry.body) + #"","integratedTime":"# + String(time.seconds)
            + #","logID":""# + Hexadecimal.encode(entry.logID) + #"","logIndex":"# + String(entry.logIndex) + "}"
        return log.key.isValidSignature(promise, over: Array(signed.utf8), .ecdsa(.sha256))
    }

    private func verify(_ proof: LogEntry.Proof, of entry: LogEntry) throws(Rejection) -> Checkpoint {
        let checkpoint = try Checkpoint(parsing: proof.checkpoint)
        try verify(checkpoint, entry, proof)
        guard checkpoint.rootHash == proof.rootHash else {  // check: checkpoint-root
            throw Rejection(.logProof, "the checkpoint is for another root hash than the inclusion proof")
        }
        guard checkpoint.treeSize == proof.treeSize else {  // check: checkpoint-size
            throw Rejection(.logProof, "the checkpoint is for another tree size than the inclusion proof")
        }
        let root = MerkleTree.root(
            leaf: entry.body, index: proof.index, size: proof.treeSize, path: proof.hashes)
        guard root == proof.rootHash else {  // check: inclusion
            throw Rejection(.logProof, "the inclusion proof does not lead from the entry to the log's root hash")
        }
        return checkpoint
    }

    private func verify(
        _ checkpoint: Checkpoint, _ entry: LogEntry, _ proof: LogEntry.Proof
    ) throws(Rejection) {
        let own = checkpoint.lines.filter { $0.keyID == log.checkpointHint }  // check-filter: checkpoint-key-id
        var candidates = own
        if !checkpoint.isOfVersion1 {
            guard proof.index == entry.logIndex else {  // check: v2-index
                throw Rejection(.logProof, "the log entry and its inclusion proof have different indexes")
            }
            let origin = checkpoint.origin
            guard let hostname = log.hostname else {
                throw Rejection(.logProof, "the trusted root names no base URL for the log")
            }
            guard origin.utf8.elementsEqual(hostname.utf8) else {  // check: v2-origin
                throw Rejection(.logProof, "the checkpoint is of '\(shown(origin))', not of '\(shown(hostname))'")
            }
            candidates = own.filter { $0.name.utf8.elementsEqual(origin.utf8) }  // check-filter: v2-signer-name
        }
        guard !candidates.isEmpty else {  // check: checkpoint-signer
            throw Rejection(.logProof, "the checkpoint is not signed by the log")
        }
        guard candidates.count <= Self.maximumOwnLines else {  // check: checkpoint-lines
            throw Rejection(.logProof, "the checkpoint is signed more than \(Self.maximumOwnLines) times by the log")
        }
        guard candidates.allSatisfy({ checkpoint.isSigned(by: log.key, $0) }) else {  // check: checkpoint-signature
            throw Rejection(.logProof, "the checkpoint's signature is not the log's")
        }
    }
}
