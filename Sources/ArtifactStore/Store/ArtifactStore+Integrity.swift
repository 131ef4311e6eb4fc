package import Core
internal import FileSystem

/// Whether a stored file is what it was.
package enum IntegrityVerdict: Sendable, Hashable {
    case intact
    /// There is no such file in the store.
    case missing
    /// The file has other bytes now; it is no longer served.
    case damaged(found: Digest)
}

extension ArtifactStore {
    /// Checks the file at `path` of an object against `digest`. The content is only read when the file's inode, size or
    /// time of change is not what it was when it was read last.
    /// - Parameter logger: is told of damage; the store's own if nil.
    /// - Throws: `inputOutput` when the disk cannot say.
    package func verify(
        object: ObjectKey, path: String, digest: Digest, logger: Logger? = nil
    ) async throws(ArtifactStoreError) -> IntegrityVerdict {
        do {
            try object.check()
            guard let slot = slot(object),
                let artifact = slot.record.artifacts.first(where: { "\(object.folder)/\($0.file)" == path })
            else { return .missing }
            guard artifact.digest == digest else { return .damaged(found: artifact.digest) }
            return try await executor.run { [self] in
                try slot.files.withLock { _ in try check(slot, artifact.file, reading: false, logger) }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }

    /// Checks one file, and takes it out of the store when it is damaged. Blocks; the slot's files are locked.
    /// - Parameter reading: whether to read the content in any case.
    func check(
        _ slot: ObjectSlot, _ file: String, reading: Bool, _ logger: Logger? = nil
    ) throws -> IntegrityVerdict {
        var record = slot.record
        guard let index = record.artifacts.firstIndex(where: { $0.file == file }) else { return .missing }
        let artifact = record.artifacts[index]
        guard let folder = try layout.folder(slot.object), let status = try folder.status(of: file),
            status.kind == .regular
        else {
            try drop(slot, artifact, "is no longer there", logger)
            return .missing
        }
        let identity = FileIdentity(status)
        if identity == artifact.identity && !reading { return .intact }
        let found = try folder.openFile(file).digest(artifact.digest.algorithm)
        guard found == artifact.digest else {
            try drop(slot, artifact, "has other bytes than it was stored with, digest \(found)", logger)
            try folder.remove(file)
            return .damaged(found: found)
        }
        if identity != artifact.identity {
            record.artifacts[index].identity = identity
            try update(slot, to: record)
        }
        return .intact
    }

    private func drop(
        _ slot: ObjectSlot, _ artifact: ArtifactRecord, _ what: String, _ logger: Logger?
    ) throws {
        (logger ?? self.logger).error(
            "an artifact in the store \(what); it is no longer served",
            ["path": .string("\(slot.object.folder)/\(artifact.file)")])
        metrics.integrityFailure()
        var record = slot.record
        record.artifacts.removeAll { $0.file == artifact.file }
        let wasCurrent = record.current == artifact.file
        if wasCurrent { record.current = nil }
        // A damaged file is not served another time, even if the index cannot be written.
        try enforce(record, in: slot)
        if wasCurrent, let folder = try layout.folder(slot.object) { try folder.remove(StorageLayout.latestLink) }
    }

    /// Reads every stored file once, evenly spread over the configured interval, over and over. Damaged files are taken out
    /// of the store and reported to `onDamage`, so that their objects fetch them again.
    package func scrub(onDamage: @Sendable (ObjectKey) async -> Void) async throws {
        while true {
            let work = objects.flatMap { object in slot(object)?.record.artifacts.map { (object, $0.file) } ?? [] }
            let pause = configuration.scrubInterval / max(1, work.count)
            guard !work.isEmpty else {
                try await time.sleep(for: pause)
                continue
            }
            for (object, file) in work {
                try await time.sleep(for: pause)
                guard let slot = slot(object) else { continue }
                // A file that was collected since is not missed.
                let wasKnown = slot.record.artifacts.contains { $0.file == file }
                do {
                    let verdict = try await executor.run { [self] in
                        try slot.files.withLock { _ in try check(slot, file, reading: true) }
                    }
                    if verdict != .intact, wasKnown { await onDamage(object) }
                } catch {
                    logger.error(
                        "a stored artifact cannot be checked", error: error,
                        ["path": .string("\(object.folder)/\(file)")])
                }
            }
        }
    }
}
