internal import Core
internal import FileSystem

extension ArtifactStore {
    /// Brings the store into a known state after a start, however the process before it ended: empties `.ingest`, hashes
    /// every file and compares it with the index, drops damaged ones, adopts those that the index does not know, mends links.
    /// Files are served from here on. What cannot be read is logged, counted and not served; the rest is.
    /// - Throws: `inputOutput` when the store's own folders cannot be listed.
    package func recover() async throws(ArtifactStoreError) {
        do {
            let keys = try await executor.run { [self] in
                for name in try layout.ingest.names() {
                    attempt("a temporary file cannot be removed") { () throws(FileSystemError) in
                        try layout.ingest.removeTree(name)
                    }
                }
                let objects = try layout.objectsOnDisk()
                report(objects.unreadable, in: layout.objects)
                let known = Set(objects.keys)
                for folder in [layout.index, layout.layers] {
                    let listing = try StorageLayout.keys(in: folder)
                    report(listing.unreadable, in: folder)
                    // What belongs to objects that only cannot be seen now stays.
                    for key in listing.keys where !known.contains(key) && objects.unreadable[key.namespace] == nil {
                        attempt("a file of no object cannot be removed", key) { () throws(FileSystemError) in
                            try layout.removeFile(of: key, in: folder)
                        }
                    }
                }
                return objects.keys
            }
            // Two at a time: reading is the disk's work, hashing a core's.
            await withTaskGroup(of: Void.self) { group in
                for (number, key) in keys.enumerated() {
                    if number >= 2 { await group.next() }
                    group.addTask { await self.executor.run { self.recover(key) } }
                }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }

    private func report(_ unreadable: [String: FileSystemError], in folder: Directory) {
        for (namespace, error) in unreadable {
            metrics.integrityFailure()
            logger.error(
                "a folder of the store cannot be read; what is in it is not served", error: error,
                ["namespace": .string(RemoteText.printable(namespace)), "path": .string(folder.path)])
        }
    }

    /// Does something that serving does not depend on.
    private func attempt(
        _ failure: String, _ object: ObjectKey? = nil, _ body: () throws(FileSystemError) -> Void
    ) {
        do throws(FileSystemError) {
            try body()
        } catch {
            logger.error(failure, error: error, ["object": object.map { .string($0.description) } ?? .null])
        }
    }

    private func recover(_ object: ObjectKey) {
        do throws(FileSystemError) {
            guard let folder = try layout.folder(object) else { return }
            try recover(object, in: folder, names: folder.names())
        } catch {
            metrics.integrityFailure()
            logger.error(
                "the files of an object cannot be read; they are not served", error: error,
                ["object": .string(object.description)])
        }
    }

    private func recover(_ object: ObjectKey, in folder: Directory, names: [[UInt8]]) {
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
        for bytes in names {
            let name = String(decoding: bytes, as: UTF8.self)
            do {
                guard let status = try folder.status(of: bytes) else { continue }
                if name == StorageLayout.latestLink, status.kind == .symbolicLink {
                    latest = String(decoding: try folder.symbolicLinkTarget(bytes), as: UTF8.self)
                }
                guard status.kind == .regular, ArtifactFileName.isValid(name), name.utf8.elementsEqual(bytes) else {
                    continue
                }
                if let artifact = try recover(name, status, known, folder, object) { record.artifacts.append(artifact) }
            } catch {
                metrics.integrityFailure()
                logger.error(
                    "a file in the store cannot be read; it is not served", error: error,
                    ["object": .string(object.description), "file": .string(RemoteText.printable(name))])
                // That it is withheld must not be forgotten until it can be read again.
                if var artifact = known.artifacts.first(where: { $0.file == name && $0.isWithheld }) {
                    artifact.identity = .unknown
                    record.artifacts.append(artifact)
                }
            }
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
        attempt("the layer of an object cannot be read; it will be downloaded again", object) {
            () throws(FileSystemError) in
            // The layer is hashed when it is used.
            if let layer = known.layer, let file = try layout.file(of: object, in: layout.layers),
                try file.status().inode == layer.inode
            {
                record.layer = layer
            } else {
                try layout.removeFile(of: object, in: layout.layers)
            }
        }
        let slot = makeSlot(object)
        slot.files.withLock { _ in
            // On a full disk too, what is there is served.
            attempt("the index of an object cannot be written", object) { () throws(FileSystemError) in
                try enforce(record, in: slot)
            }
            attempt("the link to the newest artifact cannot be mended", object) { () throws(FileSystemError) in
                if let current = record.current {
                    try link(current, in: folder)
                } else {
                    try folder.remove(StorageLayout.latestLink)
                }
            }
        }
    }

    /// The record of a file that is as it was stored or that nobody knows; nil, and the file gone, when it is damaged.
    private func recover(
        _ name: String, _ status: FileStatus, _ known: ObjectRecord, _ folder: Directory, _ object: ObjectKey
    ) throws -> ArtifactRecord? {
        try fault(.fileRead)
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
