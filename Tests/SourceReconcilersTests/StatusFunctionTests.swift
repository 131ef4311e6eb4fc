import Core
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// Every row of the contract's condition table, through the one function that decides.
@Suite struct StatusFunctionTests {
    static let start = Timestamp(seconds: 1_700_000_000)
    static let later = Timestamp(seconds: 1_700_000_100, nanoseconds: 999)

    static let artifact = Artifact(
        path: "ocirepository/default/podinfo/sha256:aa.tar.gz",
        url: "http://host/ocirepository/default/podinfo/sha256:aa.tar.gz", revision: "6.1.0@sha256:aa",
        digest: "sha256:bb", size: 10, lastUpdateTime: start, metadata: [:])
    static let latestURL = "http://host/ocirepository/default/podinfo/latest.tar.gz"

    static func observation(
        generation: Int64 = 1, requestedAt: String? = nil, _ change: (inout Observation) -> Void = { _ in }
    ) -> Observation {
        var observation = Observation(generation: generation, requestedAt: requestedAt)
        change(&observation)
        return observation
    }

    static var readyStatus: OCIRepositoryStatus {
        .following(
            OCIRepositoryStatus(),
            observing: observation {
                $0.content = .absent
                $0.signature = .notRequired
                $0.progress = .stored(artifact, latestURL: latestURL)
            }, at: start)
    }

    func summary(_ status: OCIRepositoryStatus) -> [String] {
        status.conditions.map { "\($0.type)=\($0.status.rawValue) \($0.reason): \($0.message)" }
    }

