import ArtifactStore
import ControllerRuntime
import Core
import Foundation
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import RegistryClient
import SourceReconcilers
import TestSupport
import Testing
import Verification

/// Keeps events for a test to look at.
final class RecordedEvents: EventRecording {
    private let records = Locked<[EventRecord]>([])
    var all: [EventRecord] { records.current }
    func record(_ event: EventRecord) { records.withLock { $0.append(event) } }
    func forget() { records.withLock { $0 = [] } }
}

/// Remembers what a reconciler answered.
final class RecordingReconciler: Reconciler {
    private let reconciler: any Reconciler
    private let log = Locked<[(request: ReconcileRequest, outcome: ReconcileOutcome)]>([])
    private let begun = Locked(0)

    init(_ reconciler: any Reconciler) { self.reconciler = reconciler }

    var outcomes: [ReconcileOutcome] { log.current.map(\.outcome) }
    var requests: [ReconcileRequest] { log.current.map(\.request) }
    var started: Int { begun.current }

    func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
        begun.withLock { $0 += 1 }
        let outcome = await reconciler.reconcile(request)
        log.withLock { $0.append((request, outcome)) }
        return outcome
    }
}

/// The real reconciler between a Kubernetes API and a registry, both in this process behind real sockets, with a store in a
/// folder of its own and a clock that the test moves.
final class Workbench: Sendable {
    struct Options: Sendable {
        var advertisedHost = "artifacts.test"
        var limits = ArtifactLimits()
        var sizeLimit: Int64?
        var retention: Duration = .seconds(60)
        var acceptsAnyIdentity = false
        var servesUnverifiedArtifacts = true
        var softwareVersion = "1"
        /// Where keyless verification takes its trust material from, for objects without a trusted root of their own.
        var trust: any SigstoreTrust = NoTrust()
        /// Who is asked about revocation, and how.
        var revocation: @Sendable (ConnectionPolicy) -> any RevocationFetching = { _ in NoRevocation() }
        /// Which objects the controller takes.
        var selector = ""
        var registries = RegistryClient.Configuration()
        /// What the registry client measures with; its retries wait for milliseconds only.
        var registryTime: any TimeSource = SystemTime()
    }

    let time = ManualTime()
    let log = CapturedLog()
    let metrics = MetricsRegistry()
    let folder: TemporaryDirectory
    /// One for all benches: each would read the system's certificates again.
    private static let http = CurlClient()
    /// Benches at a time: each has servers, connections and a store, and all tests start at once.
    private static let turns = AsyncSemaphore(permits: 8)
    let api: KubernetesStandIn
    let registry = RegistryStandIn()
    let events = RecordedEvents()
    let informer: Informer<OCIRepository>
    let options: Options

    private let apiServer: HTTPServer
    private let registryServer: HTTPServer
    private let server: KubernetesClient
    private let references: ReferenceWatcher
    private let plant: Locked<(store: ArtifactStore, reconciler: OCIRepositoryReconciler)>
    private let controller = Locked<Controller?>(nil)
    private let secrets = Locked<[String]>([])
    private let kept = Locked<[any Sendable]>([])

    var store: ArtifactStore { plant.current.store }
    var reconciler: OCIRepositoryReconciler { plant.current.reconciler }
    /// The registry's `host:port`.
    var host: String { "127.0.0.1:\(registryServer.port)" }
    var url: String { "oci://\(host)/\(RegistryStandIn.path)" }

    private init(_ options: Options) async throws {
        self.options = options
        folder = try TemporaryDirectory()
        api = try KubernetesStandIn(time: SystemTime())
        apiServer = try Self.serve(api)
        registryServer = try Self.serve(registry)
        var configuration = ClientConfiguration(server: "http://127.0.0.1:\(apiServer.port)")
        configuration.requestsPerSecond = 0
        server = KubernetesClient(
            http: Self.http, configuration: configuration, metrics: metrics, logger: log.logger())
        informer = Informer(
            server: server, scope: ObjectScope(labelSelector: try LabelSelector(parsing: options.selector))
        ) { $0.trimmed() }
        references = ReferenceWatcher(server: server) { [controller] key in
            controller.current?.enqueue(key, priority: .requested)
        }
        plant = Locked(
            try await Self.build(options, folder, server, informer, references, events, metrics, log, time))
        informer.onChange { [controller] event in
            controller.current?.observe(event, requestedBy: OCIRepository.requestedAtAnnotation)
        }
    }

    private static func serve(_ handler: any HTTPHandler) throws -> HTTPServer {
        var configuration = HTTPServer.Configuration(address: "127.0.0.1:0", name: "stand-in")
        configuration.threads = 1
        configuration.maxBodyBytes = 4 << 20
        configuration.gracePeriod = .milliseconds(20)
        return try HTTPServer(configuration: configuration, handler: handler)
    }

