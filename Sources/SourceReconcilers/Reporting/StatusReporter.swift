internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import KubernetesClient

/// Writes the status of one reconcile: progress while it lasts, the outcome at its end.
///
/// Progress that the outcome follows within half a second is not written: most reconciles then cost one write, or none.
actor StatusReporter {
    private static let delay = Duration.milliseconds(500)

    private let patcher: ObjectPatcher
    private let time: any TimeSource
    private let logger: Logger
    /// Told of every write: from which version of the object to which.
    private let wrote: @Sendable (OCIRepository, OCIRepository) -> Void
    /// The object as last written, and the status that the reconcile started from.
    private var object: OCIRepository
    private var base: OCIRepositoryStatus
    private var pending: Observation?
    private var writer: Task<Void, Never>?
    /// The delay before a write: what the end cuts short. A write that has begun goes on to its end.
    private var pause: Task<Void, any Error>?

    init(
        _ object: OCIRepository, patcher: ObjectPatcher, time: any TimeSource, logger: Logger,
        wrote: @escaping @Sendable (OCIRepository, OCIRepository) -> Void
    ) {
        self.wrote = wrote
        self.object = object
        base = object.status
        self.patcher = patcher
        self.time = time
        self.logger = logger
    }

    /// Notes where the reconcile stands; it is written soon, unless the end comes first or it is no news.
    func report(_ observation: Observation) {
        guard isNews(observation) else { return }
        pending = observation
        guard writer == nil else { return }
        writer = Task { await self.writePending() }
    }

    /// Whether progress is worth a write: another try of what failed is not, unless somebody asked for it or it found
    /// another revision. The status says that it is being tried again, and its message why.
    private func isNews(_ observation: Observation) -> Bool {
        guard let retrying = base.condition(ConditionType.reconciling),
            retrying.reason == ConditionReason.progressingWithRetry,
            retrying.observedGeneration == observation.generation,
            observation.requestedAt ?? base.lastHandledReconcileAt == base.lastHandledReconcileAt
        else { return true }
        let next = OCIRepositoryStatus.following(base, observing: observation, at: time.now)
        if observation.newRevision != nil, next.condition(ConditionType.reconciling)?.message != retrying.message {
            return true
        }
        return next.withoutProgress != base.withoutProgress
    }

    /// Writes the outcome.
    /// - Returns: the object as the server has it now.
    /// - Throws: `KubernetesError`.
    func finish(_ observation: Observation) async throws -> OCIRepository {
        await stop()
        try await write(observation)
        return object
    }

    /// Ends without an outcome; progress under way is written to its end.
    func stop() async {
        pending = nil
        pause?.cancel()
        await writer?.value
        writer = nil
    }

    private func writePending() async {
        while pending != nil {
            let pause = Task { [time] in try await time.sleep(for: Self.delay) }
            self.pause = pause
            guard (try? await pause.value) != nil else { return }
            guard let observation = pending else { return }
            pending = nil
            do {
                try await write(observation)
            } catch {
                // The end of the reconcile is written all the same, and reports a failure that lasts.
                logger.debug("Progress could not be written to the status", ["error": .string("\(error)")])
            }
        }
        writer = nil
    }

    private func write(_ observation: Observation) async throws {
        let known = object, base = base, now = time.now
        object = try await patcher.patchStatus(of: known) { current in
            guard current.metadata.generation == observation.generation else { return nil }
            // Another writer's version is built upon, not written over.
            let start = current.metadata.resourceVersion == known.metadata.resourceVersion ? base : current.status
            return OCIRepositoryStatus.following(start, observing: observation, at: now).json
        }
        wrote(known, object)
    }
}

extension OCIRepositoryStatus {
    /// The status without what only says that somebody works on the object.
    fileprivate var withoutProgress: OCIRepositoryStatus {
        var status = self
        status.conditions.removeAll { [ConditionType.reconciling, ConditionType.ready].contains($0.type) }
        return status
    }
}
