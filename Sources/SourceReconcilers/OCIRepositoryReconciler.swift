package import ArtifactStore
package import ControllerRuntime
package import Core
package import HTTPTransport
package import KubernetesAPI
package import KubernetesClient
internal import OCI
internal import RegistryClient
package import Verification

/// Makes the content store hold what each OCIRepository asks for, and its status say so.
///
/// Each step is a method here that turns what is known into what is observed; the rules of the status are in
/// `OCIRepositoryStatus.following(_:observing:at:)`.
package final class OCIRepositoryReconciler: Reconciler {
    /// What an operator can set.
    package struct Configuration: Sendable {
        /// `host[:port]` of artifact URLs.
        package var advertisedHost: String
        /// By how many percent an interval may be longer or shorter.
        package var intervalJitterPercent: Int
        /// The longest delay that a registry's `Retry-After` can ask for.
        package var maximumRetryDelay: Duration
        /// How long the files of an object that another controller took over stay, after its status leads there.
        package var handoverGrace: Duration
        /// Whether `ObjectLevelWorkloadIdentity` is on.
        package var objectLevelWorkloadIdentity: Bool
        /// Whether keyless verification without `matchOIDCIdentity` accepts everybody.
        package var acceptsAnyIdentity: Bool
        /// Whether a stored artifact that no signature vouches for any more stays served, as upstream.
        package var servesUnverifiedArtifacts: Bool
        /// The version of this program: a verdict of another version is not relied on, as its checks may be others.
        package var softwareVersion: String

        /// A configuration; see the properties.
        package init(
            advertisedHost: String, intervalJitterPercent: Int = 5, maximumRetryDelay: Duration = .seconds(900),
            handoverGrace: Duration = .seconds(60), objectLevelWorkloadIdentity: Bool = false,
            acceptsAnyIdentity: Bool = false, servesUnverifiedArtifacts: Bool = true, softwareVersion: String = ""
        ) {
            self.advertisedHost = advertisedHost
            self.intervalJitterPercent = intervalJitterPercent
            self.maximumRetryDelay = maximumRetryDelay
            self.handoverGrace = handoverGrace
            self.objectLevelWorkloadIdentity = objectLevelWorkloadIdentity
            self.acceptsAnyIdentity = acceptsAnyIdentity
            self.servesUnverifiedArtifacts = servesUnverifiedArtifacts
            self.softwareVersion = softwareVersion
        }
    }

    private static let minimumInterval = Duration.seconds(1)
    private static let maximumWatchedSecrets = 8

    let configuration: Configuration
    private let objects: ObjectStore<OCIRepository>
    let registry: any SourceRegistry
    private let access: SourceAccess
    private let requirements: SignatureRequirements
    let verdicts: VerdictCache
    let departures = Departures()
    let store: ArtifactStore
    let server: any KubernetesAPIServer
    let patcher: ObjectPatcher
    let references: ReferenceWatcher?
    let events: SourceEvents
    let metrics: SourceMetrics
    let time: any TimeSource
    private let random: RandomSource

    /// A reconciler of the objects in `objects`.
    /// - Parameters:
    ///   - revocation: asks about the revocation of signers' certificates over the connections of a policy.
    ///   - references: told which Secrets a failing object works with.
    package init(
        configuration: Configuration, objects: ObjectStore<OCIRepository>, server: any KubernetesAPIServer,
        registry: any SourceRegistry, trust: any SigstoreTrust,
        revocation: @escaping @Sendable (ConnectionPolicy) -> any RevocationFetching,
        proxyEnvironment: ProxyEnvironment,
        store: ArtifactStore, events: any EventRecording, metrics: MetricsRegistry = MetricsRegistry(),
        time: any TimeSource = SystemTime(),
        random: RandomSource = .system, references: ReferenceWatcher? = nil
    ) {
        self.configuration = configuration
        self.objects = objects
        self.registry = registry
        self.access = SourceAccess(
            server: server, environment: proxyEnvironment,
            objectLevelIdentity: configuration.objectLevelWorkloadIdentity)
        self.requirements = SignatureRequirements(
            trust: trust, acceptsAnyIdentity: configuration.acceptsAnyIdentity, revocation: revocation, time: time)
        self.store = store
        self.verdicts = VerdictCache(store: store, softwareVersion: configuration.softwareVersion)
        self.server = server
        self.references = references
        self.patcher = ObjectPatcher(server: server, fieldManager: "source-controller")
        self.events = SourceEvents(recorder: events, time: time)
        self.metrics = SourceMetrics(metrics)
        self.time = time
        self.random = random
    }

    package func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
        let unreadable = objects.unreadable(request.key)
        guard let object = objects.object(request.key) else {
            guard let unreadable else { return await letGo(request) }
            return await leave(unreadable, request)
        }
        departures.end(request.key)
        do {
            let newest = unreadable ?? object.metadata
            if newest.isBeingDeleted { return try await finalize(newest, request) }
            if request.priority == .resync, let delay = delayAfterRestart(of: object) { return .requeue(after: delay) }
            let begin = time.uptime
            defer { metrics.observe(object.key, duration: time.uptime - begin) }
            var current = try await patcher.addFinalizer(OCIRepository.finalizer, to: object)
            // The patch answers with the object as it is now; what was asked for may be newer than what woke us.
            if current.metadata.isBeingDeleted { return .requeueImmediately }
            current = current.trimmed()
            objects.advance(from: object, to: current)
            // Told of a change that came with it: it is reconciled by the call that this one gives way to.
            if Task.isCancelled { return .requeueImmediately }
            return try await reconcile(current, request)
        } catch let error as KubernetesError {
            // Gone or replaced, and the watch will say so: until then a tight loop would only flood the registry.
            if error.isNotFound { return .requeue(after: .seconds(1)) }
            return .failed(error, notBefore: error.retryAfter ?? .zero)
        } catch {
            return .failed(error)
        }
    }

    // MARK: - One reconcile

    private func reconcile(
        _ object: OCIRepository, _ request: ReconcileRequest
    ) async throws -> ReconcileOutcome {
        let run = ReconcileRun(
            object: object, request: request,
            reporter: StatusReporter(object, patcher: patcher, time: time, logger: request.logger) {
                [objects] known, written in
                // The next reconcile must not start from what our own writes have overtaken, however late the watch is.
                objects.advance(from: known, to: written.trimmed())
            },
            secrets: SecretReader(server: server, namespace: object.metadata.namespace))
        var observation = Observation(
            generation: object.metadata.generation, requestedAt: object.requestedReconcile, ignore: object.spec.ignore,
            layerSelector: object.spec.layerSelector)
        if object.spec.isSuspended {
            observation.progress = .suspended
        } else {
            if object.metadata.generation != object.status.observedGeneration || run.isRequested {
                await run.reporter.report(observation)
            }
            var demand = SignatureDemand()
            do throws(ReconcileFailure) {
                try await examineStore(run, &observation)
                try await fetch(run, &observation, &demand)
            } catch {
                observation.progress = .failed(await withholdUnlessVerified(demand, after: error, run, &observation))
            }
        }
        guard !Task.isCancelled else {
            await run.reporter.stop()
            return .requeueImmediately
        }
        let written: OCIRepository, end = time.now
        do {
            written = try await run.reporter.finish(observation)
        } catch {
            events.postpone(observation, of: object, at: end)
            throw error
        }
        // The write may have met a newer object than was reconciled. The watch will bring what the store has by now, which
        // wakes nobody: so it is up to us to look again. Of another generation no status was written, so there is nothing
        // to tell.
        guard written.metadata.generation == object.metadata.generation, !written.metadata.isBeingDeleted else {
            return .requeueImmediately
        }
        events.record(observation, of: object, at: end, logger: request.logger)
        metrics.record(
            observation, of: object, isWithheld: store.artifact(object.key.storeKey)?.isWithheld == true, at: time.now)
        if case .failed = observation.progress {
            // A Secret that changes may be what heals the object: then it is tried at once.
            references?.watch(watched(run.secrets.versions), for: object.key)
        } else {
            references?.forget(object.key)
        }
        guard written.requestedReconcile == object.requestedReconcile else { return .requeueImmediately }
        return outcome(of: observation, for: object)
    }

    /// The Secrets to watch for one object: no object may use up the watches of all.
    private func watched(_ versions: [NamespacedName: String]) -> [NamespacedName: String] {
        versions.filter { Set(versions.keys.sorted().prefix(Self.maximumWatchedSecrets)).contains($0.key) }
    }

    private func outcome(of observation: Observation, for object: OCIRepository) -> ReconcileOutcome {
        switch observation.progress {
        case .suspended: return .done
        case .running: return .requeueImmediately
        case .stored: return .requeue(after: nextPoll(of: object))
        case .failed(let failure):
            switch failure.recovery {
            case .stall: return .terminal(failure)
            case .retry: return .failed(failure)
            case .retryAfter(let delay): return .failed(failure, notBefore: min(delay, configuration.maximumRetryDelay))
            }
        }
    }

    private func nextPoll(of object: OCIRepository) -> Duration {
        var random = random
        return max(object.spec.interval, Self.minimumInterval)
            .jittered(byPercent: configuration.intervalJitterPercent, using: &random)
    }

    /// After a restart, an object that is as it should be waits for a random part of its interval: no stampede.
    private func delayAfterRestart(of object: OCIRepository) -> Duration? {
        let status = object.status
        guard status.observedGeneration == object.metadata.generation, !object.spec.isSuspended,
            object.requestedReconcile == nil || object.requestedReconcile == status.lastHandledReconcileAt,
            status.condition(ConditionType.ready)?.status == .yes,
            let artifact = status.artifact, artifact.url == url(ofPath: artifact.path),
            let stored = store.artifact(object.key.storeKey), artifact.describes(stored),
            !stored.isWithheld
        else { return nil }
        var random = random
        return max(object.spec.interval, Self.minimumInterval) * Double.random(in: 0..<1, using: &random)
    }

    // MARK: - Storage

    /// Collects old files and looks whether what the status advertises is still there.
    private func examineStore(
        _ run: ReconcileRun, _ observation: inout Observation
    ) async throws(ReconcileFailure) {
        let key = run.object.key.storeKey
        do {
            let collected = try await store.collectGarbage(key, keeping: run.object.status.artifact?.path)
            if collected > 0 { events.collected(collected, of: run.object, logger: run.request.logger) }
        } catch {
            // Old files in the way of nothing: the next reconcile tries again.
            run.request.logger.error("Old artifacts could not be collected", error: error)
        }
        guard let artifact = run.object.status.artifact else {
            observation.content = store.artifact(key)?.isWithheld == true ? .withheld : .absent
            return
        }
        guard store.artifact(key, path: artifact.path)?.isWithheld != true else {
            observation.content = .withheld
            return
        }
        switch try await integrity(of: artifact, key, run.request.logger) {
        case .intact:
            observation.content = .present(refreshed(artifact), latestURL: latestURL(of: run.object.key))
            return
        case .damaged(let found):
            events.damaged(artifact, found: found, of: run.object, logger: run.request.logger)
        case .missing:
            break
        }
        observation.content = .disappeared
        await run.reporter.report(observation)
    }

    private func integrity(
        of artifact: Artifact, _ key: ObjectKey, _ logger: Logger
    ) async throws(ReconcileFailure) -> IntegrityVerdict {
        // A status that somebody else wrote may hold anything; what is no digest is not in the store.
        guard let digest = try? Digest(parsing: artifact.digest) else { return .missing }
        // Nor may it pass one stored file off as another revision; files found without a record have no revision.
        if let stored = store.artifact(key, path: artifact.path), !stored.revision.isEmpty,
            stored.revision != artifact.revision
        {
            return .missing
        }
        do throws(ArtifactStoreError) {
            return try await store.verify(object: key, path: artifact.path, digest: digest, logger: logger)
        } catch {
            throw ReconcileFailure(
                .storage, reason: ConditionReason.statOperationFailed,
                message: "failed to check artifact '\(artifact.path)': \(error)")
        }
    }

    func url(ofPath path: String) -> String { "http://\(configuration.advertisedHost)/\(path)" }

    func latestURL(of key: NamespacedName) -> String {
        url(ofPath: "ocirepository/\(key.namespace)/\(key.name)/latest.tar.gz")
    }

    private func refreshed(_ artifact: Artifact) -> Artifact {
        var artifact = artifact
        artifact.url = url(ofPath: artifact.path)
        return artifact
    }

    // MARK: - Source

    private func fetch(
        _ run: ReconcileRun, _ observation: inout Observation, _ demand: inout SignatureDemand
    ) async throws(ReconcileFailure) {
        let spec = run.object.spec
        if spec.verify == nil { observation.signature = .notRequired }
        let location = try RepositoryReference(spec)
        demand.isUsable = false
        let requirement = try await requirements.requirement(of: run.object, secrets: run.secrets)
        demand.isUsable = true
        demand.subject = requirement.map { ($0, location) }
        let reference = try SourceReference(spec)
        let unchangedRules =
            run.object.status.observedIgnore == spec.ignore
            && run.object.status.observedLayerSelector == spec.layerSelector
        // A digest names its content: what this object has stored under it needs no registry.
        if case .digest(let digest) = reference, case .present(let artifact, let latestURL) = observation.content,
            artifact.revision == digest.description, unchangedRules,
            keepsVerdict(requirement, digest, location, revision: digest.description, run, &observation)
        {
            observation.progress = .stored(artifact, latestURL: latestURL)
            return
        }
        var access = try await access.resolve(for: run.object, to: location, secrets: run.secrets)
        access.logger = run.request.logger
        demand.access = access
        let repository = registry.repository(location, access: access)
        let verification = VerificationAccess(repository, access, time: time)
        let source = try await ResolvedSource.resolve(reference, of: spec, at: location, in: repository)
        if case .present(let artifact, _) = observation.content, artifact.revision != source.revision {
            // Also where the new revision is refused: what is served is outdated then, too.
            observation.newRevision = .init(revision: source.revision, reference: source.reference)
        }
        if let requirement {
            demand.judged = source.digest
            try await verify(source, requirement, through: verification, run, &observation)
        }
        if case .present(let artifact, let latestURL) = observation.content, artifact.revision == source.revision,
            unchangedRules
        {
            observation.progress = .stored(artifact, latestURL: latestURL)
            return
        }
        if run.object.status.artifact?.revision != source.revision || observation.content == .disappeared {
            observation.newRevision = .init(revision: source.revision, reference: source.reference)
            await run.reporter.report(observation)
        }
        try await build(source, from: repository, run, &observation)
    }
}

/// What stays the same during one reconcile.
struct ReconcileRun: Sendable {
    let object: OCIRepository
    let request: ReconcileRequest
    let reporter: StatusReporter
    let secrets: SecretReader

    /// Whether somebody asked for this reconcile by annotation.
    var isRequested: Bool {
        object.requestedReconcile != nil && object.requestedReconcile != object.status.lastHandledReconcileAt
    }
}

extension NamespacedName {
    /// The object as the content store knows it.
    var storeKey: ObjectKey { ObjectKey(namespace: namespace, name: name) }
}

extension Artifact {
    /// Whether this is the status of what is stored.
    func describes(_ stored: StoredArtifact) -> Bool {
        path == stored.path && digest == stored.digest.description && revision == stored.revision
    }
}