    private static func build(
        _ options: Options, _ folder: TemporaryDirectory, _ server: KubernetesClient,
        _ informer: Informer<OCIRepository>, _ references: ReferenceWatcher, _ events: RecordedEvents,
        _ metrics: MetricsRegistry, _ log: CapturedLog,
        _ time: ManualTime
    ) async throws -> (ArtifactStore, OCIRepositoryReconciler) {
        let store = try ArtifactStore(
            configuration: .init(
                path: folder.path, retention: options.retention, limits: options.limits, sizeLimit: options.sizeLimit,
                servesUnknownFiles: options.servesUnverifiedArtifacts),
            time: time, metrics: metrics, logger: log.logger())
        try await store.recover()
        var registries = options.registries
        registries.retryDelays = Backoff(base: .milliseconds(1), maximum: .milliseconds(1))
        let client = RegistryClient(
            http: http, configuration: registries, metrics: metrics, logger: log.logger(),
            time: options.registryTime)
        let reconciler = OCIRepositoryReconciler(
            configuration: .init(
                advertisedHost: options.advertisedHost, acceptsAnyIdentity: options.acceptsAnyIdentity,
                servesUnverifiedArtifacts: options.servesUnverifiedArtifacts, softwareVersion: options.softwareVersion),
            objects: informer.store, server: server,
            registry: RemoteRegistry(client), trust: options.trust, revocation: options.revocation,
            proxyEnvironment: ProxyEnvironment([:]), store: store,
            events: events,
            metrics: metrics, time: time, references: references)
        return (store, reconciler)
    }

