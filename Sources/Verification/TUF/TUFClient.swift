package import Core
internal import Cryptography

/// Follows a TUF repository (specification 1.0, section 5.3): a pure workflow over a mirror and a store.
///
/// Each refresh either returns a target that the repository vouches for now, or throws; documents that were accepted stay
/// in the store and hold off rollbacks. Apart from them the store keeps the documents of the last refresh that was completed:
/// a newer timestamp alone, whose snapshot or target is withheld, does not make what was there before good for longer.
package struct TUFClient: Sendable {
    /// A target file, and until when it may be used without asking again.
    package struct Target: Sendable {
        package let bytes: [UInt8]
        /// The earliest expiry of the documents that vouch for it.
        package let expires: Timestamp
        package let rootVersion: Int64
        package let timestampVersion: Int64
        package let targetsVersion: Int64
    }

    static let maximumTimestamp = 16_384
    static let maximumSnapshot = 2_000_000
    static let maximumTargets = 5_000_000
    private static let maximumRotations = 256

    private let initialRoot: [UInt8]
    let store: any TUFStoring
    private let mirror: any TUFFetching

    /// A client that trusts `initialRoot` to begin with.
    package init(initialRoot: [UInt8], store: any TUFStoring, mirror: any TUFFetching) {
        self.initialRoot = initialRoot
        self.store = store
        self.mirror = mirror
    }

    /// Asks the mirror for everything new, and returns the target.
    /// - Parameters:
    ///   - name: a plain file name.
    ///   - now: the time at which everything must be unexpired; taken once, before anything is fetched.
    ///   - limit: bytes that the target may have.
    ///   - isUsable: throws for a target that its user cannot use. That fails the refresh, and `stored` goes on giving the
    ///     last target that could be used, until its documents expire.
    package func refresh(
        _ name: String, at now: Timestamp, limit: Int = 1 << 20, isUsable: ([UInt8]) throws -> Void = { _ in }
    ) async throws(TUFError) -> Target {
        let root = try await updatedRoot(at: now)
        let timestamp = try await updatedTimestamp(root, at: now)
        let snapshot = try await updatedSnapshot(root, timestamp, at: now)
        let targets = try await updatedTargets(root, snapshot, at: now)
        let info = try targetInfo(name, targets, limit: limit)
        let bytes = try await targetBytes(info, root)
        do {
            try isUsable(bytes)
        } catch {
            throw TUFError(.malformed, "'\(name)' cannot be used: \(shown("\(error)", limit: 300))", underlying: error)
        }
        for document in [targets, snapshot, timestamp] {
            try await write(document.encoding, Self.completedName(of: document.role))
        }
        return target(bytes, root, timestamp, snapshot, targets)
    }

    /// The target of the last refresh that was completed, while every document that vouched for it then is unexpired; no
    /// mirror is asked.
    package func stored(_ name: String, at now: Timestamp, limit: Int = 1 << 20) async throws(TUFError) -> Target {
        let root = try await trustedRoot()
        try root.document.requireFresh(at: now)  // check-call: tuf-stored-root-fresh
        guard let timestamp = await completed(.timestamp, root, limit: Self.maximumTimestamp),
            let snapshot = await completed(.snapshot, root, limit: Self.maximumSnapshot),
            let targets = await completed(.targets, root, limit: Self.maximumTargets)
        else { throw TUFError(.store, "there is no complete set of metadata in the store") }
        try timestamp.requireFresh(at: now)  // check-call: tuf-stored-timestamp-fresh
        try snapshot.requireFresh(at: now)  // check-call: tuf-stored-snapshot-fresh
        try targets.requireFresh(at: now)  // check-call: tuf-stored-targets-fresh
        // Written one after the other, they may be of two refreshes after a crash.
        try requireNamed(snapshot, by: timestamp)  // check-call: tuf-stored-snapshot
        try requireNamed(targets, by: snapshot)  // check-call: tuf-stored-targets
        let info = try targetInfo(name, targets, limit: limit)
        guard let bytes = await read(Self.fileName(of: info)) else {
            throw TUFError(.store, "the store does not hold '\(name)'")
        }
        try info.requireMatch(bytes)  // check-call: tuf-stored-target
        return target(bytes, root, timestamp, snapshot, targets)
    }

    private func target(
        _ bytes: [UInt8], _ root: TUFRoot, _ timestamp: TUFDocument, _ snapshot: TUFDocument, _ targets: TUFDocument
    ) -> Target {
        Target(
            bytes: bytes,
            expires: min(
                min(root.document.expires, timestamp.expires), min(snapshot.expires, targets.expires)),
            rootVersion: root.version, timestampVersion: timestamp.version, targetsVersion: targets.version)
    }
}