    @Test func storedArtifactIsReady() {
        let status = Self.readyStatus
        #expect(
            summary(status) == [
                "Ready=True Succeeded: stored artifact for digest '6.1.0@sha256:aa'",
                "ArtifactInStorage=True Succeeded: stored artifact for digest '6.1.0@sha256:aa'",
            ])
        #expect(status.observedGeneration == 1)
        #expect(status.artifact == Self.artifact)
        #expect(status.url == Self.latestURL)
        #expect(status.conditions.allSatisfy { $0.observedGeneration == 1 && $0.lastTransitionTime == Self.start })
    }

    @Test func beginningANewGenerationSaysWhichOne() {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus, observing: Self.observation(generation: 2), at: Self.later)
        #expect(
            summary(status).first == "Reconciling=True Progressing: processing object: new generation 1 -> 2")
        #expect(status.observedGeneration == 1, "a generation is observed when it is dealt with, not when it is begun")
    }

    @Test func beginningWithoutAChangeSaysSo() {
        let status = OCIRepositoryStatus.following(Self.readyStatus, observing: Self.observation(), at: Self.later)
        let first = summary(status).first ?? ""
        #expect(first == "Reconciling=True Progressing: reconciliation in progress")
        #expect(Quote(#"reconciliation in progress"#).matches(first))
    }

    @Test(arguments: [
        (Observation.StoredContent.absent, "building artifact"),
        (.disappeared, "building artifact: disappeared from storage"),
    ])
    func missingContentIsBuilt(content: Observation.StoredContent, message: String) {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus, observing: Self.observation { $0.content = content }, at: Self.later)
        #expect(
            summary(status) == [
                "Reconciling=True Progressing: \(message)", "Ready=Unknown Progressing: \(message)",
            ])
        #expect(status.artifact == nil)
        #expect(status.url == nil)
        #expect(Quote(#"building artifact"#).matches(summary(status)[1]) == (content == .absent))
    }

    @Test func aNewRevisionOutdatesTheStoredOne() {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation {
                $0.content = .present(Self.artifact, latestURL: Self.latestURL)
                $0.newRevision = .init(revision: "6.2.0@sha256:cc", reference: "host/podinfo:6.2.0")
            }, at: Self.later)
        let message = "new revision '6.2.0@sha256:cc' for 'host/podinfo:6.2.0'"
        #expect(
            summary(status) == [
                "Reconciling=True Progressing: building artifact: \(message)",
                "Ready=Unknown Progressing: building artifact: \(message)",
                "ArtifactInStorage=True Succeeded: stored artifact for digest '6.1.0@sha256:aa'",
                "ArtifactOutdated=True NewRevision: \(message)",
            ])
        #expect(status.artifact == Self.artifact, "the last good one stays until the new one is stored")
    }

    @Test func theFirstRevisionOutdatesNothing() {
        let status = OCIRepositoryStatus.following(
            OCIRepositoryStatus(),
            observing: Self.observation {
                $0.content = .absent
                $0.newRevision = .init(revision: "r", reference: "ref")
            }, at: Self.later)
        #expect(!status.conditions.contains { $0.type == ConditionType.artifactOutdated })
    }

    @Test(arguments: [
        (ReconcileFailure.Subject.fetch, ConditionType.fetchFailed, "True", ConditionReason.authenticationFailed),
        (.fetch, ConditionType.fetchFailed, "True", ConditionReason.readOperationFailed),
        (.fetch, ConditionType.fetchFailed, "True", ConditionReason.pullFailed),
        (.fetch, ConditionType.fetchFailed, "True", ConditionReason.layerOperationFailed),
        (.storage, ConditionType.storageOperationFailed, "True", ConditionReason.archiveOperationFailed),
        (.storage, ConditionType.storageOperationFailed, "True", ConditionReason.directoryCreationFailed),
        (.storage, ConditionType.storageOperationFailed, "True", ConditionReason.statOperationFailed),
        (.verification, ConditionType.sourceVerified, "False", ConditionReason.verificationError),
    ])
    func aFailureIsRetriedAndSummarised(
        subject: ReconcileFailure.Subject, type: String, value: String, reason: String
    ) throws {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation(generation: 2, requestedAt: "now") {
                $0.content = .present(Self.artifact, latestURL: Self.latestURL)
                $0.progress = .failed(.init(subject, reason: reason, message: "what went wrong"))
            }, at: Self.later)
        let conditions = Dictionary(uniqueKeysWithValues: status.conditions.map { ($0.type, $0) })
        let failed = try #require(conditions[type])
        #expect(
            "\(failed.status.rawValue) \(failed.reason): \(failed.message)" == "\(value) \(reason): what went wrong")
        let ready = try #require(conditions[ConditionType.ready])
        #expect("\(ready.status.rawValue) \(ready.reason): \(ready.message)" == "False \(reason): what went wrong")
        let reconciling = try #require(conditions[ConditionType.reconciling])
        #expect(reconciling.reason == ConditionReason.progressingWithRetry)
        #expect(conditions[ConditionType.stalled] == nil)
        #expect(status.observedGeneration == 1)
        #expect(status.lastHandledReconcileAt == "now")
        #expect(status.artifact == Self.artifact, "a failure never removes the stored artifact")
        #expect(ready.lastTransitionTime == Timestamp(seconds: Self.later.seconds), "whole seconds")
    }

    @Test(arguments: [
        (ReconcileFailure.Subject.fetch, ConditionReason.urlInvalid), (.fetch, ConditionReason.featureGateDisabled),
    ])
    func aStallIsObservedAndNotInProgress(subject: ReconcileFailure.Subject, reason: String) throws {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation(generation: 2) {
                $0.progress = .failed(.init(subject, reason: reason, message: "wrong", recovery: .stall))
            }, at: Self.later)
        #expect(status.observedGeneration == 2)
        let types = status.conditions.map(\.type)
        #expect(types.prefix(2) == [ConditionType.stalled, ConditionType.ready])
        #expect(!types.contains(ConditionType.reconciling))
    }

    @Test func successEndsEveryTrouble() {
        let failed = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation {
                $0.progress = .failed(.init(.fetch, reason: "R", message: "m", recovery: .stall))
            },
            at: Self.start)
        let status = OCIRepositoryStatus.following(
            failed,
            observing: Self.observation {
                $0.content = .present(Self.artifact, latestURL: Self.latestURL)
                $0.progress = .stored(Self.artifact, latestURL: Self.latestURL)
            }, at: Self.later)
        #expect(status.conditions.map(\.type) == [ConditionType.ready, ConditionType.artifactInStorage])
    }

    @Test func aRepeatedFailureChangesNothing() {
        let failure = Self.observation {
            $0.content = .absent
            $0.progress = .failed(.init(.fetch, reason: "R", message: "m"))
        }
        let once = OCIRepositoryStatus.following(OCIRepositoryStatus(), observing: failure, at: Self.start)
        let twice = OCIRepositoryStatus.following(once, observing: failure, at: Self.later)
        #expect(once == twice, "what was passed through on the way must not show in transition times")
    }

    @Test func anUnchangedSuccessChangesNothing() {
        let ready = Self.readyStatus
        let again = OCIRepositoryStatus.following(
            ready,
            observing: Self.observation {
                $0.content = .present(Self.artifact, latestURL: Self.latestURL)
                $0.signature = .notRequired
                $0.progress = .stored(Self.artifact, latestURL: Self.latestURL)
            }, at: Self.later)
        #expect(again == ready)
    }

    @Test func aFailureOfOneKindReplacesThatOfAnother() {
        let storage = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation { $0.progress = .failed(.init(.storage, reason: "S", message: "s")) },
            at: Self.start)
        let fetch = OCIRepositoryStatus.following(
            storage, observing: Self.observation { $0.progress = .failed(.init(.fetch, reason: "F", message: "f")) },
            at: Self.later)
        #expect(!fetch.conditions.contains { $0.type == ConditionType.storageOperationFailed })
        #expect(fetch.conditions.first { $0.type == ConditionType.ready }?.reason == "F")
    }

    @Test func theSummaryTakesTheMostImportantFailure() {
        let status = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation {
                $0.content = .present(Self.artifact, latestURL: Self.latestURL)
                $0.newRevision = .init(revision: "r", reference: "ref")
                $0.progress = .failed(.init(.fetch, reason: "F", message: "f"))
            }, at: Self.later)
        #expect(status.conditions.first { $0.type == ConditionType.ready }?.reason == "F")
        #expect(status.conditions.contains { $0.type == ConditionType.artifactOutdated })
    }

    @Test func verificationIsReportedAndForgotten() {
        let verified = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation {
                $0.signature = .verified(message: "verified signature of revision r")
                $0.progress = .stored(Self.artifact, latestURL: Self.latestURL)
            }, at: Self.start)
        #expect(summary(verified).contains("SourceVerified=True Succeeded: verified signature of revision r"))
        for verdict in [Observation.SignatureVerdict.notRequired, .ignored] {
            let without = OCIRepositoryStatus.following(
                verified, observing: Self.observation { $0.signature = verdict }, at: Self.later)
            #expect(!without.conditions.contains { $0.type == ConditionType.sourceVerified })
        }
        let kept = OCIRepositoryStatus.following(verified, observing: Self.observation(), at: Self.later)
        #expect(kept.conditions.contains { $0.type == ConditionType.sourceVerified })
    }

    @Test func suspendingObservesWithoutWorking() {
        let failing = OCIRepositoryStatus.following(
            Self.readyStatus,
            observing: Self.observation { $0.progress = .failed(.init(.fetch, reason: "F", message: "f")) },
            at: Self.start)
        let status = OCIRepositoryStatus.following(
            failing, observing: Self.observation(generation: 7, requestedAt: "token") { $0.progress = .suspended },
            at: Self.later)
        #expect(status.observedGeneration == 7)
        #expect(status.lastHandledReconcileAt == "token")
        #expect(status.artifact == Self.artifact)
        #expect(!status.conditions.contains { $0.type == ConditionType.reconciling })
    }

    @Test(arguments: ["x", "é", "𝕏"])
    func longMessagesAreCutBetweenCharacters(character: String) throws {
        let long = String(repeating: character, count: 40_000)
        let status = OCIRepositoryStatus.following(
            OCIRepositoryStatus(),
            observing: Self.observation { $0.progress = .failed(.init(.fetch, reason: "F", message: long)) },
            at: Self.later)
        let message = try #require(status.conditions.first { $0.type == ConditionType.ready }?.message)
        #expect(message.utf8.count <= 32_768)
        #expect(message.utf8.count > 32_760)
        #expect(message.hasSuffix("..."))
        #expect(!message.contains("\u{FFFD}"))
    }

    @Test func conditionsAreOrderedForPeople() {
        var old = OCIRepositoryStatus()
        old.conditions = ["Zed", "Alpha"].map {
            Condition(
                type: $0, status: .yes, reason: "R", message: "", lastTransitionTime: Self.start, observedGeneration: 1)
        }
        let status = OCIRepositoryStatus.following(
            old,
            observing: Self.observation(generation: 2) {
                $0.content = .absent
                $0.progress = .failed(.init(.fetch, reason: "F", message: "f"))
            }, at: Self.later)
        #expect(status.conditions.map(\.type) == ["Reconciling", "Ready", "FetchFailed", "Alpha", "Zed"])
    }
}
