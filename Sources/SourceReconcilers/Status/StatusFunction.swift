package import Core
package import KubernetesAPI

extension OCIRepositoryStatus {
    /// The status that follows from `old` and what a reconcile has observed: every rule about conditions is here.
    ///
    /// It may be asked at any point of a reconcile, always with the status from before it, so that what is shown on the
    /// way leaves no trace in the transition times of the end.
    package static func following(
        _ old: OCIRepositoryStatus, observing observation: Observation, at now: Timestamp
    ) -> OCIRepositoryStatus {
        var status = old
        var conditions = ConditionSet(old.conditions, generation: observation.generation, now: now)

        if observation.progress == .suspended {
            // Nobody works on the object, so nothing may claim it; the rest stands as it was left.
            conditions.remove(ConditionType.reconciling)
            status.conditions = conditions.sorted
            status.observedGeneration = observation.generation
            status.lastHandledReconcileAt = observation.requestedAt ?? old.lastHandledReconcileAt
            return status
        }

        markStarted(&conditions, old: old, observation)
        apply(observation.content, to: &status, &conditions)
        apply(observation.signature, generation: observation.generation, to: &conditions)
        if let new = observation.newRevision { mark(new, replacing: status.artifact, in: &conditions) }

        switch observation.progress {
        case .running, .suspended:
            break
        case .failed(let failure):
            mark(failure, in: &conditions)
            if failure.isStall { status.observedGeneration = observation.generation }
        case .stored(let artifact, let latestURL):
            markStored(artifact, in: &conditions)
            status.artifact = artifact
            status.url = latestURL
            status.observedIgnore = observation.ignore
            status.observedLayerSelector = observation.layerSelector
            status.observedGeneration = observation.generation
        }
        if observation.progress != .running {
            summarize(&conditions)
            status.lastHandledReconcileAt = observation.requestedAt ?? old.lastHandledReconcileAt
        }
        status.conditions = conditions.sorted
        return status
    }

    private static func markStarted(
        _ conditions: inout ConditionSet, old: OCIRepositoryStatus, _ observation: Observation
    ) {
        let message =
            observation.generation != old.observedGeneration
            ? "processing object: new generation \(old.observedGeneration) -> \(observation.generation)"
            : "reconciliation in progress"
        conditions.set(ConditionType.reconciling, .yes, reason: ConditionReason.progressing, message: message)
    }

    private static func apply(
        _ content: Observation.StoredContent, to status: inout OCIRepositoryStatus, _ conditions: inout ConditionSet
    ) {
        switch content {
        case .notExamined:
            break
        case .present(let artifact, let latestURL):
            status.artifact = artifact
            status.url = latestURL
        case .absent, .disappeared, .withheld:
            status.artifact = nil
            status.url = nil
            conditions.remove(ConditionType.artifactInStorage)
            let details: [Observation.StoredContent: String] = [
                .disappeared: ": disappeared from storage", .withheld: ": withheld until a signature verifies",
            ]
            markBuilding(details[content] ?? "", in: &conditions)
        }
    }

    private static func apply(
        _ verdict: Observation.SignatureVerdict, generation: Int64, to conditions: inout ConditionSet
    ) {
        switch verdict {
        case .unchanged:
            break
        case .notRequired, .ignored:
            conditions.remove(ConditionType.sourceVerified)
        case .verified(let message, _):
            conditions.set(ConditionType.sourceVerified, .yes, reason: ConditionReason.succeeded, message: message)
        }
    }

    private static func mark(
        _ new: Observation.NewRevision, replacing artifact: Artifact?, in conditions: inout ConditionSet
    ) {
        let message = "new revision '\(new.revision)' for '\(new.reference)'"
        if artifact != nil {
            conditions.set(
                ConditionType.artifactOutdated, .yes, reason: ConditionReason.newRevision, message: message)
        }
        markBuilding(": \(message)", in: &conditions)
    }

    private static func markBuilding(_ detail: String, in conditions: inout ConditionSet) {
        let message = "building artifact\(detail)"
        conditions.set(ConditionType.reconciling, .yes, reason: ConditionReason.progressing, message: message)
        conditions.set(ConditionType.ready, .unknown, reason: ConditionReason.progressing, message: message)
    }

    private static func mark(_ failure: ReconcileFailure, in conditions: inout ConditionSet) {
        // Only what this reconcile has seen may speak: an older failure of another kind is no longer news.
        conditions.remove(ConditionType.fetchFailed, ConditionType.storageOperationFailed)
        let (type, status): (String, Condition.Status) =
            switch failure.subject {
            case .fetch: (ConditionType.fetchFailed, .yes)
            case .storage: (ConditionType.storageOperationFailed, .yes)
            case .verification: (ConditionType.sourceVerified, .no)
            }
        conditions.set(type, status, reason: failure.reason, message: failure.message)
        if failure.isStall {
            conditions.remove(ConditionType.reconciling)
            conditions.set(ConditionType.stalled, .yes, reason: failure.reason, message: failure.message)
        } else {
            conditions.remove(ConditionType.stalled)
            let message = conditions[ConditionType.reconciling]?.message ?? "reconciliation in progress"
            conditions.set(
                ConditionType.reconciling, .yes, reason: ConditionReason.progressingWithRetry, message: message)
        }
    }

    private static func markStored(_ artifact: Artifact, in conditions: inout ConditionSet) {
        conditions.remove(
            ConditionType.fetchFailed, ConditionType.storageOperationFailed, ConditionType.artifactOutdated,
            ConditionType.stalled, ConditionType.reconciling)
        conditions.set(
            ConditionType.artifactInStorage, .yes, reason: ConditionReason.succeeded,
            message: "stored artifact for digest '\(artifact.revision)'")
    }

    /// Sums the conditions up in `Ready`.
    private static func summarize(_ conditions: inout ConditionSet) {
        let worst = ConditionType.negativePolarity.first { conditions.isTrue($0) }.flatMap { conditions[$0] }
        if let unverified = conditions[ConditionType.sourceVerified], unverified.status == .no {
            conditions.set(ConditionType.ready, .no, reason: unverified.reason, message: unverified.message)
        } else if let worst {
            conditions.set(ConditionType.ready, .no, reason: worst.reason, message: worst.message)
        } else if let stored = conditions[ConditionType.artifactInStorage] {
            conditions.set(ConditionType.ready, .yes, reason: stored.reason, message: stored.message)
        }
    }
}
