import ControllerRuntime
import Core
import EmbeddedAPIServer
import Foundation
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

/// The parts together, over HTTP, against the API server that the product itself carries.
@Suite(.timeLimit(.minutes(2))) struct EmbeddedServerTests {
    private static func crd() throws -> [UInt8] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return [UInt8](
            try Data(
                contentsOf: root.appendingPathComponent(
                    "config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml")))
    }

    private func withServer(_ body: (KubernetesClient) async throws -> Void) async throws {
        let api = try EmbeddedAPIServer(configuration: .init(customResourceDefinitions: [Self.crd()]))
        let server = try HTTPServer(configuration: .init(address: "127.0.0.1:0"), handler: api)
        let http = CurlClient()
        var configuration = ClientConfiguration(server: "http://127.0.0.1:\(server.port)")
        configuration.requestsPerSecond = -1
        let client = KubernetesClient(http: http, configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await api.run() }
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await body(client)
        }
        await http.shutdown()
    }

    private func object(_ name: String) -> JSONValue {
        [
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": ["url": "oci://host/path", "interval": "1m"],
        ]
    }

    /// Adds a finalizer, then a status; on deletion removes the finalizer.
    private struct Steps: Reconciler {
        let store: ObjectStore<OCIRepository>
        let patcher: ObjectPatcher

        func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
            guard let object = store.object(request.key) else { return .done }
            do {
                if object.metadata.isBeingDeleted {
                    try await patcher.removeFinalizer(OCIRepository.finalizer, from: object)
                    return .done
                }
                let marked = try await patcher.addFinalizer(OCIRepository.finalizer, to: object)
                store.advance(from: object, to: marked)
                let done = try await patcher.patchStatus(of: marked) { current in
                    var status = current.status
                    status.observedGeneration = current.metadata.generation
                    status.url = current.spec.url
                    return status.json
                }
                store.advance(from: marked, to: done)
                return .done
            } catch {
                return .failed(error)
            }
        }
    }

    @Test func objectsAreReconciledFromCreationToDeletion() async throws {
        try await withServer { client in
            let resource = OCIRepository.resource
            for number in 0..<20 { try await client.create(resource, namespace: "default", object("old-\(number)")) }
            let informer = Informer<OCIRepository>(server: client, pageSize: 7) { $0.trimmed() }
            let controller = Controller(
                configuration: .init(name: "ocirepository", resource: resource),
                reconciler: Steps(
                    store: informer.store, patcher: ObjectPatcher(server: client, fieldManager: "source-controller")),
                isReady: informer.store.waitUntilReady)
            informer.onChange { event in
                guard let trigger = ReconcileTrigger(event, requestedBy: OCIRepository.requestedAtAnnotation) else {
                    return
                }
                controller.enqueue(event.key, priority: trigger.priority, interrupting: trigger.isInterrupting)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await informer.run() }
                group.addTask { try await controller.run() }
                defer { group.cancelAll() }
                func isCurrent() -> Bool {
                    informer.store.objects.allSatisfy { $0.status.observedGeneration == $0.metadata.generation }
                }
                try await eventually { informer.store.count == 20 && isCurrent() }
                try await client.create(resource, namespace: "default", object("new"))
                try await eventually { informer.store.count == 21 && isCurrent() }

                let key = NamespacedName(namespace: "default", name: "new")
                try await client.patch(resource, key, ["spec": ["interval": "2m"]])
                try await eventually {
                    informer.store.object(key).map {
                        $0.metadata.generation == 2 && $0.status.observedGeneration == 2
                    } ?? false
                }
                try await client.delete(resource, key)
                try await eventually { informer.store.object(key) == nil }
                let error = await #expect(throws: KubernetesError.self) {
                    _ = try await client.get(OCIRepository.self, key)
                }
                #expect(error?.isNotFound == true)
            }
        }
    }

    @Test func aWriteOnTopOfAnOldVersionIsRefused() async throws {
        try await withServer { client in
            let json = try await client.create(OCIRepository.resource, namespace: "default", object("a"))
            let old = try OCIRepository(json: json)
            try await client.patch(OCIRepository.resource, old.key, ["spec": ["interval": "3m"]])
            let once = ObjectPatcher(server: client, fieldManager: "old leader", attempts: 1)
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await once.addFinalizer("x", to: old)
            }
            #expect(error?.isConflict == true)
            let patient = ObjectPatcher(server: client, fieldManager: "f")
            let stored = try await patient.addFinalizer("fluxcd.io/x", to: old)
            #expect(stored.spec.interval == .seconds(180) && stored.metadata.finalizers == ["fluxcd.io/x"])
            // Another object of the same name.
            try await patient.removeFinalizer("fluxcd.io/x", from: stored)
            try await client.delete(OCIRepository.resource, old.key)
            try await client.create(OCIRepository.resource, namespace: "default", object("a"))
            let replaced = await #expect(throws: KubernetesError.self) {
                _ = try await patient.addFinalizer("fluxcd.io/y", to: stored)
            }
            #expect(replaced?.isNotFound == true)
        }
    }

    @Test func twoProcessesElectOneLeader() async throws {
        try await withServer { client in
            let timing = LeaderElectionState.Timing(
                leaseDuration: .seconds(2), renewDeadline: .seconds(1), retryPeriod: .milliseconds(100))
            let leaders = Locked<[String]>([])
            func candidate(_ identity: String) -> Task<Void, any Error> {
                let elector = LeaderElector(
                    configuration: .init(
                        lease: NamespacedName(namespace: "default", name: "election"), identity: identity,
                        timing: timing), server: client)
                return Task {
                    try await elector.run {
                        leaders.withLock { $0.append(identity) }
                        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                    }
                }
            }
            var candidates = ["one": candidate("one"), "two": candidate("two")]
            try await eventually { leaders.current.count == 1 }
            let first = try #require(leaders.current.first)
            let leader = candidates.removeValue(forKey: first)
            let running = try #require(leader)
            running.cancel()
            try await running.value
            try await eventually { leaders.current.count == 2 }
            #expect(Set(leaders.current) == ["one", "two"])
            for task in candidates.values {
                task.cancel()
                try await task.value
            }
            let lease = try await client.get(Lease.self, NamespacedName(namespace: "default", name: "election"))
            #expect(lease.holderIdentity.isEmpty)
        }
    }

    @Test func eventsAreStoredAndCounted() async throws {
        try await withServer { client in
            let json = try await client.create(OCIRepository.resource, namespace: "default", object("a"))
            let object = try OCIRepository(json: json)
            let recorder = EventRecorder(server: client, component: "source-controller", instance: "pod")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await recorder.run() }
                defer { group.cancelAll() }
                for _ in 0..<3 {
                    recorder.record(
                        EventRecord(
                            object, type: .warning, reason: "Failed", message: "no such host", date: SystemTime().now))
                }
                try await eventually {
                    let events = try await client.list(Event.resource, ObjectScope(namespace: "default")).items
                    let event = try events.first.map(Event.init)
                    return events.count == 1 && event?.count == 3 && event?.involvedObject.uid == object.metadata.uid
                }
            }
        }
    }

    /// A Secret that tests of what is referred to change.
    private func secret(_ name: String, _ value: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "namespace": "default"],
            "stringData": ["k": .string(value)],
        ]
    }

    private func reference(_ name: String) -> NamespacedName { NamespacedName(namespace: "default", name: name) }

    @Test func changesOfWhatIsReferredToAreTold() async throws {
        try await withServer { client in
            let told = Locked<[String]>([])
            let watcher = ReferenceWatcher(server: client, limit: 2) { owner in told.withLock { $0.append(owner.name) }
            }
            let known = try Secret(
                json: try await client.create(Secret.resource, namespace: "default", secret("known", "1")))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await watcher.run() }
                defer { group.cancelAll() }
                watcher.watch(
                    [reference("known"): known.metadata.resourceVersion, reference("missing"): ""], for: key("one"))
                watcher.watch([reference("known"): "an older one"], for: key("two"))
                // What changed before the watch began is told as well.
                try await eventually { told.current == ["two"] }
                try await client.create(Secret.resource, namespace: "default", secret("missing", "1"))
                try await eventually { told.current == ["two", "one"] }
                try await client.patch(Secret.resource, reference("known"), ["stringData": ["k": "2"]])
                try await eventually { told.current.count == 4 }
                #expect(told.current.suffix(2) == ["one", "two"])
                watcher.forget(key("one"))
                watcher.forget(key("two"))
            }
        }
    }

    @Test func whatWasReadBeforeTheLastChangeIsToldToOwnersThatComeLater() async throws {
        try await withServer { client in
            let told = Locked<[String]>([])
            let watcher = ReferenceWatcher(server: client) { owner in told.withLock { $0.append(owner.name) } }
            let first = try Secret(
                json: try await client.create(Secret.resource, namespace: "default", secret("known", "1")))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await watcher.run() }
                defer { group.cancelAll() }
                let version = first.metadata.resourceVersion
                watcher.watch([reference("known"): version], for: key("one"))
                try await client.patch(Secret.resource, reference("known"), ["stringData": ["k": "2"]])
                try await eventually { told.current == ["one"] }
                // The change has been seen already: no event is to come that would tell the second owner.
                watcher.watch([reference("known"): version], for: key("two"))
                try await eventually { told.current == ["one", "two"] }
            }
        }
    }

    @Test func whatWasDeletedBeforeTheFirstListIsTold() async throws {
        try await withServer { client in
            let told = Locked<[String]>([])
            let watcher = ReferenceWatcher(server: client) { owner in told.withLock { $0.append(owner.name) } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await watcher.run() }
                defer { group.cancelAll() }
                watcher.watch([reference("gone"): "5"], for: key("one"))
                watcher.watch([reference("gone"): ""], for: key("two"))
                try await eventually { told.current == ["one"] }
            }
        }
    }
}
