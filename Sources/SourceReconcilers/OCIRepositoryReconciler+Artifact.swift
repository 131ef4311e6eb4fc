internal import ArtifactStore
internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import OCI

extension OCIRepositoryReconciler {
    /// Pulls the manifest, takes the layer that the spec asks for, and stores what is in it.
    func build(
        _ source: ResolvedSource, from repository: any SourceRepository, _ run: ReconcileRun,
        _ observation: inout Observation
    ) async throws(ReconcileFailure) {
        let spec = run.object.spec
        let pulled = try await pull(source, from: repository, spec: spec)
        let metadata = try pulled.manifest.artifactMetadata(source.digest, from: spec.url)
        let layer = try pulled.manifest.layer(selectedBy: spec.layerSelector)
        let stored = try await ingest(layer, of: source, from: repository, run)
        let artifact = Artifact(
            path: stored.path, url: url(ofPath: stored.path), revision: source.revision,
            digest: stored.digest.description, size: stored.size, lastUpdateTime: time.now,
            metadata: metadata)
        observation.selection = pulled.selection?.explanation
        observation.progress = .stored(artifact, latestURL: latestURL(of: run.object.key))
        events.skipped(stored, of: run.object, logger: run.request.logger)
    }

    private func pull(
        _ source: ResolvedSource, from repository: any SourceRepository, spec: OCIRepositorySpec
    ) async throws(ReconcileFailure) -> (
        manifest: ImageManifest, descriptor: Descriptor, selection: IndexSelection?
    ) {
        do {
            let fetched = try await repository.fetchManifest(.digest(source.digest))
            return try await repository.imageManifest(of: fetched, layerMediaType: spec.layerSelector?.mediaType)
        } catch {
            throw ReconcileFailure(
                fetching: error, reason: ConditionReason.pullFailed,
                prefix: "failed to pull artifact from '\(spec.url)'")
        }
    }

    private func ingest(
        _ layer: Descriptor, of source: ResolvedSource, from repository: any SourceRepository, _ run: ReconcileRun
    ) async throws(ReconcileFailure) -> StoredArtifact {
        let spec = run.object.spec
        let rules = ArtifactRules(
            operation: spec.layerSelector?.operation == .copy ? .copy : .extract, ignore: spec.ignore)
        let key = run.object.key.storeKey
        do throws(ArtifactStoreError) {
            if let rebuilt = try await store.rebuild(
                object: key, revision: source.revision, revisionDigest: source.digest, layerDigest: layer.digest,
                layerSize: layer.size, rules: rules, logger: run.request.logger)
            {
                return rebuilt
            }
        } catch {
            throw ReconcileFailure(storing: error, from: spec.url)
        }
        let bytes: any AsyncSequence<[UInt8], any Error> & Sendable
        do {
            bytes = try await repository.streamBlob(layer)
        } catch {
            throw ReconcileFailure(
                fetching: error, reason: ConditionReason.pullFailed,
                prefix: "failed to pull artifact from '\(spec.url)'")
        }
        do throws(ArtifactStoreError) {
            return try await store.ingest(
                object: key, revision: source.revision, revisionDigest: source.digest, layerDigest: layer.digest,
                layerSize: layer.size, rules: rules, bytes: bytes)
        } catch {
            throw ReconcileFailure(storing: error, from: spec.url)
        }
    }
}