// MARK: - Root

extension TUFClient {
    /// The newest root that is trusted already: the one in the store, unless the one to begin with is newer.
    private func trustedRoot() async throws(TUFError) -> TUFRoot {
        let initial = try TUFRoot(parsing: initialRoot)
        guard let bytes = await read("root.json"), let stored = try? TUFRoot(parsing: bytes),
            stored.version >= initial.version
        else { return initial }
        return stored
    }

    private func updatedRoot(at now: Timestamp) async throws(TUFError) -> TUFRoot {
        var root = try await trustedRoot()
        for _ in 0..<Self.maximumRotations {
            guard let bytes = try await fetch("\(root.version + 1).root.json", limit: TUFRoot.maximumSize) else {
                break
            }
            let next = try TUFRoot(parsing: bytes)
            let keys = try root.keys(of: .root)
            guard next.document.isSigned(by: keys) else {  // check: tuf-root-chain
                throw TUFError(
                    .unsigned, "root metadata of version \(next.version) is not signed by the keys of the one before")
            }
            guard next.version == root.version + 1 else {  // check: tuf-root-version
                throw TUFError(.rollback, "root metadata has version \(next.version) in place of \(root.version + 1)")
            }
            // New online keys void what the old ones may have signed far ahead (fast-forward recovery).
            let (old, new) = (try root.keys(of: .timestamp), try next.keys(of: .timestamp))
            let (oldSnapshot, newSnapshot) = (try root.keys(of: .snapshot), try next.keys(of: .snapshot))
            if old != new || oldSnapshot != newSnapshot {
                for role in [TUFRole.timestamp, .snapshot] {
                    try await remove(Self.completedName(of: role))
                    try await remove("\(role).json")
                }
            }
            try await write(bytes, "root.json")
            root = next
        }
        try root.document.requireFresh(at: now)  // check-call: tuf-root-fresh
        return root
    }
}

// MARK: - Timestamp, snapshot, targets

extension TUFClient {
    private func updatedTimestamp(_ root: TUFRoot, at now: Timestamp) async throws(TUFError) -> TUFDocument {
        let stored = await accepted(.timestamp, root, limit: Self.maximumTimestamp)
        guard let bytes = try await fetch("timestamp.json", limit: Self.maximumTimestamp) else {
            throw TUFError(.fetch, "the mirror has no timestamp.json")
        }
        let new = try TUFDocument(parsing: bytes, .timestamp, limit: Self.maximumTimestamp)
        try new.requireSigned(by: root)  // check-call: tuf-timestamp-signed
        if let stored {
            guard new.version >= stored.version else {  // check: tuf-timestamp-rollback
                throw TUFError(
                    .rollback, "timestamp metadata went back from version \(stored.version) to \(new.version)")
            }
            if new.version == stored.version {
                try stored.requireFresh(at: now)  // check-call: tuf-same-timestamp-fresh
                return stored
            }
            let (old, next) = (try stored.metadata("snapshot.json").version, try new.metadata("snapshot.json").version)
            guard next >= old else {  // check: tuf-snapshot-rollback
                throw TUFError(.rollback, "snapshot metadata would go back from version \(old) to \(next)")
            }
        }
        try new.requireFresh(at: now)  // check-call: tuf-timestamp-fresh
        try await write(bytes, "timestamp.json")
        return new
    }