    /// Runs `body` with a bench of its own; at the end nothing may be left over and no secret may have come out.
    static func run(_ options: Options = Options(), _ body: @escaping @Sendable (Workbench) async throws -> Void)
        async throws
    {
        try await turns.withPermit {
            let bench = try await Workbench(options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bench.apiServer.run() }
                group.addTask { try await bench.registryServer.run() }
                group.addTask { try await bench.informer.run() }
                group.addTask { try await bench.references.run() }
                defer { group.cancelAll() }
                try await bench.informer.store.waitUntilReady()
                try await body(bench)
                try await bench.checkCleanliness()
            }
        }
    }

    /// The same controller after a restart: another store on the same folder, nothing remembered.
    func restart(_ change: (inout Options) -> Void = { _ in }) async throws {
        var options = options
        change(&options)
        let built = try await Self.build(
            options, folder, server, informer, references, events, metrics, log, time)
        plant.withLock { $0 = built }
    }

    // MARK: - Objects

    static func key(_ name: String) -> NamespacedName { NamespacedName(namespace: "apps", name: name) }

    private static func path(_ name: String) -> String {
        "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/\(name)"
    }

    /// Creates an OCIRepository; `spec` goes over url, interval and the tag `1.0.0`.
    func create(_ name: String = "app", _ spec: JSONValue = [:], annotations: [String: String] = [:]) async throws {
        let base: JSONValue = ["url": .string(url), "interval": "10m", "ref": ["tag": "1.0.0"]]
        try await api.ask(
            "POST", "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories",
            [
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
                "metadata": [
                    "name": .string(name), "annotations": .object(annotations.mapValues { .string($0) }),
                ], "spec": base.merging(patch: spec),
            ])
    }

    func change(_ name: String = "app", spec: JSONValue) async throws {
        try await api.ask("PATCH", Self.path(name), ["spec": spec], type: "application/merge-patch+json")
    }

    /// Asks for a reconcile as `flux reconcile` does.
    func request(_ name: String = "app", at token: String) async throws {
        try await api.ask(
            "PATCH", Self.path(name),
            ["metadata": ["annotations": ["reconcile.fluxcd.io/requestedAt": .string(token)]]],
            type: "application/merge-patch+json")
    }

    func delete(_ name: String = "app") async throws { try await api.ask("DELETE", Self.path(name)) }

    func json(_ name: String = "app") async throws -> JSONValue { try await api.ask("GET", Self.path(name)) }

    func object(_ name: String = "app") async throws -> OCIRepository { try OCIRepository(json: try await json(name)) }

    /// Whether the API still has the object.
    func exists(_ name: String = "app") async -> Bool { (try? await json(name)) != nil }

    /// Creates a Secret; its values must never be seen anywhere.
    func createSecret(_ name: String, type: String = "Opaque", _ data: [String: String], isSecret: Bool = true)
        async throws
    {
        try await api.ask(
            "POST", "/api/v1/namespaces/apps/secrets",
            [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)], "type": .string(type),
                "data": .object(data.mapValues { .string(Data($0.utf8).base64EncodedString()) }),
            ])
        if isSecret { for value in data.values { hide(value) } }
    }

    /// Creates a pull secret for the given registry keys.
    func createPullSecret(_ name: String, _ entries: [String: (user: String, password: String)]) async throws {
        let auths = entries.mapValues { entry -> JSONValue in
            ["username": .string(entry.user), "password": .string(entry.password)]
        }
        let text = String(decoding: (["auths": .object(auths)] as JSONValue).serialized(), as: UTF8.self)
        try await createSecret(name, type: "kubernetes.io/dockerconfigjson", [".dockerconfigjson": text])
        for entry in entries.values {
            hide(entry.password)
            hide(Data("\(entry.user):\(entry.password)".utf8).base64EncodedString())
        }
    }

    func createServiceAccount(_ name: String, pullSecrets: [String]) async throws {
        let references = pullSecrets.map { ["name": .string($0)] as JSONValue }
        try await api.ask(
            "POST", "/api/v1/namespaces/apps/serviceaccounts",
            [
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(name)],
                "imagePullSecrets": .array(references),
            ])
    }

    /// Keeps something alive as long as the bench.
    func keep(_ value: any Sendable) { kept.withLock { $0.append(value) } }

    /// `text` must not appear in any status, event, log line or metric.
    func hide(_ text: String) { secrets.withLock { $0.append(text) } }

    // MARK: - Reconciling

    /// Reconciles until there is nothing to do at once.
    @discardableResult
    func reconcile(_ name: String = "app", priority: WorkPriority = .poll) async throws -> ReconcileOutcome {
        let request = ReconcileRequest(key: Self.key(name), priority: priority, logger: log.logger())
        for _ in 0..<10 {
            try await settle(name)
            let outcome = await reconciler.reconcile(request)
            if case .requeueImmediately = outcome { continue }
            return outcome
        }
        throw NeverEnding()
    }

    /// Waits until the informer knows the object as the API has it.
    func settle(_ name: String = "app") async throws {
        let version = try? await json(name).member(at: "metadata", "resourceVersion")?.stringValue
        try await eventually("the informer's knowledge of \(name)") {
            informer.store.object(Self.key(name))?.metadata.resourceVersion == version
        }
    }

    /// Runs `body` while a controller works off what happens.
    func withController(
        concurrency: Int = 2, _ body: (Controller, RecordingReconciler) async throws -> Void
    ) async throws {
        let recorder = RecordingReconciler(reconciler)
        let controller = Controller(
            configuration: .init(
                name: "ocirepository", resource: OCIRepository.resource, concurrency: concurrency,
                drainTimeout: .zero), reconciler: recorder, time: time, logger: log.logger())
        self.controller.withLock { $0 = controller }
        for key in informer.store.keys { controller.enqueue(key, priority: .resync) }
        let running = Task { try await controller.run() }
        do {
            try await body(controller, recorder)
        } catch {
            running.cancel()
            throw error
        }
        self.controller.withLock { $0 = nil }
        running.cancel()
        try await running.value
    }

    // MARK: - What came of it

    /// Every file below the storage folder, without the store's index, in order.
    var files: [String] {
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasPrefix("ocirepository/") || $0.hasPrefix(".ingest/") }.filter { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.file(name))
            return attributes?[.type] as? FileAttributeType != .typeDirectory
        }.sorted()
    }

    /// The bytes of the stored artifact.
    func artifact(_ name: String = "app") async throws -> [UInt8] {
        let path = try #require(try await object(name).status.artifact?.path)
        return try folder.read(path)
    }

    /// The names of the files in the stored artifact, as the real tar sees them.
    func names(_ name: String = "app") async throws -> [String] {
        let outcome = try await CommandLineTool.run("tar", ["-tzf", "-"], input: try await artifact(name))
        try #require(outcome.status == 0, "\(outcome.errorOutput)")
        return outcome.output.split(separator: "\n").map(String.init).sorted()
    }

    func kstatus(_ name: String = "app") async throws -> KStatus { KStatus(try await json(name)) }

    func condition(_ type: String, of name: String = "app") async throws -> Condition? {
        try await object(name).status.condition(type)
    }

    /// Nothing half-done is left, and no secret came out anywhere.
    private func checkCleanliness() async throws {
        #expect(files.filter { $0.hasPrefix(".ingest/") }.isEmpty, "the store left files in the making")
        let secrets = secrets.current.filter { !$0.isEmpty }
        guard !secrets.isEmpty else { return }
        var texts = log.lines + [String(decoding: metrics.exposition(), as: UTF8.self)]
        texts += events.all.map { "\($0)" }
        let objects = try await api.ask("GET", "/apis/source.toolkit.fluxcd.io/v1/ocirepositories")
        texts.append(String(decoding: objects.serialized(), as: UTF8.self))
        for secret in secrets {
            let leaks = texts.filter { $0.contains(secret) }
            #expect(leaks.isEmpty, "a secret value came out: \(leaks.first?.prefix(400) ?? "")")
        }
    }
}

/// A trust root that nobody has.
struct NoTrust: SigstoreTrust {
    struct Missing: Error {}
    func material() async throws -> TrustMaterial { throw Missing() }
}

/// A reconciler that always wants to be called again at once.
struct NeverEnding: Error {}

/// Nobody to ask about revocation.
private struct NoRevocation: RevocationFetching {
    func fetch(_ request: RevocationRequest) async throws -> [UInt8] { throw CancellationError() }
}
