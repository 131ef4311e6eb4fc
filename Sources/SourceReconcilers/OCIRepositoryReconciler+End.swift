internal import ArtifactStore
internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import KubernetesClient

/// The end of an object: it is deleted, or it is no longer this controller's.
extension OCIRepositoryReconciler {
    /// The longest time between two looks at who has an object now.
    private static let departureCheckInterval = Duration.seconds(60)

    /// Removes the files of an object that is being deleted, then the finalizer.
    /// - Parameter metadata: the object's own; nothing else of it need be readable.
    func finalize(_ metadata: ObjectMeta, _ request: ReconcileRequest) async throws -> ReconcileOutcome {
        forgetSeries(of: request.key)
        try await store.remove(request.key.storeKey)
        try await patcher.removeFinalizer(OCIRepository.finalizer, from: metadata, of: OCIRepository.resource)
        request.logger.info("Removed the artifacts of a deleted object")
        return .done
    }

    /// Leaves an object alone that is there and cannot be read: its status goes on advertising its files. Only its deletion
    /// needs no more than what it says of itself.
    func leave(_ metadata: ObjectMeta, _ request: ReconcileRequest) async -> ReconcileOutcome {
        departures.end(request.key)
        guard metadata.isBeingDeleted else { return .done }
        do {
            return try await finalize(metadata, request)
        } catch let error as KubernetesError {
            return .failed(error, notBefore: error.retryAfter ?? .zero)
        } catch {
            return .failed(error)
        }
    }

    /// Removes the files of an object that is not among ours: at once if it is gone; if another controller has it now, for
    /// example because its label changed, once consumers have had the time to learn of the new place.
    func letGo(_ request: ReconcileRequest) async -> ReconcileOutcome {
        let key = request.key
        forgetSeries(of: key)
        do {
            if store.holds(key.storeKey) {
                if let delay = try await remainingStay(request) { return .requeue(after: delay) }
                try await store.remove(key.storeKey)
                request.logger.info("Removed the artifacts of an object that is no longer here")
            }
            departures.end(key)
            return .done
        } catch let error as KubernetesError {
            return .failed(error, notBefore: error.retryAfter ?? .zero)
        } catch {
            return .failed(error)
        }
    }

    private func forgetSeries(of key: NamespacedName) {
        metrics.remove(key)
        events.forget(key)
        references?.forget(key)
    }

    /// How long the files of an object stay that is not among ours; nil if nobody can want them any more. What is known
    /// only here is when its status first led elsewhere: after a restart they stay a little longer.
    private func remainingStay(_ request: ReconcileRequest) async throws(KubernetesError) -> Duration? {
        let key = request.key
        do throws(KubernetesError) {
            let object = try await server.get(OCIRepository.self, key)
            guard !object.metadata.isBeingDeleted else { return nil }
            if departures.begin(key) {
                request.logger.info(
                    "The object is no longer this controller's; its artifacts stay until its status leads elsewhere")
            }
            if let artifact = object.status.artifact, artifact.url == url(ofPath: artifact.path),
                store.artifact(key.storeKey, path: artifact.path) != nil
            {
                departures.stillLeadsHere(key)
                return min(max(configuration.handoverGrace, .seconds(1)), Self.departureCheckInterval)
            }
        } catch {
            if error.isNotFound { return nil }
            // Another namespace may be none of our business by now; then time alone decides.
            guard error.isForbidden else { throw error }
        }
        let left = configuration.handoverGrace - departures.timeElsewhere(key, now: time.uptime)
        return left > .zero ? left : nil
    }
}
