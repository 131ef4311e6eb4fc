internal import Archiving
package import Core
internal import FileSystem

extension ArtifactStore {
    /// Stores what a layer holds, in one pass over its bytes and in memory that does not depend on their number.
    ///
    /// The artifact is durable, served and linked as `latest.tar.gz` when this returns. On any failure nothing of it stays,
    /// and what was stored before is untouched.
    /// - Parameters:
    ///   - revision: as the status shows it.
    ///   - revisionDigest: of the manifest or index that the reference resolved to; it names the file.
    ///   - layerDigest: what the layer's bytes must hash to.
    ///   - layerSize: how many bytes must come.
    ///   - bytes: the layer; read until its end or the first surplus byte. Dropped on failure.
    /// - Throws: ``ArtifactStoreError``; `download` carries what `bytes` threw.
    package func ingest(
        object: ObjectKey, revision: String, revisionDigest: Digest, layerDigest: Digest, layerSize: Int64,
        rules: ArtifactRules, bytes: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws(ArtifactStoreError) -> StoredArtifact {
        try object.check()
        let start = time.uptime
        let origin = Origin(
            object: object, revision: revision, revisionDigest: revisionDigest, layerDigest: layerDigest,
            layerSize: layerSize, rules: rules, limits: rules.limits ?? configuration.limits)
        do {
            let artifact = try await receive(bytes, origin)
            metrics.ingested("stored", time.uptime - start)
            return artifact
        } catch {
            let failure = ArtifactStoreError(from: error)
            metrics.ingested(failure.code.description, time.uptime - start)
            throw failure
        }
    }

    /// Stores what the layer holds that the object's newest artifact was made from, without a download: for new rules or a
    /// new revision with the same layer. See ``ingest(object:revision:revisionDigest:layerDigest:layerSize:rules:bytes:)``.
    /// - Parameter logger: is told of a damaged layer; the store's own if nil.
    /// - Returns: nil when the object has no such layer, or has it no longer intact: then it has to be downloaded.
    package func rebuild(
        object: ObjectKey, revision: String, revisionDigest: Digest, layerDigest: Digest, layerSize: Int64,
        rules: ArtifactRules, logger: Logger? = nil
    ) async throws(ArtifactStoreError) -> StoredArtifact? {
        try object.check()
        guard let slot = slot(object), let layer = slot.record.layer, layer.digest == layerDigest,
            layer.size == layerSize
        else { return nil }
        let start = time.uptime
        let origin = Origin(
            object: object, revision: revision, revisionDigest: revisionDigest, layerDigest: layerDigest,
            layerSize: layerSize, rules: rules, limits: rules.limits ?? configuration.limits)
        do {
            let artifact = try await reuse(slot, origin, logger ?? self.logger)
            if artifact != nil { metrics.ingested("rebuilt", time.uptime - start) }
            return artifact
        } catch {
            let failure = ArtifactStoreError(from: error)
            metrics.ingested(failure.code.description, time.uptime - start)
            throw failure
        }
    }

    /// Everything that an artifact is made from but the bytes.
    struct Origin: Sendable {
        let object: ObjectKey
        let revision: String
        let revisionDigest: Digest
        let layerDigest: Digest
        let layerSize: Int64
        let rules: ArtifactRules
        let limits: ArtifactLimits
    }

    private func receive(
        _ bytes: any AsyncSequence<[UInt8], any Error> & Sendable, _ origin: Origin
    ) async throws -> StoredArtifact {
        try checkSize(origin)
        try reserve(origin.layerSize)
        defer { totals.withLock { $0.reserved -= origin.layerSize } }
        let slot = makeSlot(origin.object)
        let name = layout.temporaryName("layer")
        do {
            let file = try await executor.run { [self] in
                let available = try layout.root.availableBytes()
                guard available > origin.layerSize else {
                    throw ArtifactStoreError(
                        .diskFull,
                        "the volume of --storage-path has no room for a layer of \(origin.layerSize) bytes; free space or "
                            + "make the volume larger", particulars: "\(available) bytes are free")
                }
                let file = try layout.ingest.createFile(name, mode: 0o600)
                try fault(.temporaryMade)
                return file
            }
            let writing = WritingLane(
                file: file, layer: origin.layerDigest.algorithm, artifact: configuration.digestAlgorithm)
            let inspecting = try inspectingLane(origin, CancellationFlag())
            try await pump(bytes, origin.layerSize, writing, inspecting)
            return try await finish(slot, origin, name, writing, inspecting)
        } catch {
            // The cancelled task still cleans up.
            try? await executor.run { [self] in _ = try layout.ingest.remove(name) }
            throw error
        }
    }

    private func inspectingLane(_ origin: Origin, _ flag: CancellationFlag) throws(ArchiveError) -> InspectingLane? {
        guard origin.rules.operation == .extract else { return nil }
        let rules = try IgnoreRules.forArtifact(files: [], ignore: origin.rules.ignore)
        return InspectingLane(rules: rules, limits: origin.limits, flag: flag)
    }

    private func checkSize(_ origin: Origin) throws(ArtifactStoreError) {
        guard origin.layerSize <= origin.limits.layerSize else {
            throw ArtifactStoreError(
                .layerSize,
                "the layer has \(origin.layerSize) bytes, more than the limit of \(origin.limits.layerSize) "
                    + "(--layer-size-limit)")
        }
    }

    /// Keeps room for a layer, before its download starts.
    private func reserve(_ size: Int64) throws(ArtifactStoreError) {
        let limit = configuration.sizeLimit
        let taken: Int64? = totals.withLock { totals in
            let taken = totals.bytes + totals.reserved
            if let limit, taken > limit - size { return taken }
            totals.reserved += size
            return nil
        }
        guard let taken, let limit else { return }
        throw ArtifactStoreError(
            .storeFull,
            "the store has no room for a layer of \(size) bytes within its limit of \(limit) (--storage-size-limit); "
                + "raise the limit, or keep less with --artifact-retention-records",
            particulars: "it holds \(taken) bytes")
    }

    /// Feeds both lanes from the download: while they work on one batch, the next one is collected.
    private func pump(
        _ bytes: some AsyncSequence<[UInt8], any Error> & Sendable, _ size: Int64, _ writing: WritingLane,
        _ inspecting: InspectingLane?
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var batch: [[UInt8]] = []
            var batched = 0
            var received: Int64 = 0
            do {
                for try await chunk in bytes {
                    received += Int64(chunk.count)
                    guard received <= size else {
                        throw ArtifactStoreError(
                            .layerSize, "the registry sent more than the \(size) bytes that the layer should have")
                    }
                    batch.append(chunk)
                    batched += chunk.count
                    guard batched >= Self.batchSize else { continue }
                    // Both lanes are done with the batch before.
                    while try await group.next() != nil {}
                    hand(batch, to: writing, inspecting, in: &group)
                    batch = []
                    batched = 0
                }
                try Task.checkCancellation()
            } catch {
                // Whatever words the source has for it.
                if Task.isCancelled { throw ArtifactStoreError(from: CancellationError()) }
                throw ArtifactStoreError(from: error)
            }
            guard received == size else {
                throw ArtifactStoreError(
                    .layerSize, "the registry sent fewer than the \(size) bytes that the layer should have",
                    particulars: "it sent \(received)")
            }
            while try await group.next() != nil {}
            hand(batch, to: writing, inspecting, in: &group)
            while try await group.next() != nil {}
        }
    }

