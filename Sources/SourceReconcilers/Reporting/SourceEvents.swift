internal import ArtifactStore
internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import OCI

/// The events and log lines that a reconcile of an OCIRepository ends with.
struct SourceEvents: Sendable {
    private static let revisionAnnotation = "\(OCIRepository.group)/revision"
    private static let digestAnnotation = "\(OCIRepository.group)/digest"

    /// What an object was to be told when its status could not be written, or the answer was lost.
    private struct Untold: Sendable {
        let digest: String
        let isNew: Bool
        let date: Timestamp
    }

    private let recorder: any EventRecording
    private let time: any TimeSource
    private let untold = Locked<[NamespacedName: Untold]>([:])

    init(recorder: any EventRecording, time: any TimeSource) {
        self.recorder = recorder
        self.time = time
    }

    /// Tells how a reconcile ended. `object` is what it started from.
    /// - Parameter date: when it ended: the status was written meanwhile.
    func record(_ observation: Observation, of object: OCIRepository, at date: Timestamp, logger: Logger) {
        switch observation.progress {
        case .running, .suspended:
            return
        case .failed(let failure):
            // The runner logs the failure itself.
            recorder.record(
                EventRecord(object, type: .warning, reason: failure.reason, message: failure.message, date: date))
        case .stored(let artifact, _):
            let (isNew, hadFailed) = news(of: artifact, object)
            let told = untold.withLock { $0.removeValue(forKey: object.key) }
            if isNew || hadFailed {
                let message = Self.storedMessage(artifact, of: object) + (observation.selection.map { ", \($0)" } ?? "")
                var annotations = [
                    Self.revisionAnnotation: artifact.revision, Self.digestAnnotation: artifact.digest,
                ]
                if case .verified(_, let signer) = observation.signature { annotations.merge(signer) { own, _ in own } }
                recorder.record(
                    EventRecord(
                        object, type: .normal, reason: isNew ? "NewArtifact" : ConditionReason.succeeded,
                        message: message, date: told?.digest == artifact.digest ? told?.date ?? date : date,
                        annotations: annotations))
                logger.info(message)
            } else {
                let message = "artifact up-to-date with remote revision: '\(artifact.revision)'"
                let isRequested =
                    observation.requestedAt != nil && observation.requestedAt != object.status.lastHandledReconcileAt
                if isRequested {
                    recorder.record(
                        EventRecord(
                            object, type: .normal, reason: "ArtifactUpToDate", message: message, date: date,
                            isTrace: true))
                }
                logger.info(message)
            }
        }
    }

    /// Keeps what there is to tell of a reconcile whose end could not be written: the status may hold it all the same, so
    /// that the next reconcile would find nothing new.
    func postpone(_ observation: Observation, of object: OCIRepository, at date: Timestamp) {
        guard case .stored(let artifact, _) = observation.progress else { return }
        let (isNew, hadFailed) = news(of: artifact, object)
        guard isNew || hadFailed else { return }
        untold.withLock { untold in
            let known = untold[object.key]
            untold[object.key] = Untold(
                digest: artifact.digest, isNew: isNew,
                date: known?.digest == artifact.digest ? known?.date ?? date : date)
        }
    }

    /// Forgets an object that is gone.
    func forget(_ key: NamespacedName) {
        untold.withLock { _ = $0.removeValue(forKey: key) }
    }

    private func news(of artifact: Artifact, _ object: OCIRepository) -> (isNew: Bool, hadFailed: Bool) {
        let untold = untold.withLock { $0[object.key] }
        let isUntold = untold?.digest == artifact.digest
        return (
            object.status.artifact?.digest != artifact.digest || (isUntold && untold?.isNew == true),
            object.status.condition(ConditionType.ready)?.status == .no || isUntold
        )
    }

    /// Tells that old files went.
    func collected(_ count: Int, of object: OCIRepository, logger: Logger) {
        let message = "garbage collected \(count) artifacts"
        recorder.record(
            EventRecord(
                object, type: .normal, reason: "GarbageCollectionSucceeded", message: message, date: time.now,
                isTrace: true))
        logger.info(message)
    }

    /// Tells that a stored file no longer is what was stored.
    func damaged(_ artifact: Artifact, found: Digest, of object: OCIRepository, logger: Logger) {
        let message =
            "failed to verify artifact '\(artifact.path)': its content has digest \(found), not \(artifact.digest); it is built anew"
        recorder.record(
            EventRecord(
                object, type: .warning, reason: "ArtifactVerificationFailed", message: message, date: time.now))
        logger.error(message)
    }

    /// Tells what of the layer an artifact cannot hold.
    func skipped(_ stored: StoredArtifact, of object: OCIRepository, logger: Logger) {
        guard !stored.skipped.isEmpty else { return }
        let message = stored.skipped.description
        recorder.record(
            EventRecord(object, type: .normal, reason: "EntriesSkipped", message: message, date: time.now))
        logger.info(message)
    }

    private static func storedMessage(_ artifact: Artifact, of object: OCIRepository) -> String {
        var message = "stored artifact with revision '\(artifact.revision)' from '\(object.spec.url)'"
        if let source = artifact.metadata[AnnotationKey.source],
            let revision = artifact.metadata[AnnotationKey.revision]
        {
            // Whoever pushed wrote these.
            message += ", origin source '\(RemoteText.printable(source, limit: 256))'"
            message += ", origin revision '\(RemoteText.printable(revision, limit: 256))'"
        }
        return message
    }
}