    private func updatedSnapshot(
        _ root: TUFRoot, _ timestamp: TUFDocument, at now: Timestamp
    ) async throws(TUFError) -> TUFDocument {
        let (info, version) = try timestamp.metadata("snapshot.json")
        let stored = await accepted(.snapshot, root, limit: Self.maximumSnapshot)
        if let stored, stored.version == version {
            try stored.requireFresh(at: now)  // check-call: tuf-same-snapshot-fresh
            return stored
        }
        let limit = min(info.length ?? Self.maximumSnapshot, Self.maximumSnapshot)
        let bytes = try await metadata(.snapshot, version, root, limit: limit)
        try info.requireMatch(bytes)  // check-call: tuf-snapshot-match
        let new = try TUFDocument(parsing: bytes, .snapshot, limit: Self.maximumSnapshot)
        try new.requireSigned(by: root)  // check-call: tuf-snapshot-signed
        try requireVersion(new, version)  // check-call: tuf-snapshot-version
        if let stored {
            let files = try new.files()
            for (name, old) in try stored.files() {
                let isKept = files[name].map { $0.version ?? 0 >= old.version ?? 0 } ?? false
                guard isKept else {  // check: tuf-file-rollback
                    throw TUFError(
                        .rollback, "'\(shown(name, limit: 80))' went back to an older version or is no longer listed")
                }
            }
        }
        try new.requireFresh(at: now)  // check-call: tuf-snapshot-fresh
        try await write(bytes, "snapshot.json")
        return new
    }

    private func updatedTargets(
        _ root: TUFRoot, _ snapshot: TUFDocument, at now: Timestamp
    ) async throws(TUFError) -> TUFDocument {
        let (info, version) = try snapshot.metadata("targets.json")
        if let stored = await accepted(.targets, root, limit: Self.maximumTargets), stored.version == version {
            try stored.requireFresh(at: now)  // check-call: tuf-same-targets-fresh
            return stored
        }
        let limit = min(info.length ?? Self.maximumTargets, Self.maximumTargets)
        let bytes = try await metadata(.targets, version, root, limit: limit)
        try info.requireMatch(bytes)  // check-call: tuf-targets-match
        let new = try TUFDocument(parsing: bytes, .targets, limit: Self.maximumTargets)
        try new.requireSigned(by: root)  // check-call: tuf-targets-signed
        try requireVersion(new, version)  // check-call: tuf-targets-version
        try new.requireFresh(at: now)  // check-call: tuf-targets-fresh
        try await write(bytes, "targets.json")
        return new
    }

    private func requireNamed(_ document: TUFDocument, by other: TUFDocument) throws(TUFError) {
        let (info, version) = try other.metadata("\(document.role).json")
        guard document.version == version else {  // check: tuf-stored-version
            throw TUFError(.mismatch, "the \(document.role) metadata in the store is not what \(other.role) names")
        }
        try info.requireMatch(document.encoding)  // check-call: tuf-stored-match
    }

    private func requireVersion(_ document: TUFDocument, _ version: Int64) throws(TUFError) {
        guard document.version == version else {  // check: tuf-version
            throw TUFError(
                .mismatch, "\(document.role) metadata has version \(document.version) in place of \(version)")
        }
    }

    private func metadata(
        _ role: TUFRole, _ version: Int64, _ root: TUFRoot, limit: Int
    ) async throws(TUFError) -> [UInt8] {
        let path = root.isConsistent ? "\(version).\(role).json" : "\(role).json"
        guard let bytes = try await fetch(path, limit: limit) else {
            throw TUFError(.fetch, "the mirror has no \(path)")
        }
        return bytes
    }

    /// The document in the store, if the root's keys signed it; what they did not sign is as if it were not there.
    private func accepted(_ role: TUFRole, _ root: TUFRoot, limit: Int) async -> TUFDocument? {
        await document("\(role).json", role, root, limit: limit)
    }

