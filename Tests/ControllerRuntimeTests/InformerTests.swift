import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct InformerTests {
    private final class Recorder: Sendable {
        let events = Locked<[String]>([])
        func record(_ event: InformerEvent<OCIRepository>) {
            let text =
                switch event {
                case .added(let object, let isInitial): "\(isInitial ? "initial" : "added") \(object.key.name)"
                case .updated(let old, let new):
                    "updated \(new.key.name) \(old.metadata.resourceVersion)->\(new.metadata.resourceVersion)"
                case .deleted(let object): "deleted \(object.key.name)"
                case .unreadableEnding(let key): "ending \(key.name)"
                }
            events.withLock { $0.append(text) }
        }
    }

    private func withInformer(
        _ server: FakeAPIServer, time: ManualTime = ManualTime(), scope: ObjectScope = ObjectScope(),
        _ body: (Informer<OCIRepository>, Recorder) async throws -> Void
    ) async throws {
        let informer = Informer<OCIRepository>(
            server: server, scope: scope, pageSize: 2, time: time, random: .seeded(1), transform: { $0.trimmed() })
        let recorder = Recorder()
        informer.onChange(recorder.record)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            try await body(informer, recorder)
            group.cancelAll()
        }
    }

    @Test func fillsTheStoreFromPagesThenFollowsTheWatch() async throws {
        let server = FakeAPIServer()
        server.answer(
            .success(
                list([repository("a"), repository("b", annotations: ["x": "y"])], version: 5, continueToken: "t")),
            .success(list([repository("c")], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            #expect(informer.store.count == 3)
            #expect(informer.store.object(key("b"))?.metadata.annotations.isEmpty == true)
            watch.yield(.success(.added(repository("d", version: 6))))
            watch.yield(.success(.modified(repository("a", version: 7, generation: 2))))
            watch.yield(.success(.deleted(repository("b", version: 8))))
            watch.yield(.success(.bookmark(resourceVersion: "20")))
            try await eventually { recorder.events.current.count == 6 }
            #expect(
                recorder.events.current == [
                    "initial a", "initial b", "initial c", "added d", "updated a 1->7", "deleted b",
                ])
            #expect(informer.store.keys.sorted().map(\.name) == ["a", "c", "d"])
            let second = server.queueWatch()
            watch.finish()
            try await eventually { server.requests.count == 4 }
            #expect(server.requests[1].target.contains("continue=t"))
            #expect(server.requests[0].target.hasPrefix("/apis/source.toolkit.fluxcd.io/v1/ocirepositories?limit=2"))
            #expect(server.requests[2].target.contains("resourceVersion=5"))
            #expect(server.requests[2].target.contains("allowWatchBookmarks=true"))
            #expect(server.requests[3].target.contains("resourceVersion=20"))
            second.finish()
        }
    }

    @Test func aGoneHistoryIsListedAgainAndSwappedWhole() async throws {
        let server = FakeAPIServer()
        server.answer(.success(list([repository("a"), repository("b")], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            watch.yield(.success(.bookmark(resourceVersion: "6")))
            server.answer(.success(list([repository("b", version: 9), repository("c")], version: 9)))
            let second = server.queueWatch()
            watch.yield(.success(.error(Status(message: "too old", reason: "Expired", code: 410))))
            try await eventually { recorder.events.current.count == 5 }
            #expect(recorder.events.current.suffix(3) == ["deleted a", "updated b 1->9", "added c"])
            #expect(informer.store.keys.sorted().map(\.name) == ["b", "c"])
            second.finish()
        }
    }

    @Test func failuresAreWaitedOutAndNothingIsLost() async throws {
        let server = FakeAPIServer()
        server.answer(
            .failure(KubernetesError(.transport, "refused", isRetryable: true)), .failure(.failure(403, "Forbidden")),
            .success(list([repository("a")], version: 5)))
        let time = ManualTime()
        let watch = server.queueWatch()
        try await withInformer(server, time: time) { informer, recorder in
            for _ in 0..<2 {
                await time.waitForSleepers()
                #expect(!informer.store.isReady)
                time.advance(by: .seconds(30))
            }
            try await informer.store.waitUntilReady()
            try await eventually { server.requests.count == 4 }
            watch.yield(.failure(KubernetesError(.transport, "reset", isRetryable: true)))
            await time.waitForSleepers()
            let second = server.queueWatch()
            time.advance(by: .seconds(30))
            second.yield(.success(.added(repository("b", version: 6))))
            try await eventually { informer.store.count == 2 }
            #expect(server.requests.last?.target.contains("resourceVersion=5") == true)
            #expect(recorder.events.current == ["initial a", "added b"])
        }
    }

    @Test func anUnreadableObjectIsNotTakenForADeletedOne() async throws {
        let server = FakeAPIServer()
        var broken = repository("a", version: 7)
        broken["spec"] = ["url": 5]
        server.answer(.success(list([repository("a"), broken], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            watch.yield(.success(.modified(broken)))
            watch.yield(.success(.added(repository("b", version: 8))))
            try await eventually { recorder.events.current.count == 2 }
            #expect(informer.store.object(key("a"))?.metadata.resourceVersion == "1")
            server.answer(.success(list([broken], version: 9)))
            let second = server.queueWatch()
            watch.yield(.success(.error(Status(message: "", reason: "Expired", code: 410))))
            try await eventually { recorder.events.current.count == 3 }
            #expect(recorder.events.current.last == "deleted b")
            #expect(informer.store.object(key("a")) != nil)
            second.finish()
        }
    }

    /// Of an object that was never read, what it says of itself is enough to know that it is there and when it ends.
    @Test func anUnreadableObjectIsThereUntilItEnds() async throws {
        let server = FakeAPIServer()
        func broken(_ name: String, version: Int, deleting: Bool = false) -> JSONValue {
            var json = repository(
                name, version: version, annotations: ["x": "y"], deleting: deleting, finalizers: ["f"])
            json["spec"] = ["url": 5]
            return json
        }
        server.answer(.success(list([broken("a", version: 1), broken("b", version: 2, deleting: true)], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            #expect(informer.store.keys.isEmpty)
            let metadata = try #require(informer.store.unreadable(key("a")))
            #expect(metadata.uid == "uid-a" && metadata.finalizers == ["f"] && metadata.annotations.isEmpty)
            #expect(informer.store.unreadable(key("c")) == nil)
            watch.yield(.success(.modified(broken("a", version: 6))))
            watch.yield(.success(.modified(broken("a", version: 7, deleting: true))))
            watch.yield(.success(.deleted(broken("b", version: 8, deleting: true))))
            watch.yield(.success(.modified(repository("a", version: 9))))
            try await eventually { recorder.events.current.last == "added a" }
            #expect(recorder.events.current == ["ending b", "ending a", "ending b", "added a"])
            #expect(informer.store.unreadable(key("a")) == nil && informer.store.unreadable(key("b")) == nil)
            // Those that a list no longer has are gone too.
            watch.yield(.success(.added(broken("d", version: 10))))
            server.answer(.success(list([repository("a", version: 9)], version: 12)))
            let second = server.queueWatch()
            watch.yield(.success(.error(Status(message: "", reason: "Expired", code: 410))))
            try await eventually { recorder.events.current.last == "ending d" }
            #expect(informer.store.unreadable(key("d")) == nil)
            second.finish()
        }
    }

    @Test func aPageThatIsTooLargeIsAskedForInParts() async throws {
        let server = FakeAPIServer { request in
            request.target.contains("limit=2")
                ? .failure(KubernetesError(.tooLarge, "too large", isRetryable: true)) : nil
        }
        server.answer(
            .success(list([repository("a")], version: 5, continueToken: "t")),
            .success(list([repository("b")], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, _ in
            try await informer.store.waitUntilReady()
            #expect(informer.store.count == 2)
            watch.finish()
        }
    }

    @Test func aWatchThatBringsTheUnreadableIsNotResumed() async throws {
        let server = FakeAPIServer()
        server.answer(.success(list([repository("a")], version: 5)))
        let (watch, time) = (server.queueWatch(), ManualTime())
        try await withInformer(server, time: time) { informer, recorder in
            try await informer.store.waitUntilReady()
            server.answer(.success(list([repository("a"), repository("b")], version: 9)))
            let second = server.queueWatch()
            watch.yield(.failure(KubernetesError(.invalidResponse, "no event", isRetryable: true)))
            await time.waitForSleepers()
            time.advance(by: .seconds(30))
            try await eventually { recorder.events.current.last == "added b" }
            try await eventually { server.requests.last?.target.contains("resourceVersion=9") == true }
            second.finish()
        }
    }

    /// After a conflict a write brings what others changed: nobody else would tell, as the watch brings it no more.
    @Test func whatAnOwnWriteBringsOfOthersIsTold() async throws {
        let server = FakeAPIServer()
        server.answer(.success(list([repository("a")], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            let old = try #require(informer.store.object(key("a")))
            informer.store.advance(
                from: old, to: try OCIRepository(json: repository("a", version: 8, generation: 2, finalizers: ["f"])))
            #expect(recorder.events.current == ["initial a", "updated a 1->8"])
            // The watch is behind: what it brings until then is over.
            watch.yield(.success(.modified(repository("a", version: 7, generation: 2))))
            watch.yield(.success(.added(repository("b", version: 7))))
            try await eventually { recorder.events.current.last == "added b" }
            #expect(informer.store.object(key("a"))?.metadata.resourceVersion == "8")
            watch.yield(.success(.modified(repository("a", version: 8, generation: 2, finalizers: ["f"]))))
            watch.yield(.success(.modified(repository("a", version: 10, generation: 3))))
            try await eventually { recorder.events.current.last == "updated a 8->10" }
            #expect(recorder.events.current.count == 4)
        }
    }

    @Test func scopeGoesIntoEveryRequest() async throws {
        let server = FakeAPIServer()
        server.answer(.success(list([], version: 5)))
        let watch = server.queueWatch()
        let scope = ObjectScope(
            namespace: "apps", labelSelector: try LabelSelector(parsing: "a=b,!c"), fieldSelector: "metadata.name=x")
        try await withInformer(server, scope: scope) { informer, _ in
            try await eventually { server.requests.count == 2 }
            for request in server.requests {
                #expect(request.path == "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories")
                #expect(request.target.contains("labelSelector=a%3Db%2C%21c&fieldSelector=metadata.name%3Dx"))
            }
            watch.finish()
        }
    }

    @Test func anOwnWriteIsVisibleAtOnceAndItsEchoIsNoChange() async throws {
        let server = FakeAPIServer()
        server.answer(.success(list([repository("a")], version: 5)))
        let watch = server.queueWatch()
        try await withInformer(server) { informer, recorder in
            try await informer.store.waitUntilReady()
            let old = try #require(informer.store.object(key("a")))
            let new = try OCIRepository(json: repository("a", version: 6, finalizers: ["f"]))
            informer.store.advance(from: old, to: new)
            #expect(informer.store.object(key("a"))?.metadata.finalizers == ["f"])
            // On top of another version it is not.
            informer.store.advance(from: old, to: try OCIRepository(json: repository("a", version: 7)))
            #expect(informer.store.object(key("a"))?.metadata.resourceVersion == "6")
            watch.yield(.success(.modified(repository("a", version: 6, finalizers: ["f"]))))
            watch.yield(.success(.added(repository("b", version: 8))))
            try await eventually { recorder.events.current.last == "added b" }
            #expect(recorder.events.current == ["initial a", "added b"])
        }
    }

    @Test func waitingForReadinessCanBeCancelled() async throws {
        let informer = Informer<OCIRepository>(server: FakeAPIServer())
        let task = Task { try await informer.store.waitUntilReady() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(
        arguments: [
            (repository("a"), repository("a", version: 2), nil),
            (
                repository("a"), repository("a", generation: 2),
                ReconcileTrigger(priority: .requested, isInterrupting: true)
            ),
            (
                repository("a"), repository("a", annotations: ["reconcile.fluxcd.io/requestedAt": "1"]),
                ReconcileTrigger(priority: .requested, isInterrupting: false)
            ), (repository("a"), repository("a", annotations: ["x": "1"]), nil),
            (
                repository("a"), repository("a", deleting: true),
                ReconcileTrigger(priority: .requested, isInterrupting: true)
            ),
            (repository("a", deleting: true), repository("a", version: 2, deleting: true), nil),
        ] as [(JSONValue, JSONValue, ReconcileTrigger?)])
    func onlyWhatMattersTriggers(_ old: JSONValue, _ new: JSONValue, _ expected: ReconcileTrigger?) throws {
        let event = InformerEvent.updated(from: try OCIRepository(json: old), to: try OCIRepository(json: new))
        #expect(ReconcileTrigger(event, requestedBy: OCIRepository.requestedAtAnnotation) == expected)
    }
}
