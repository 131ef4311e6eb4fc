import ArtifactStore
import ControllerRuntime
import Core
import HTTPServing
import HTTPTransport
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// What makes the controller reconcile, interrupts it, or holds it back: with the real queue, on a clock that the test moves.
@Suite(.timeLimit(.minutes(10))) struct LifecycleTests {
    private static let layer = TarArchive.layer(["a": "content"])

    /// Lets layers through `gate` only.
    private static func hold(
        _ gate: Gate, _ bench: Workbench,
        where predicate: @escaping @Sendable (RegistryStandIn.Exchange) -> Bool = { $0.isBlob }
    ) {
        bench.registry.misbehave { exchange in
            guard predicate(exchange) else { return nil }
            do { try await gate.pass() } catch { return .text(500, "left") }
            return nil
        }
    }

    // MARK: - Asked by a person

    @Test func aRequestedReconcileIsNotedAndTold() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            bench.events.forget()
            for token in ["first", "second"] {
                try await bench.request(at: token)
                try await bench.reconcile(priority: .requested)
                #expect(try await bench.object().status.lastHandledReconcileAt == token)
                let event = try #require(bench.events.all.last)
                #expect(event.reason == "ArtifactUpToDate" && event.isTrace && event.type == .normal)
                #expect(event.message == "artifact up-to-date with remote revision: '1.0.0@\(digest)'")
                let quote = Quote(#"artifact up-to-date with remote revision: '1.0.0@sha256:6e157705...'"#)
                #expect(quote.matches(event.message))
                try await bench.reconcile()
            }
            #expect(bench.events.all.count == 2, "polls that nobody asked for are not told")
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aFailureHandlesTheRequestToo() async throws {
        try await Workbench.run { bench in
            try await bench.create("app", annotations: ["reconcile.fluxcd.io/requestedAt": "now"])
            try await bench.reconcile()
            #expect(try await bench.object().status.lastHandledReconcileAt == "now")
        }
    }

    /// The status write then meets a newer object, whose watch event wakes nobody any more.
    @Test(arguments: [true, false])
    func aChangeThatTheStatusMeetsIsLookedAt(isSpec: Bool) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            let gate = Gate()
            Self.hold(gate, bench)
            try await bench.create()
            let running = Task { try await bench.reconcile() }
            try await eventually("the download waits") { bench.registry.exchanges.contains { $0.isBlob } }
            if isSpec {
                try await bench.change(spec: ["interval": "7m"])
            } else {
                try await bench.request(at: "token")
            }
            gate.open()
            // Reconciles on while the reconciler asks for it at once.
            _ = try await running.value
            let object = try await bench.object()
            #expect(object.status.observedGeneration == object.metadata.generation)
            #expect(object.status.lastHandledReconcileAt == object.requestedReconcile)
            #expect(bench.events.all.filter { $0.reason == "NewArtifact" }.count == 1, "only what was written is told")
        }
    }

    @Test func manyRequestsBecomeOne() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            let gate = Gate()
            Self.hold(gate, bench)
            try await bench.withController { _, recorder in
                try await bench.create()
                try await eventually("the download") { gate.arrivals == 1 }
                for number in 1...20 { try await bench.request(at: "token-\(number)") }
                try await bench.settle()
                gate.open()
                try await eventually("the last token") {
                    try await bench.object().status.lastHandledReconcileAt == "token-20"
                }
                #expect(recorder.started <= 3, "\(recorder.started) reconciles for 20 changes of the annotation")
            }
            #expect(bench.registry.downloads == 1)
        }
    }

    // MARK: - Suspended

    @Test func suspendingStopsTheWorkAndKeepsTheArtifact() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try await bench.object().status.artifact
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
            bench.registry.forgetExchanges()
            try await bench.change(spec: ["suspend": true])
            try await bench.request(at: "while suspended")
            guard case .done = try await bench.reconcile() else {
                Issue.record("a suspended object is polled")
                return
            }
            let object = try await bench.object()
            #expect(bench.registry.exchanges.isEmpty)
            #expect(object.status.artifact == artifact && bench.files.contains(artifact?.path ?? ""))
            #expect(object.status.observedGeneration == 2)
            #expect(object.status.lastHandledReconcileAt == "while suspended")
            #expect(try await bench.kstatus() == .current)

            try await bench.change(spec: ["suspend": false])
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact?.digest != artifact?.digest)
        }
    }

    @Test func aFailingObjectThatIsSuspendedIsNotInProgressForEver() async throws {
        try await Workbench.run { bench in
            try await bench.create()
            try await bench.reconcile()
            try await bench.change(spec: ["suspend": true])
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.condition(ConditionType.reconciling) == nil)
            #expect(status.condition(ConditionType.fetchFailed)?.status == .yes, "what was found out stays")
            #expect(status.observedGeneration == 2)
        }
    }

    // MARK: - The end

    @Test func deletionLeavesNothing() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.create("other")
            try await bench.reconcile()
            try await bench.reconcile("other")
            #expect(try await bench.object().metadata.finalizers == ["finalizers.fluxcd.io"])
            try await bench.delete()
            #expect(try await bench.kstatus() == .terminating)
            guard case .done = try await bench.reconcile() else {
                Issue.record("the deletion is not done")
                return
            }
            #expect(await !bench.exists())
            #expect(!bench.files.contains { $0.hasPrefix("ocirepository/apps/app/") })
            #expect(bench.files.contains { $0.hasPrefix("ocirepository/apps/other/") })
            #expect(bench.store.artifact(ObjectKey(namespace: "apps", name: "app")) == nil)
            let metrics = String(decoding: bench.metrics.exposition(), as: UTF8.self)
            #expect(!metrics.contains(#"name="app""#) && metrics.contains(#"name="other""#))
        }
    }

    @Test func deletionDuringTheFirstDownloadLeavesNothing() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            // The layer begins and never ends.
            bench.registry.misbehave { exchange in
                guard exchange.isBlob else { return nil }
                return HTTPServerResponse(
                    status: 200,
                    body: .stream { writer in
                        try await writer.write(Array(Self.layer.prefix(20)))
                        try await Task.sleep(for: .seconds(300))
                    })
            }
            try await bench.withController { _, _ in
                try await bench.create()
                try await eventually("the download") { bench.files.contains { $0.hasPrefix(".ingest/") } }
                try await bench.delete()
                try await eventually("the end of the object") { await !bench.exists() }
            }
            try await eventually("the end of its files") { bench.files.isEmpty }
            #expect(bench.store.storedBytes == 0)
            #expect(bench.events.all.isEmpty, "a cancelled download is no failure: \(bench.events.all)")
            try await eventually("the end of the transfer") { bench.registry.underWay == 0 }
        }
    }

    @Test func deletingAnObjectWithALongNameLeavesNothing() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            // A DNS subdomain of Kubernetes may have labels of more than 63 characters.
            let name = String(repeating: "a", count: 120) + "." + String(repeating: "b", count: 120)
            try await bench.create(name)
            try await bench.reconcile(name)
            #expect(try await bench.kstatus(name) == .current)
            #expect(try await bench.artifact(name) == Self.layer)
            try await bench.delete(name)
            try await bench.reconcile(name)
            #expect(await !bench.exists(name))
            #expect(bench.files.isEmpty)
        }
    }

    @Test func anObjectThatIsGoneIsForgotten() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            // Somebody takes the finalizer away and deletes it while the controller is down.
            try await bench.api.ask(
                "PATCH", "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/app",
                ["metadata": ["finalizers": .null]], type: "application/merge-patch+json")
            try await bench.delete()
            try await bench.restart()
            #expect(!bench.files.isEmpty)
            try await bench.reconcile(priority: .resync)
            #expect(bench.files.isEmpty)
        }
    }

    // MARK: - Changed meanwhile

    @Test func aNewSpecInterruptsTheDownload() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            let other = TarArchive.layer(["a": "two"])
            let two = bench.registry.push("2.0.0", layer: other)
            let first = bench.registry.store(blob: Self.layer)
            let gate = Gate()
            Self.hold(gate, bench) { $0.path.hasSuffix("/blobs/\(first)") }
            try await bench.withController { _, recorder in
                try await bench.create()
                try await eventually("the download") { gate.arrivals == 1 }
                try await bench.change(spec: ["ref": ["tag": "2.0.0"]])
                try await eventually("the new version") {
                    try await bench.object().status.artifact?.revision == "2.0.0@\(two)"
                }
                try await eventually("the end of the reconcile") { recorder.outcomes.count == recorder.started }
            }
            #expect(try await bench.artifact() == other)
            #expect(try await bench.object().status.observedGeneration == 2)
            #expect(bench.events.all.map(\.reason) == ["NewArtifact"])
            #expect(bench.store.objects.count == 1 && bench.files.count == 2, "\(bench.files)")
        }
    }

    @Test func progressIsShownWhileADownloadLasts() async throws {
        try await Workbench.run { bench in
            let one = bench.registry.push("1.0.0", layer: Self.layer)
            let first = Gate()
            Self.hold(first, bench)
            try await bench.withController { controller, _ in
                try await bench.create()
                try await eventually("the download") { first.arrivals == 1 }
                try await bench.showProgress()
                var status = try await bench.object().status
                let building = "building artifact: new revision '1.0.0@\(one)' for '\(bench.host)/team/app:1.0.0'"
                #expect(status.condition(ConditionType.reconciling)?.status == .yes)
                #expect(status.condition(ConditionType.reconciling)?.reason == "Progressing")
                #expect(status.condition(ConditionType.reconciling)?.message == building)
                let quote = Quote(
                    #"building artifact: new revision '1.0.0@sha256:6e157705...' for '127.0.0.1:5051/team/app:1.0.0'"#)
                #expect(quote.matches(building))
                #expect(status.condition(ConditionType.ready)?.status == .unknown)
                #expect(status.condition(ConditionType.ready)?.message == building)
                #expect(status.condition(ConditionType.artifactOutdated) == nil, "there is nothing to be outdated")
                #expect(status.observedGeneration == -1)
                #expect(try await bench.kstatus() == .inProgress)
                first.open()
                try await eventually("readiness") { try await bench.kstatus() == .current }

                let second = Gate()
                Self.hold(second, bench)
                let two = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
                controller.enqueue(Workbench.key("app"), priority: .poll)
                try await eventually("the second download") { second.arrivals == 1 }
                try await bench.showProgress()
                status = try await bench.object().status
                #expect(status.condition(ConditionType.artifactOutdated)?.message.contains("\(two)") == true)
                #expect(status.condition(ConditionType.ready)?.status == .unknown)
                #expect(status.artifact?.revision == "1.0.0@\(one)", "the old artifact is served meanwhile")
                #expect(try await bench.kstatus() == .inProgress)
                second.open()
                try await eventually("readiness") {
                    let status = try await bench.object().status
                    return status.artifact?.revision == "1.0.0@\(two)"
                }
                #expect(try await bench.object().status.conditions.map(\.type) == ["Ready", "ArtifactInStorage"])
            }
        }
    }

    @Test func aNewGenerationIsShownWhileTheRegistryIsAsked() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let gate = Gate()
            Self.hold(gate, bench) { $0.isHead }
            try await bench.withController { _, _ in
                try await bench.change(spec: ["interval": "30m"])
                try await eventually("the request") { gate.arrivals == 1 }
                try await bench.showProgress()
                let status = try await bench.object().status
                #expect(status.condition(ConditionType.reconciling)?.reason == "Progressing")
                let message = status.condition(ConditionType.reconciling)?.message ?? ""
                #expect(message == "processing object: new generation 1 -> 2")
                #expect(Quote(#"processing object: new generation 1 -> 2"#).matches(message))
                #expect(status.observedGeneration == 1)
                #expect(try await bench.kstatus() == .inProgress)
                gate.open()
                try await eventually("readiness") { try await bench.kstatus() == .current }
            }
        }
    }

    // MARK: - Held back

    @Test(arguments: [("300", 300), ("86400", 900)])
    func aRegistryThatAsksToWaitIsLeftAlone(header: String, seconds: Int) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.misbehave { _ in
                RegistryStandIn.error(429, "TOOMANYREQUESTS", ["Retry-After": header])
            }
            try await bench.withController { _, recorder in
                try await bench.create()
                try await eventually("the first try") { recorder.outcomes.count == 1 }
                guard case .failed(_, notBefore: let delay)? = recorder.outcomes.first else {
                    Issue.record("\(recorder.outcomes)")
                    return
                }
                #expect(delay == .seconds(seconds))
                let asked = bench.registry.exchanges.count
                bench.registry.misbehave(nil)
                // The time is that of the sleeping queue: it moves only when everybody sleeps.
                bench.time.advance(by: .seconds(seconds - 1))
                // A person goes ahead of what the registry asked for.
                try await bench.create("other", ["ref": ["tag": "1.0.0"]])
                try await eventually("another object") { try await bench.kstatus("other") == .current }
                #expect(recorder.requests.filter { $0.key.name == "app" }.count == 1, "it was asked too early")
                #expect(bench.registry.exchanges.count > asked)
                bench.time.advance(by: .seconds(1))
                try await eventually("the second try") { try await bench.kstatus() == .current }
            }
        }
    }

    @Test func aPersonGoesAheadOfRetryAfter() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.misbehave { _ in
                RegistryStandIn.error(429, "TOOMANYREQUESTS", ["Retry-After": "300"])
            }
            try await bench.withController { _, recorder in
                try await bench.create()
                try await eventually("the first try") { recorder.outcomes.count == 1 }
                bench.registry.misbehave(nil)
                try await bench.request(at: "now")
                try await eventually("the second try") { try await bench.kstatus() == .current }
            }
        }
    }

    @Test func failuresBackOff() async throws {
        try await Workbench.run { bench in
            try await bench.withController { _, recorder in
                try await bench.create()
                var delay = Duration.milliseconds(750)
                for attempt in 1...4 {
                    try await eventually("try \(attempt)") { recorder.outcomes.count == attempt }
                    try await eventually("the wait") { bench.time.nextDeadline == delay }
                    bench.time.advance(by: delay - .milliseconds(1))
                    #expect(recorder.started == attempt)
                    bench.time.advance(by: .milliseconds(1))
                    delay *= 2
                }
            }
        }
    }

    @Test func anObjectIsPolledAtItsInterval() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.withController { _, recorder in
                try await bench.create()
                try await eventually("readiness") { recorder.outcomes.count == 1 }
                guard case .requeue(after: let delay)? = recorder.outcomes.first else {
                    Issue.record("\(recorder.outcomes)")
                    return
                }
                bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
                try await eventually("the wait") { bench.time.nextDeadline == delay }
                bench.time.advance(by: delay)
                try await eventually("the poll") { try await bench.names() == ["a"] && recorder.outcomes.count == 2 }
                #expect(bench.events.all.map(\.reason) == ["NewArtifact", "NewArtifact"])
                // Our own writes woke nobody.
                #expect(recorder.started == 2)
            }
        }
    }

    @Test(arguments: ["created", "changed"])
    func aSecretThatHealsTheObjectIsNoticedAtOnce(how: String) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.require(username: "robot", password: "right-password")
            if how == "changed" { try await bench.createPullSecret("pull", [bench.host: ("robot", "wrong-password")]) }
            try await bench.withController { _, recorder in
                try await bench.create("app", ["secretRef": ["name": "pull"]])
                try await eventually("the failure") { recorder.outcomes.count >= 1 }
                if how == "changed" { try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/pull") }
                try await bench.createPullSecret("pull", [bench.host: ("robot", "right-password")])
                // The clock stands still: no retry of the object's own helps.
                try await eventually("readiness") { try await bench.kstatus() == .current }
            }
        }
    }

    // MARK: - Restart

    @Test func aRestartIsNoStampede() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let before = try await bench.json()
            try await bench.restart()
            bench.registry.forgetExchanges()
            bench.api.forgetExchanges()
            for _ in 0..<20 {
                guard case .requeue(after: let delay) = try await bench.reconcile(priority: .resync) else {
                    Issue.record("it does not wait")
                    return
                }
                #expect((Duration.zero..<(.seconds(600))).contains(delay))
            }
            #expect(bench.registry.exchanges.isEmpty)
            #expect(!bench.api.exchanges.contains { $0.path.contains("/ocirepositories/") })
            #expect(try await bench.json() == before)
        }
    }

    @Test(arguments: ["generation", "request", "file", "failure", "host"])
    func whatIsNotAsItShouldBeIsReconciledAfterARestart(what: String) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            switch what {
            case "generation": try await bench.change(spec: ["interval": "1h"])
            case "request": try await bench.request(at: "while down")
            case "failure":
                bench.registry.misbehave { _ in RegistryStandIn.error(500, "UNKNOWN") }
                try await bench.reconcile()
                bench.registry.misbehave(nil)
            case "file":
                let path = try #require(try await bench.object().status.artifact?.path)
                try bench.folder.write("torn", to: path)
            default: break
            }
            try await bench.restart { if what == "host" { $0.advertisedHost = "elsewhere.test" } }
            bench.registry.forgetExchanges()
            try await bench.reconcile(priority: .resync)
            #expect(!bench.registry.exchanges.isEmpty, "it waits, although its \(what) is not as it should be")
            #expect(try await bench.kstatus() == .current)
            #expect(try await bench.artifact() == Self.layer)
        }
    }
}

extension Workbench {
    /// Lets the half second pass after which progress is written, and waits until it is.
    func showProgress(_ name: String = "app") async throws {
        let version = try await object(name).metadata.resourceVersion
        try await eventually("a writer that waits") { time.nextDeadline.map { $0 <= .milliseconds(500) } ?? false }
        time.advance(by: .milliseconds(500))
        try await eventually("progress in the status") { try await object(name).metadata.resourceVersion != version }
    }
}
