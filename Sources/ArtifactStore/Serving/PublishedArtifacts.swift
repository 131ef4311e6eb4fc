internal import Core
internal import HTTPServing

/// What is served: paths and the files behind them. The event threads look things up here; no path of a client ever
/// reaches the disk.
final class PublishedArtifacts: Sendable {
    struct Artifact: Sendable, Hashable {
        /// Below the storage path; the file's own name, also when it was asked for as `latest.tar.gz`.
        let path: String
        let digest: Digest
        let size: Int64
        let modified: Timestamp
    }

    /// What there is at a path.
    enum Entry: Sendable, Hashable {
        case served(Artifact)
        /// It is kept, but not given out.
        case withheld
    }

    private struct OpenFile {
        let responder: ConditionalFileResponder
        var lastUse: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var paths: [ObjectKey: [String]] = [:]
        var open: [Artifact: OpenFile] = [:]
        var uses: UInt64 = 0
    }

    private let root: String
    private let openFiles: Int
    private let state = Locked(State())

    init(root: String, openFiles: Int) {
        self.root = root
        self.openFiles = max(1, openFiles)
    }

    /// Serves exactly what the record holds for the object.
    func publish(_ object: ObjectKey, _ record: ObjectRecord) {
        var entries: [(String, Entry)] = []
        for artifact in record.artifacts {
            let path = "\(object.folder)/\(artifact.file)"
            let entry =
                artifact.isWithheld
                ? Entry.withheld
                : .served(
                    Artifact(
                        path: path, digest: artifact.digest, size: artifact.size, modified: artifact.identity.modified))
            entries.append((path, entry))
            if artifact.file == record.current {
                entries.append(("\(object.folder)/\(StorageLayout.latestLink)", entry))
            }
        }
        state.withLock { state in
            Self.withdraw(object, &state, keeping: Set(entries.map(\.1)))
            for (path, entry) in entries { state.entries[path] = entry }
            state.paths[object] = entries.isEmpty ? nil : entries.map(\.0)
        }
    }

    /// Serves nothing of the object any more; responses under way go on.
    func withdraw(_ object: ObjectKey) {
        state.withLock { Self.withdraw(object, &$0, keeping: []) }
    }

    private static func withdraw(_ object: ObjectKey, _ state: inout State, keeping: Set<Entry>) {
        for path in state.paths.removeValue(forKey: object) ?? [] {
            guard let entry = state.entries.removeValue(forKey: path) else { continue }
            if case .served(let artifact) = entry, !keeping.contains(entry) { state.open[artifact] = nil }
        }
    }

    /// What there is at `path` (no slash in front).
    func entry(at path: String) -> Entry? {
        state.withLock { $0.entries[path] }
    }

    /// What answers for an artifact whose file is open.
    func openResponder(_ artifact: Artifact) -> ConditionalFileResponder? {
        state.withLock { state in
            state.uses += 1
            state.open[artifact]?.lastUse = state.uses
            return state.open[artifact]?.responder
        }
    }

    /// What answers for an artifact; opens its file. Blocks.
    /// - Throws: when the file is gone or is not the one that was published.
    func makeResponder(_ artifact: Artifact) throws -> ConditionalFileResponder {
        let file = try ServedFile(path: "\(root)/\(artifact.path)")
        guard file.size == artifact.size else {
            throw ArtifactStoreError(.inputOutput, "'\(artifact.path)' has \(file.size) bytes, not \(artifact.size)")
        }
        guard let entityTag = EntityTag(artifact.digest.description) else {
            throw ArtifactStoreError(.inputOutput, "'\(artifact.digest)' is no entity tag")
        }
        let responder = ConditionalFileResponder(
            file: file, entityTag: entityTag, lastModified: artifact.modified,
            headers: ["Content-Type": "application/gzip", "X-Content-Type-Options": "nosniff"])
        state.withLock { state in
            // Withdrawn meanwhile: this answer is the last.
            guard state.entries[artifact.path] == .served(artifact) else { return }
            state.uses += 1
            state.open[artifact] = OpenFile(responder: responder, lastUse: state.uses)
            if state.open.count > openFiles, let oldest = state.open.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.open[oldest.key] = nil
            }
        }
        return responder
    }
}