    private func hand(
        _ batch: [[UInt8]], to writing: WritingLane, _ inspecting: InspectingLane?,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        group.addTask { [executor] in try await executor.run { try writing.consume(batch) } }
        if let inspecting {
            // A batch may unpack to a great deal.
            group.addTask { [self] in
                try await executor.runCancellable(inspecting.flag) { _ in try inspecting.consume(batch) }
            }
        }
    }

    /// Large enough that handing over costs nothing, small enough that several do not matter.
    private static let batchSize = 512 * 1024

    private func finish(
        _ slot: ObjectSlot, _ origin: Origin, _ name: String, _ writing: WritingLane, _ inspecting: InspectingLane?
    ) async throws -> StoredArtifact {
        try await executor.runCancellable { [self] flag in
            let digest = writing.layerDigest
            guard digest == origin.layerDigest else {
                throw ArtifactStoreError(
                    .layerDigest, "the layer's bytes have the digest \(digest), not \(origin.layerDigest) as announced")
            }
            try fault(.layerWritten)
            let findings = try inspecting?.finish()
            let layer = try layout.ingest.openFile(name)
            let product = try make(origin, findings, layer, flag) ?? .layer(digest: writing.artifactDigest)
            return try commit(slot, origin, Commit(product: product, layer: .temporary(name)))
        }
    }

