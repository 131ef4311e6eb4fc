import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// What failures leave as it was, what they cost, and how they end.
@Suite struct RecoveryTests {
    private static let layer = TarArchive.layer(["a": "content"])

    @Test func aFailureKeepsTheArtifactAndRecoveryIsTold() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let before = try await bench.object().status
            let files = bench.files
            bench.events.forget()

            bench.registry.misbehave { _ in RegistryStandIn.error(503, "UNAVAILABLE") }
            bench.time.advance(by: .seconds(60))
            try await bench.reconcile()
            let failing = try await bench.object()
            #expect(failing.status.artifact == before.artifact && failing.status.url == before.url)
            #expect(bench.files == files)
            #expect(
                failing.status.condition(ConditionType.artifactInStorage)
                    == before.condition(ConditionType.artifactInStorage))
            #expect(failing.status.condition(ConditionType.ready)?.status == .no)
            #expect(failing.status.condition(ConditionType.ready)?.lastTransitionTime == bench.time.now)
            #expect(failing.status.observedGeneration == 1)
            #expect(try await bench.kstatus() == .inProgress)

            // Ten more failures change nothing.
            for _ in 0..<10 {
                bench.time.advance(by: .seconds(60))
                try await bench.reconcile()
            }
            #expect(try await bench.object().metadata.resourceVersion == failing.metadata.resourceVersion)

            bench.registry.misbehave(nil)
            bench.time.advance(by: .seconds(60))
            bench.events.forget()
            bench.registry.forgetExchanges()
            try await bench.reconcile()
            let after = try await bench.object().status
            #expect(after.artifact == before.artifact)
            #expect(after.conditions.map(\.type) == ["Ready", "ArtifactInStorage"])
            #expect(after.condition(ConditionType.ready)?.lastTransitionTime == bench.time.now)
            #expect(
                after.condition(ConditionType.artifactInStorage)?.lastTransitionTime
                    == before.condition(ConditionType.artifactInStorage)?.lastTransitionTime)
            #expect(bench.registry.downloads == 0)
            #expect(try await bench.kstatus() == .current)
            let event = try #require(bench.events.all.first)
            #expect(
                bench.events.all.count == 1 && event.type == .normal && event.reason == "Succeeded" && !event.isTrace)
            #expect(event.message == "stored artifact with revision '1.0.0@\(digest)' from '\(bench.url)'")
            let quote = Quote(
                #"stored artifact with revision '1.0.0@sha256:6e157705...' from 'oci://127.0.0.1:5051/team/app'"#)
            #expect(quote.matches(event.message))
            let stored = Quote(#"stored artifact for digest '1.0.0@sha256:6e157705...'"#)
            #expect(stored.matches(after.condition(ConditionType.ready)?.message ?? ""))
            #expect(
                event.annotations == [
                    "source.toolkit.fluxcd.io/revision": "1.0.0@\(digest)",
                    "source.toolkit.fluxcd.io/digest": before.artifact?.digest,
                ])
        }
    }

    @Test func anOutdatedArtifactIsSaidToBeOne() async throws {
        try await Workbench.run { bench in
            let one = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let two = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
            bench.registry.misbehave { $0.isBlob ? RegistryStandIn.error(500, "UNKNOWN") : nil }
            try await bench.reconcile()
            var status = try await bench.object().status
            let outdated = try #require(status.condition(ConditionType.artifactOutdated))
            let reference = "\(bench.host)/team/app:1.0.0"
            #expect(outdated.status == .yes && outdated.reason == "NewRevision")
            #expect(outdated.message == "new revision '1.0.0@\(two)' for '\(reference)'")
            let quote = Quote(#"new revision '1.0.0@sha256:6e157705...' for '127.0.0.1:5051/team/app:1.0.0'"#)
            #expect(quote.matches(outdated.message))
            #expect(status.condition(ConditionType.reconciling)?.reason == ConditionReason.progressingWithRetry)
            #expect(
                status.condition(ConditionType.reconciling)?.message
                    == "building artifact: new revision '1.0.0@\(two)' for '\(reference)'")
            #expect(status.condition(ConditionType.ready)?.reason == ConditionReason.pullFailed)
            #expect(status.artifact?.revision == "1.0.0@\(one)")

            // Whoever pushed it takes it back.
            bench.registry.tag("1.0.0", one)
            try await bench.reconcile()
            status = try await bench.object().status
            #expect(status.conditions.map(\.type) == ["Ready", "ArtifactInStorage"])
            #expect(bench.events.all.last?.reason == "Succeeded")
        }
    }

    @Test func aStallEndsWithANewGeneration() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create("app", ["url": .string("\(bench.url):1.0.0")])
            guard case .terminal = try await bench.reconcile() else {
                Issue.record("it does not stall")
                return
            }
            #expect(try await bench.kstatus() == .failed)
            try await bench.change(spec: ["url": .string(bench.url)])
            #expect(try await bench.kstatus() == .inProgress, "a new generation is not judged by the old conditions")
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.conditions.map(\.type) == ["Ready", "ArtifactInStorage"])
            #expect(status.observedGeneration == 2)
        }
    }

    @Test(arguments: ["request", "restart"])
    func aStallIsTriedAgain(after what: String) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create("app", ["provider": "aws"])
            try await bench.withController { _, recorder in
                try await eventually("the stall") { recorder.outcomes.count == 1 }
                bench.time.advance(by: .seconds(100_000))
                if what == "request" { try await bench.request(at: "again") }
                if what == "request" { try await eventually("the second try") { recorder.outcomes.count == 2 } }
                #expect(recorder.started == (what == "request" ? 2 : 1), "a stall has no timed retry")
            }
            guard what == "restart" else { return }
            try await bench.restart()
            guard case .terminal = try await bench.reconcile(priority: .resync) else {
                Issue.record("it is not tried after a restart")
                return
            }
        }
    }

    @Test func aStalledObjectKeepsItsArtifact() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try await bench.object().status.artifact
            try await bench.change(spec: ["url": .string("\(bench.url):1.0.0")])
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(artifact != nil && status.artifact == artifact)
            #expect(status.observedGeneration == 2)
            #expect(try await bench.kstatus() == .failed)
        }
    }

    // MARK: - Secrets

    @Test func aRotatedSecretHealsTheObject() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.require(username: "robot", password: "right-password")
            bench.hide("right-password")
            try await bench.createPullSecret("pull", [bench.host: ("robot", "wrong-password")])
            try await bench.create("app", ["secretRef": ["name": "pull"]])
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .inProgress)
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/pull")
            try await bench.createPullSecret("pull", [bench.host: ("robot", "right-password")])
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aSecretOfTheOlderFormWorks() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.require(username: "robot", password: "right-password")
            bench.hide("right-password")
            let entry: JSONValue = [bench.host: ["username": "robot", "password": "right-password"]]
            try await bench.createSecret(
                "pull", type: "kubernetes.io/dockercfg",
                [".dockercfg": String(decoding: entry.serialized(), as: UTF8.self)])
            try await bench.create("app", ["secretRef": ["name": "pull"]])
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func theBestMatchOfSeveralPullSecretsIsUsed() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.require(username: "robot", password: "right-password")
            try await bench.createPullSecret("host", [bench.host: ("robot", "password-of-the-host")])
            try await bench.createPullSecret(
                "path",
                [
                    "\(bench.host)/team": ("robot", "right-password"),
                    "\(bench.host)/other": ("robot", "elsewhere-password"),
                ])
            try await bench.createPullSecret("glob", ["*.0.0.1": ("robot", "password-of-the-glob")])
            try await bench.createServiceAccount("puller", pullSecrets: ["host", "path", "glob"])
            try await bench.create("app", ["serviceAccountName": "puller"])
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
            let used = Set(bench.registry.exchanges.compactMap(\.authorization))
            #expect(used.count == 1, "no other password was tried at the registry")
        }
    }

    // MARK: - The API server

    @Test func anAPIServerThatFailsCostsNoSecondDownload() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            bench.api.misbehave { exchange in
                exchange.isWrite && exchange.path.hasSuffix("/status") ? .text(500, "the API server is ill") : nil
            }
            guard case .failed = try await bench.reconcile() else {
                Issue.record("a status that could not be written counts as written")
                return
            }
            #expect(bench.events.all.isEmpty, "what is not in the status is not told")
            bench.api.misbehave(nil)
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
            #expect(bench.events.all.map(\.reason) == ["NewArtifact"])
            #expect(bench.registry.downloads == 1)
        }
    }

    @Test func aDeletionThatTheAPIServerRefusesIsTriedAgain() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            try await bench.delete()
            bench.api.misbehave { $0.isWrite ? .text(503, "the API server is ill") : nil }
            guard case .failed = try await bench.reconcile() else {
                Issue.record("the finalizer is still there")
                return
            }
            #expect(await bench.exists())
            bench.api.misbehave(nil)
            try await bench.reconcile()
            #expect(await !bench.exists() && bench.files.isEmpty)
        }
    }

    @Test func otherWritersChangesSurvive() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/app"
            let conditions: [JSONValue] = ["Before", "Meanwhile"].map { type in
                [
                    "type": .string(type), "status": "True", "reason": "Because", "message": "of somebody else",
                    "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
                ]
            }
            try await bench.api.ask(
                "PATCH", "\(path)/status", ["status": ["conditions": .array([conditions[0]])]],
                type: "application/merge-patch+json")
            // Somebody writes between our reading and our writing, once.
            bench.registry.misbehave { [bench] exchange in
                guard exchange.isBlob else { return nil }
                _ = try? await bench.api.ask(
                    "PATCH", path, ["metadata": ["labels": ["written": "meanwhile"]]],
                    type: "application/merge-patch+json")
                _ = try? await bench.api.ask(
                    "PATCH", "\(path)/status", ["status": ["conditions": .array(conditions)]],
                    type: "application/merge-patch+json")
                return nil
            }
            try await bench.reconcile()
            let json = try await bench.json()
            #expect(json.member(at: "metadata", "labels", "written") == "meanwhile")
            let all = json.member(at: "status", "conditions")?.arrayValue ?? []
            #expect(conditions.allSatisfy { all.contains($0) })
            #expect(try await bench.kstatus() == .current)
            #expect(try await bench.object().metadata.finalizers == ["finalizers.fluxcd.io"])
        }
    }

    /// Whoever may write a status must not be able to pass what is stored off as another revision, which is never fetched then.
    @Test func aStatusThatGivesTheFileAnotherRevisionIsNotBelieved() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let new = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
            try await bench.api.ask(
                "PATCH", "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/app/status",
                ["status": ["artifact": ["revision": .string("1.0.0@\(new)")]]], type: "application/merge-patch+json")
            try await bench.settle()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            #expect(artifact.revision == "1.0.0@\(new)" && !artifact.path.contains(digest.hex), "\(artifact)")
            #expect(try await bench.names() == ["a"])
        }
    }

    /// A manifest's annotations become a part of the status, which has to fit into the object.
    @Test func annotationsThatNoStatusHoldsAreRefused() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push(
                "1.0.0", layer: Self.layer, annotations: ["large": String(repeating: "x", count: 70_000)])
            try await bench.create()
            try await bench.reconcile()
            let condition = try #require(try await bench.condition(ConditionType.fetchFailed))
            #expect(condition.status == .yes && condition.reason == "OCIArtifactPullFailed")
            #expect(condition.message.contains("the annotations of manifest \(digest) take 70012 bytes"))
            #expect(
                Quote(
                    #"failed to pull artifact from 'oci://127.0.0.1:5051/team/app': the annotations of manifest sha256:dcc74ba7... take 70012 bytes, more than the 65536 that the status has room for; push it with fewer or shorter ones"#
                ).matches(condition.message), "\(condition)")
            #expect(
                Quote(
                    #"the annotations of manifest sha256:dcc74ba7... take 70012 bytes, more than the 65536 that the status has room for; push it with fewer or shorter ones"#
                ).matches(condition.message))
            #expect(bench.registry.downloads == 0)
            bench.registry.push(
                "1.0.0", layer: Self.layer, annotations: ["large": String(repeating: "x", count: 60_000)])
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact?.metadata["large"]?.count == 60_000)
        }
    }

    /// Days in `spec.timeout` would keep a worker for days.
    @Test func noMoreThanAnHourOfTheTimeoutCounts() async throws {
        var options = Workbench.Options()
        options.registryTime = StridingTime(stride: .seconds(3700))
        try await Workbench.run(options) { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create("app", ["timeout": "9000m"])
            try await bench.reconcile()
            let condition = try #require(try await bench.condition(ConditionType.fetchFailed))
            #expect(condition.message.hasSuffix("not done within 1h0m0s"), "\(condition)")
            #expect(Quote(#"not done within 1h0m0s"#).matches(condition.message))
            #expect(
                Quote(
                    #"failed to determine artifact digest: cannot resolve tag '1.0.0' of 'team/app' at registry '127.0.0.1:5051': not done within 1h0m0s"#
                ).matches(condition.message), "\(condition)")
        }
    }

    /// A newer definition may allow what this version cannot read: the object is there all the same.
    @Test func anUnreadableObjectKeepsItsFilesUntilItIsDeleted() async throws {
        var options = Workbench.Options()
        options.selector = "shard=a"
        try await Workbench.run(options) { bench in
            let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/app"
            let label = { (value: JSONValue) in
                _ = try await bench.api.ask(
                    "PATCH", path, ["metadata": ["labels": ["shard": value]]], type: "application/merge-patch+json")
            }
            let key = Workbench.key("app"), informer = bench.informer, reconciler = bench.reconciler
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await label("a")
            try await bench.reconcile()
            let files = bench.files
            #expect(!files.isEmpty)
            // As after a restart, the first that is seen of the object cannot be read: a day that there is not.
            try await label(.null)
            try await eventually { informer.store.object(key) == nil }
            try await bench.api.ask(
                "PATCH", path + "/status", ["status": ["artifact": ["lastUpdateTime": "2026-02-31T00:00:00Z"]]],
                type: "application/merge-patch+json")
            try await label("a")
            try await eventually { informer.store.unreadable(key) != nil }
            let outcome = await reconciler.reconcile(ReconcileRequest(key: key))
            guard case .done = outcome else {
                Issue.record("expected nothing to do, not \(outcome)")
                return
            }
            #expect(bench.files == files)
            try await bench.delete()
            try await eventually { informer.store.unreadable(key)?.isBeingDeleted == true }
            _ = await reconciler.reconcile(ReconcileRequest(key: key))
            #expect(await !bench.exists())
            #expect(bench.files.isEmpty)
        }
    }
}
