internal import Core
internal import FileSystem

extension ArtifactStore {
    /// Brings the store into a known state after a start, however the process before it ended: empties `.ingest`, hashes
    /// every file and compares it with the index, drops damaged ones, adopts those that the index does not know, mends links.
    /// Files are served from here on.
    package func recover() async throws(ArtifactStoreError) {
        do {
            let keys = try await executor.run { [self] in
                for name in try layout.ingest.names() { try layout.ingest.removeTree(name) }
                let keys = try layout.objectsOnDisk().filter(\.isValid)
                let known = Set(keys)
                for folder in [layout.index, layout.layers] {
                    for key in try StorageLayout.keys(in: folder) where !known.contains(key) {
                        try layout.removeFile(of: key, in: folder)
                    }
                }
                return keys
            }
            // Two at a time: reading is the disk's work, hashing a core's.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, key) in keys.enumerated() {
                    if number >= 2 { try await group.next() }
                    group.addTask { try await self.executor.run { try self.recover(key) } }
                }
                try await group.waitForAll()
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }

    private func recover(_ object: ObjectKey) throws {
        guard let folder = try layout.folder(object) else { return }
        var known = ObjectRecord()
        do {
            let bytes = try layout.file(of: object, in: layout.index)?.contents(upTo: ObjectRecord.sizeLimit)
            known = bytes.flatMap(ObjectRecord.init(parsing:)) ?? ObjectRecord()
        } catch {
            logger.error(
                "the index of an object cannot be read; its files are hashed instead", error: error,
                ["object": .string(object.description)])
        }
        var record = ObjectRecord()
        record.note = known.note
        var latest: String?
        for bytes in try folder.names() {
            let name = String(decoding: bytes, as: UTF8.self)
            guard let status = try folder.status(of: bytes) else { continue }
            if name == StorageLayout.latestLink, status.kind == .symbolicLink {
                latest = String(decoding: try folder.symbolicLinkTarget(bytes), as: UTF8.self)
            }
            guard status.kind == .regular, ArtifactFileName.isValid(name), name.utf8.elementsEqual(bytes) else {
                continue
            }
            if let artifact = try recover(name, status, known, folder, object) { record.artifacts.append(artifact) }
        }
        let candidates = [known.current, latest].compactMap { $0 }
        record.current =
            candidates.first { name in record.artifacts.contains { $0.file == name } }
            ?? record.artifacts.max { $0.storedAt < $1.storedAt }?.file
        for index in record.artifacts.indices {
            let isCurrent = record.artifacts[index].file == record.current
            let since = record.artifacts[index].supersededAt ?? time.now
            record.artifacts[index].supersededAt = isCurrent ? nil : since
        }
        // The layer is hashed when it is used.
        if let layer = known.layer, let file = try layout.file(of: object, in: layout.layers),
            try file.status().inode == layer.inode
        {
            record.layer = layer
        } else {
            try layout.removeFile(of: object, in: layout.layers)
        }
        let slot = makeSlot(object)
        try slot.files.withLock { _ in
            try update(slot, to: record)
            if let current = record.current {
                try link(current, in: folder)
            } else {
                try folder.remove(StorageLayout.latestLink)
            }
        }
    }

    /// The record of a file that is as it was stored or that nobody knows; nil, and the file gone, when it is damaged.
    private func recover(
        _ name: String, _ status: FileStatus, _ known: ObjectRecord, _ folder: Directory, _ object: ObjectKey
    ) throws -> ArtifactRecord? {
        let expected = known.artifacts.first { $0.file == name }
        let found = try folder.openFile(name).digest(expected?.digest.algorithm ?? configuration.digestAlgorithm)
        guard var artifact = expected else {
            return ArtifactRecord(
                file: name, digest: found, size: status.size, revision: "", operation: "", ignore: nil,
                storedAt: status.modified, supersededAt: nil, identity: FileIdentity(status), skipped: SkippedEntries(),
                isWithheld: !configuration.servesUnknownFiles)
        }
        guard found == artifact.digest else {
            logger.error(
                "an artifact in the store is damaged and was removed", ["path": .string("\(object.folder)/\(name)")])
            metrics.integrityFailure()
            try folder.remove(name)
            return nil
        }
        artifact.identity = FileIdentity(status)
        return artifact
    }
}
