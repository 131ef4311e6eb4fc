internal import Core
internal import FileSystem

extension ArtifactStore {
    /// What becomes the artifact.
    enum Product {
        /// The layer's own bytes.
        case layer(digest: Digest)
        /// A file in `.ingest`.
        case file(String, digest: Digest, skipped: SkippedEntries)
    }

    /// Where the layer's bytes are.
    enum LayerPlace {
        /// A file in `.ingest`.
        case temporary(String)
        /// The object's file in `.layers`.
        case kept
    }

    struct Commit {
        let product: Product
        let layer: LayerPlace
    }

    /// Makes a complete file the object's newest artifact. At every instant the disk holds either the old state or one that
    /// the next start repairs to the old or the new one: a file has its final name only when all of it is durable.
    ///
    /// Blocks. Files in `.ingest` are gone afterwards, whatever happens.
    func commit(_ slot: ObjectSlot, _ origin: Origin, _ commit: Commit) throws -> StoredArtifact {
        var temporaries: [String] = []
        defer { for name in temporaries { _ = try? layout.ingest.remove(name) } }
        if case .temporary(let name) = commit.layer { temporaries.append(name) }
        let (source, digest, skipped) = try prepare(commit, origin.object)
        if !temporaries.contains(source) { temporaries.append(source) }
        let file = try layout.ingest.openFile(source)
        try file.synchronize()
        try fault(.synchronized)

        return try slot.files.withLock { _ in
            guard !slot.state.withLock({ $0.isRemoved }) else {
                throw ArtifactStoreError(.removed, "the object was deleted while its artifact was being stored")
            }
            let folder = try makeFolder(origin.object)
            let name = try place(source, digest, origin, slot.record, folder)
            do {
                try fault(.artifactMoved)
                return try install(name, digest, skipped, slot, origin, commit, folder)
            } catch {
                rollBack(name, slot, folder)
                throw error
            }
        }
    }

    private func makeFolder(_ object: ObjectKey) throws(ArtifactStoreError) -> Directory {
        do throws(FileSystemError) { return try layout.makeFolder(object) } catch {
            if error.isDiskFull { throw ArtifactStoreError(error) }
            throw ArtifactStoreError(.folder, error.description, underlying: error)
        }
    }

    /// Makes a placed file the newest artifact: link, index, memory, in this order, so that what is served is complete.
    private func install(
        _ name: String, _ digest: Digest, _ skipped: SkippedEntries, _ slot: ObjectSlot, _ origin: Origin,
        _ commit: Commit, _ folder: Directory
    ) throws -> StoredArtifact {
        let identity = FileIdentity(try folder.openFile(name).status())
        let layer = try keepLayer(origin, commit, placed: name, in: folder)
        try fault(.layerKept)

        let now = time.now
        var record = slot.record
        for index in record.artifacts.indices where record.artifacts[index].file == record.current {
            record.artifacts[index].supersededAt = now
        }
        let artifact = ArtifactRecord(
            file: name, digest: digest, size: identity.size, revision: origin.revision,
            operation: origin.rules.operation.rawValue, ignore: origin.rules.ignore, storedAt: now, supersededAt: nil,
            identity: identity, skipped: skipped)
        record.artifacts.removeAll { $0.file == name }
        record.artifacts.append(artifact)
        record.current = name
        record.layer = layer
        try link(name, in: folder)
        try fault(.linked)
        try update(slot, to: record)
        return stored(artifact, origin.object)
    }

    /// Takes back what a failed commit did to the object's folder; the record in memory is still the old one.
    private func rollBack(_ name: String, _ slot: ObjectSlot, _ folder: Directory) {
        let record = slot.record
        if let current = record.current {
            try? link(current, in: folder)
        } else {
            _ = try? folder.remove(StorageLayout.latestLink)
        }
        if !record.artifacts.contains(where: { $0.file == name }) { _ = try? folder.remove(name) }
    }

    /// The file in `.ingest` that becomes the artifact.
    private func prepare(_ commit: Commit, _ object: ObjectKey) throws -> (String, Digest, SkippedEntries) {
        switch (commit.product, commit.layer) {
        case (.file(let name, let digest, let skipped), _): return (name, digest, skipped)
        case (.layer(let digest), .temporary(let name)): return (name, digest, SkippedEntries())
        case (.layer(let digest), .kept):
            let name = layout.temporaryName("artifact")
            try layout.layers.directory(object.namespace).link(object.name, as: name, in: layout.ingest)
            return (name, digest, SkippedEntries())
        }
    }

    /// Gives a file its final name. A file that was advertised is never replaced by other bytes.
    private func place(
        _ source: String, _ digest: Digest, _ origin: Origin, _ record: ObjectRecord, _ folder: Directory
    ) throws -> String {
        let names = [
            ArtifactFileName.preferred(origin.revisionDigest),
            ArtifactFileName.alternate(origin.revisionDigest, artifact: digest),
        ]
        for name in names {
            if let known = record.artifacts.first(where: { $0.file == name }) {
                guard known.digest == digest else { continue }
                // The same bytes again: the file stays, unless something happened to it.
                if let status = try folder.status(of: name), FileIdentity(status) == known.identity { return name }
            }
            // A file that is there without a record is not served: all that could be read is known since the start.
            try layout.move(source, to: name, in: folder)
            try folder.synchronize()
            return name
        }
        throw ArtifactStoreError(
            .inputOutput, "both file names for revision \(origin.revision) are taken by other artifacts of the object")
    }

    /// Keeps the layer for other rules. That is a convenience: where the file system cannot link, the next change of the
    /// rules downloads the layer again.
    private func keepLayer(
        _ origin: Origin, _ commit: Commit, placed name: String, in folder: Directory
    ) throws -> LayerRecord? {
        if case .temporary(let layer) = commit.layer {
            if case .file = commit.product {
                try layout.move(layer, of: origin.object, into: layout.layers)
            } else {
                let linked = layout.temporaryName("layer")
                guard try layout.link(name, in: folder, as: linked) else {
                    try layout.removeFile(of: origin.object, in: layout.layers)
                    return nil
                }
                try layout.move(linked, of: origin.object, into: layout.layers)
            }
        }
        guard let file = try layout.file(of: origin.object, in: layout.layers) else { return nil }
        return LayerRecord(digest: origin.layerDigest, size: origin.layerSize, inode: try file.status().inode)
    }

    /// Points `latest.tar.gz` at the object's newest artifact again, if somebody changed it. ``ingest`` and ``rebuild`` have
    /// done it for theirs.
    package func publish(_ object: ObjectKey) async throws(ArtifactStoreError) {
        do {
            try object.check()
            guard let slot = slot(object) else { return }
            try await executor.run { [self] in
                try slot.files.withLock { _ in
                    guard let current = slot.record.current, let folder = try layout.folder(object) else { return }
                    try link(current, in: folder)
                }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }
}