    private func reuse(
        _ slot: ObjectSlot, _ origin: Origin, _ logger: Logger
    ) async throws -> StoredArtifact? {
        try checkSize(origin)
        let flag = CancellationFlag()
        let inspecting = try inspectingLane(origin, flag)
        return try await executor.runCancellable(flag) { [self] flag in
            guard let layer = try layout.file(of: origin.object, in: layout.layers),
                try layer.status().inode == slot.record.layer?.inode
            else { return nil }
            let hash = try Self.digests(layer, origin.layerDigest.algorithm, configuration.digestAlgorithm, flag) {
                try inspecting?.consume($0)
            }
            guard hash.layerDigest == origin.layerDigest else {
                logger.error("the stored layer of \(origin.object) is damaged; it has to be downloaded again")
                metrics.integrityFailure()
                return nil
            }
            let findings = try inspecting?.finish()
            let product = try make(origin, findings, layer, flag) ?? .layer(digest: hash.artifactDigest)
            return try commit(slot, origin, Commit(product: product, layer: .kept))
        }
    }

    private static func digests(
        _ layer: File, _ layerAlgorithm: Digest.Algorithm, _ artifactAlgorithm: Digest.Algorithm,
        _ flag: CancellationFlag, _ body: (Span<UInt8>) throws -> Void
    ) throws -> (layerDigest: Digest, artifactDigest: Digest) {
        var hash = LayerHash(layerAlgorithm, artifactAlgorithm)
        try layer.forEachPiece(flag) { piece in
            hash.update(piece)
            try body(piece)
        }
        return (hash.layerDigest, hash.artifactDigest)
    }

    /// Writes the normalised artifact if the layer cannot be the artifact itself.
    /// - Returns: nil when it can.
    private func make(
        _ origin: Origin, _ findings: LayerFindings?, _ layer: File, _ flag: CancellationFlag
    ) throws -> Product? {
        guard let findings else { return nil }
        let rules = try IgnoreRules.forArtifact(files: findings.ignoreFiles, ignore: origin.rules.ignore)
        var hasIgnored = findings.hasIgnored
        if !findings.needsNormalizing && !findings.ignoreFiles.isEmpty {
            // The first pass did not know the rules in the layer. Looking again costs less than packing again.
            let walk = LayerWalk(inspecting: rules, limits: origin.limits, flag: flag)
            try layer.forEachPiece(flag) { try walk.consume($0) }
            hasIgnored = try walk.findings().hasIgnored
        }
        guard findings.needsNormalizing || hasIgnored else { return nil }

        let name = layout.temporaryName("artifact")
        do {
            let output = ArtifactOutput(
                file: try layout.ingest.createFile(name, mode: 0o600), algorithm: configuration.digestAlgorithm)
            let normalizer = LayerNormalizer(
                rules: rules, lastOccurrences: findings.lastOccurrences, limits: origin.limits, flag: flag,
                sink: output.write)
            let walk = LayerWalk(normalizer, limits: origin.limits)
            try layer.forEachPiece(flag) { try walk.consume($0) }
            let skipped = try walk.skippedEntries()
            try fault(.normalized)
            return .file(name, digest: output.digest, skipped: skipped)
        } catch {
            _ = try? layout.ingest.remove(name)
            throw error
        }
    }
}
