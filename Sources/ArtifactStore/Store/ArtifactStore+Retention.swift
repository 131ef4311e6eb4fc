internal import Core
internal import FileSystem

extension ArtifactStore {
    /// Removes artifacts of an object that nobody needs any more: first those that another artifact replaced longer than
    /// the retention time ago; of what is left, all but the newest so many. The current artifact stays, whatever its age.
    /// - Parameter keeping: a path that stays too: the one that the object's status names.
    /// - Returns: how many were removed.
    @discardableResult
    package func collectGarbage(_ object: ObjectKey, keeping: String? = nil) async throws(ArtifactStoreError) -> Int {
        do {
            try object.check()
            guard let slot = slot(object), slot.record.artifacts.count > 1 else { return 0 }
            return try await executor.run { [self] in
                try slot.files.withLock { _ in try collect(slot, keeping: keeping) }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }

    private func collect(_ slot: ObjectSlot, keeping: String?) throws -> Int {
        let record = slot.record
        let now = time.now
        func isKept(_ artifact: ArtifactRecord) -> Bool {
            artifact.file == record.current || "\(slot.object.folder)/\(artifact.file)" == keeping
        }
        var garbage = record.artifacts.filter { artifact in
            guard !isKept(artifact), let since = artifact.supersededAt else { return false }
            // A clock that was set back must not keep files for ever.
            return now - since >= configuration.retention || since > now + configuration.retention
        }
        let left = record.artifacts.filter { !garbage.contains($0) }
        let surplus = left.count - max(1, configuration.retentionRecords)
        if surplus > 0 {
            let oldestFirst = left.filter { !isKept($0) }.sorted { $0.storedAt < $1.storedAt }
            garbage += oldestFirst.prefix(surplus)
        }
        guard !garbage.isEmpty, let folder = try layout.folder(slot.object) else { return 0 }
        return try remove(garbage, from: record, of: slot, in: folder)
    }

    /// Removes files, each of them if it can be: on a full disk the index can only be written once they are gone. A start
    /// in between finds an index that knows files that are not there, which it forgives.
    private func remove(
        _ garbage: [ArtifactRecord], from old: ObjectRecord, of slot: ObjectSlot, in folder: Directory
    ) throws -> Int {
        var record = old
        record.artifacts.removeAll { garbage.contains($0) }
        // Not served before it is not there.
        install(record, in: slot)
        var failure: FileSystemError?
        for artifact in garbage {
            do throws(FileSystemError) {
                try folder.remove(artifact.file)
            } catch {
                // The next collection tries again.
                record.artifacts.append(artifact)
                failure = error
            }
        }
        metrics.collected(old.artifacts.count - record.artifacts.count)
        try enforce(record, in: slot)
        if let failure { throw failure }
        return garbage.count
    }

    /// Removes everything that is stored for an object. Work under way for it ends with `removed` and leaves nothing.
    package func remove(_ object: ObjectKey) async throws(ArtifactStoreError) {
        do {
            try object.check()
            let slot = makeSlot(object)
            try await executor.run { [self] in
                try slot.files.withLock { _ in
                    slot.state.withLock { $0.isRemoved = true }
                    published.withdraw(object)
                    try layout.removeAll(of: object)
                    let old = slot.state.withLock { state in
                        defer { state.record = ObjectRecord() }
                        return state.record
                    }
                    let (bytes, files) = totals.withLock { totals in
                        totals.bytes -= old.storedBytes
                        totals.files -= old.artifacts.count
                        return (totals.bytes, totals.files)
                    }
                    metrics.stored(bytes: bytes, files: files)
                }
            }
            // An object of the same name that comes later starts anew.
            slots.withLock { slots in
                if slots[object] === slot { slots[object] = nil }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }
}
