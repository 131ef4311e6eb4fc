internal import ArtifactStore
internal import CommandLineParsing
internal import ControllerRuntime
internal import Core
internal import Cryptography
internal import FoundationEssentials
internal import HTTPServing
internal import HTTPTransport
internal import KubernetesAPI
internal import KubernetesClient
internal import RegistryClient
internal import RevocationClient
internal import SourceReconcilers

/// Wires the parts of the controller together and runs them as one: when one ends, all end; cancellation is shutdown.
struct ControllerProcess: Sendable {
    private let configuration: ControllerConfiguration
    private let environment: [String: String]
    private let logger: Logger

    init(configuration: ControllerConfiguration, environment: [String: String], logger: Logger) {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT, or until a part fails.
    func run() async throws {
        let signal = TerminationSignal()
        let parts = try await ControllerParts(configuration: configuration, environment: environment, logger: logger)
        logger.info("Starting", ["version": .string(ControllerMain.version)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in parts.services { group.addTask { try await service.run() } }
            group.addTask { try await parts.lead() }
            group.addTask {
                if let name = await signal.wait() { logger.info("Stopping", ["signal": .string(name)]) }
            }
            defer { group.cancelAll() }
            // Whatever ends first ends the process: a signal in order, a part with its error.
            try await group.next()
        }
        await parts.shutDown()
        logger.info("Stopped")
    }
}

/// Everything that runs in the process.
private struct ControllerParts: Sendable {
    /// What runs in every replica.
    private(set) var services: [any Service] = []

    private let configuration: ControllerConfiguration
    private let logger: Logger
    private let metrics = MetricsRegistry()
    private let time = SystemTime()
    private let http: CurlClient
    private let server: KubernetesClient
    private let informer: Informer<OCIRepository>
    private let identity: String
    private let store: ArtifactStore
    private let controller: Controller
    /// What runs besides the controller while this replica leads.
    private let leaderServices: [any Service]
    /// What outlives the controller while this replica leads: it takes the events of the last reconciliations too.
    private let recorders: [any Service]
    private let publicTrust: PublicTrust?
    private let pulse: Pulse
    private let currentElector = Locked<LeaderElector?>(nil)
    private let isStoreReady = Locked(false)
    /// Held from the first leadership to the end of the process.
    private let storageLock = Locked<StorageLock?>(nil)

    init(configuration: ControllerConfiguration, environment: [String: String], logger: Logger) async throws {
        self.configuration = configuration
        self.logger = logger
        let flags = configuration.flags, values = configuration.values
        let time = time, metrics = metrics
        metrics.addProcessMetrics()
        pulse = Pulse(time: time)
        services.append(pulse)
        http = CurlClient()
        identity = "\(ProcessInfo.processInfo.hostName)_\(Hexadecimal.encode(SecureRandom.bytes(8)))"

        // The Kubernetes API.
        var client: ClientConfiguration
        if let standalone = configuration.standalone {
            let cluster = try StandaloneCluster(
                standalone, namespace: configuration.runtimeNamespace, time: time, logger: logger)
            services.append(cluster)
            client = cluster.client
        } else {
            client = try ClientConfiguration.load(kubeconfig: values[flags.kubeconfig], environment: environment)
        }
        client.userAgent = "source-controller/\(ControllerMain.version)"
        client.requestsPerSecond = values[flags.kubeAPIQPS]
        client.burst = values[flags.kubeAPIBurst]
        server = KubernetesClient(http: http, configuration: client, time: time, metrics: metrics, logger: logger)
        informer = Informer(
            server: server,
            scope: ObjectScope(namespace: configuration.watchedNamespace, labelSelector: configuration.labelSelector),
            time: time, logger: logger
        ) { $0.trimmed() }
        services.append(informer)

        // Events.
        let recorder = EventRecorder(
            server: server, component: "source-controller", instance: identity, time: time, metrics: metrics,
            logger: logger)
        var recorders: [any EventRecording & Service] = [recorder]
        var leaderServices: [any Service] = []
        if !values[flags.eventsAddress].isEmpty {
            let sender = NotificationSender(
                http: http, address: values[flags.eventsAddress],
                connection: ConnectionPolicy(proxy: .environment(ProxyEnvironment(environment))),
                component: "source-controller", instance: identity, time: time, metrics: metrics, logger: logger)
            recorders.append(sender)
        }
        self.recorders = recorders

        // The store and the registries.
        store = try Self.makeStore(configuration, time: time, metrics: metrics, logger: logger)
        let registryClient = RegistryClient(
            http: http, configuration: configuration.registries,
            tokenCache: TokenCache(
                maximumSize: values[flags.tokenCacheMaximumSize],
                maximumDuration: values[flags.tokenCacheMaximumDuration], time: time),
            metrics: metrics, logger: logger, time: time, openConnections: { [http] in http.statistics.openConnections }
        )

        let trust = try TrustConfiguration(
            configuration, environment: environment, http: http, time: time, metrics: metrics, logger: logger)
        if let publicTrust = trust.publicTrust { services.append(publicTrust) }
        self.publicTrust = trust.publicTrust

        // The reconciler and what calls it.
        let retry = Locked<(@Sendable (NamespacedName) -> Void)?>(nil)
        let references = ReferenceWatcher(server: server, time: time, logger: logger) { key in retry.current?(key) }
        leaderServices.append(references)
        let currentElector = currentElector
        let leaderServer: any KubernetesAPIServer =
            configuration.leaderElection == nil
            ? server : LeaderOnlyServer(server) { currentElector.current?.isLeading == true }
        let revocation = RevocationClient(http: http, time: time)
        let reconciler = OCIRepositoryReconciler(
            configuration: .init(
                advertisedHost: configuration.advertisedHost(hostName: ProcessInfo.processInfo.hostName),
                intervalJitterPercent: values[flags.intervalJitterPercentage],
                maximumRetryDelay: values[flags.maximumRetryDelay],
                handoverGrace: values[flags.artifactRetentionTTL],
                objectLevelWorkloadIdentity: configuration.featureGates.objectLevelWorkloadIdentity,
                acceptsAnyIdentity: values[flags.insecureAcceptAnyIdentity],
                servesUnverifiedArtifacts: values[flags.serveUnverifiedArtifacts],
                softwareVersion: ControllerMain.version),
            objects: informer.store, server: leaderServer, registry: RemoteRegistry(registryClient),
            trust: trust.trust,
            revocation: { revocation.fetching(over: $0) },
            proxyEnvironment: ProxyEnvironment(environment), store: store,
            events: EventFanOut(recorders),
            metrics: metrics, time: time, references: references)
        let objects = informer.store
        let controller = Controller(
            configuration: configuration.controller,
            reconciler: reconciler, isReady: { try await objects.waitUntilReady() }, time: time, metrics: metrics,
            logger: logger)
        self.controller = controller
        QueueAge.expose(in: metrics, of: objects) { controller.waiting }
        retry.withLock { $0 = { controller.enqueue($0, priority: .requested) } }
        informer.onChange { controller.observe($0, requestedBy: OCIRepository.requestedAtAnnotation) }

        self.leaderServices = leaderServices
        try addProbes()
    }

    private mutating func addProbes() throws {
        if let address = configuration.healthAddress {
            let objects = informer.store, storeIsReady = isStoreReady
            let isElecting = configuration.leaderElection != nil
            let publicTrust = publicTrust
            let checks = [
                HealthHandler.Check(name: "informer") { objects.isReady ? nil : "the objects are not listed yet" },
                HealthHandler.Check(name: "storage") {
                    storeIsReady.current || isElecting ? nil : "the stored artifacts are not read yet"
                },
            ]
            let pulse = pulse, controller = controller, currentElector = currentElector
            let liveness: [HealthHandler.Check] = [
                .lasting("tasks", time: time) { pulse.problem },
                .lasting("workers", time: time) { controller.standstill },
                .lasting("lease", time: time) { currentElector.current?.standstill },
            ]
            services.append(
                try HTTPServer(
                    configuration: Self.serving(address, "health"),
                    handler: HealthHandler(
                        liveness: liveness, readiness: checks, notes: { publicTrust.map { [$0.note] } ?? [] }),
                    logger: logger))
        }
        if let address = configuration.metricsAddress {
            services.append(
                try HTTPServer(
                    configuration: Self.serving(address, "metrics"), handler: MetricsHandler(registry: metrics),
                    logger: logger))
        }
    }

    private static func serving(_ address: ListenAddress, _ name: String) -> HTTPServer.Configuration {
        var configuration = HTTPServer.Configuration(address: address.description, name: name)
        configuration.threads = 1
        configuration.maxConnections = 256
        configuration.maxBodyBytes = 4096
        return configuration
    }

    private static func makeStore(
        _ configuration: ControllerConfiguration, time: any TimeSource, metrics: MetricsRegistry, logger: Logger
    ) throws -> ArtifactStore {
        let flags = configuration.flags, values = configuration.values
        let path = values[flags.storagePath]
        try StorageFolder.make(at: path)
        let total = values[flags.storageSizeLimit]
        return try ArtifactStore(
            configuration: .init(
                path: path, retention: values[flags.artifactRetentionTTL],
                retentionRecords: values[flags.artifactRetentionRecords],
                digestAlgorithm: configuration.digestAlgorithm,
                limits: ArtifactLimits(
                    layerSize: Int64(values[flags.layerSizeLimit]),
                    unpackedSize: Int64(values[flags.unpackedSizeLimit]),
                    compressionRatio: Int64(values[flags.compressionRatioLimit]),
                    entryCount: values[flags.entryCountLimit], pathLength: values[flags.pathLengthLimit],
                    pathDepth: values[flags.pathDepthLimit]),
                sizeLimit: total == 0 ? nil : Int64(total),
                servesUnknownFiles: values[flags.serveUnverifiedArtifacts]),
            time: time, metrics: metrics, logger: logger)
    }

    // MARK: - Leading

    /// Runs what only the leader may: the store, its server and the controller.
    ///
    /// A lease that cannot be renewed ends the reconciling, not the serving: what is stored stays true while the API is away,
    /// and consumers need it most then. Somebody else's leadership ends both, with the process.
    func lead() async throws {
        let isServing = Wakeup()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await isServing.wait()
                guard !Task.isCancelled else { return }
                try await serveArtifacts()
            }
            group.addTask {
                var isResuming = false
                while let elector = elector(isResuming: isResuming) {
                    do {
                        return try await elector.run { try await runAsLeader(isServing) }
                    } catch let lost as LeadershipLost where lost.holder.isEmpty {
                        logger.info("Artifacts are served on; reconciling goes on once the lease can be renewed")
                        isResuming = true
                    }
                }
                try await runAsLeader(isServing)
            }
            // Neither ends before the process does, unless it fails.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func elector(isResuming: Bool) -> LeaderElector? {
        guard let election = configuration.leaderElection else { return nil }
        var elector = LeaderElector.Configuration(
            lease: NamespacedName(namespace: configuration.runtimeNamespace, name: election.leaseName),
            identity: identity,
            timing: .init(
                leaseDuration: election.leaseDuration, renewDeadline: election.renewDeadline,
                retryPeriod: election.retryPeriod),
            releasesOnCancel: election.releasesOnCancel)
        elector.endsWhenAnotherLeads = isResuming
        let candidate = LeaderElector(
            configuration: elector, server: server, time: time, metrics: metrics, logger: logger)
        currentElector.withLock { $0 = candidate }
        return candidate
    }

    private func serveArtifacts() async throws {
        let artifacts = HTTPServer.Configuration(address: configuration.storageAddress.description, name: "artifacts")
        try await HTTPServer(configuration: artifacts, handler: store.handler, logger: logger).run()
    }

    private func runAsLeader(_ isServing: Wakeup) async throws {
        if !isStoreReady.current {
            let lock = try await StorageLock(
                path: configuration.values[configuration.flags.storagePath], time: time, logger: logger)
            storageLock.withLock { $0 = lock }
            try await store.recover()
            isStoreReady.withLock { $0 = true }
            isServing.signal()
        }
        try await withOutliving(recorders) { try await reconcile() }
    }

    private func reconcile() async throws {
        let controller = controller, store = store
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            for service in leaderServices { group.addTask { try await service.run() } }
            group.addTask {
                try await store.scrub { object in
                    controller.enqueue(
                        NamespacedName(namespace: object.namespace, name: object.name), priority: .contentMissing)
                }
            }
            group.addTask { try await forgetStrangers() }
            while try await group.next() != nil {}
        }
    }

    /// Once the objects are known, what the store holds for others is dealt with: objects that are gone, or that another
    /// controller took over meanwhile.
    private func forgetStrangers() async throws {
        try await informer.store.waitUntilReady()
        for object in store.objects {
            let key = NamespacedName(namespace: object.namespace, name: object.name)
            if informer.store.object(key) == nil { controller.enqueue(key, priority: .resync) }
        }
    }

    func shutDown() async { await http.shutdown() }
}