    /// The document of the last refresh that was completed; as with `accepted`, only with the signatures that it needs.
    private func completed(_ role: TUFRole, _ root: TUFRoot, limit: Int) async -> TUFDocument? {
        await document(Self.completedName(of: role), role, root, limit: limit)
    }

    private static func completedName(of role: TUFRole) -> String { "completed-\(role).json" }

    private func document(_ name: String, _ role: TUFRole, _ root: TUFRoot, limit: Int) async -> TUFDocument? {
        guard let bytes = await read(name),
            let document = try? TUFDocument(parsing: bytes, role, limit: limit),
            (try? document.requireSigned(by: root)) != nil
        else { return nil }
        return document
    }
}

// MARK: - Target

extension TUFClient {
    private func targetInfo(_ name: String, _ targets: TUFDocument, limit: Int) throws(TUFError) -> TUFFileInfo {
        let isPlain = !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains(UInt8(ascii: "/"))
        guard isPlain else {  // check: tuf-plain-name
            throw TUFError(.malformed, "'\(shown(name, limit: 80))' is no plain file name")
        }
        guard let info = try targets.files()[name], let length = info.length else {
            throw TUFError(.malformed, "targets metadata does not list '\(shown(name, limit: 80))' with a length")
        }
        guard !info.hashes.isEmpty else {  // check: tuf-target-hash
            throw TUFError(.malformed, "targets metadata does not list '\(shown(name, limit: 80))' with a hash")
        }
        guard length <= limit else {  // check: tuf-target-limit
            throw TUFError(.malformed, "'\(name)' has \(length) bytes, more than the limit of \(limit)")
        }
        return info
    }

    private func targetBytes(_ info: TUFFileInfo, _ root: TUFRoot) async throws(TUFError) -> [UInt8] {
        let file = Self.fileName(of: info)
        if let bytes = await read(file), (try? info.requireMatch(bytes)) != nil { return bytes }
        let prefix = root.isConsistent ? info.hashes.first.map { "\($0.hex)." } ?? "" : ""
        let path = "targets/\(prefix)\(info.name)"
        guard let bytes = try await fetch(path, limit: info.length ?? 0) else {
            throw TUFError(.fetch, "the mirror has no \(path)")
        }
        try info.requireMatch(bytes)  // check-call: tuf-target-match
        try await write(bytes, file)
        return bytes
    }

    /// Apart from the metadata, whatever a target is called; versions of a target lie beside each other.
    private static func fileName(of info: TUFFileInfo) -> String {
        "target-\(info.hashes.map(\.hex).min() ?? "")-\(info.name)"
    }
}

// MARK: - The seams, with this module's error

extension TUFClient {
    private func fetch(_ path: String, limit: Int) async throws(TUFError) -> [UInt8]? {
        let bytes: [UInt8]?
        do {
            bytes = try await mirror.fetch(path, limit: limit)
        } catch {
            throw TUFError(.fetch, "\(path) could not be fetched: \(shown("\(error)", limit: 300))", underlying: error)
        }
        guard bytes?.count ?? 0 <= limit else {  // check: tuf-limit
            throw TUFError(.malformed, "\(path) is longer than \(limit) bytes")
        }
        return bytes
    }

    /// A store that cannot be read holds nothing: everything is fetched again.
    private func read(_ name: String) async -> [UInt8]? { (try? await store.read(name)) ?? nil }

    private func write(_ bytes: [UInt8], _ name: String) async throws(TUFError) {
        do {
            try await store.write(bytes, name)
        } catch {
            throw TUFError(.store, "\(name) could not be written: \(shown("\(error)"))", underlying: error)
        }
    }

    private func remove(_ name: String) async throws(TUFError) {
        do {
            try await store.remove(name)
        } catch {
            throw TUFError(.store, "\(name) could not be removed: \(shown("\(error)"))", underlying: error)
        }
    }
}
