package import Core
package import HTTPTransport
package import OCI

/// A client of OCI registries (distribution specification 1.1), for every object and user of a process.
///
/// Connections, tokens, schemes and requests under way are shared, each only between uses whose credential, connection
/// policy and HTTP permission are equal.
package final class RegistryClient: Sendable {
    /// What holds for every registry.
    package struct Configuration: Sendable {
        /// Whether hosts that are local by their name (loopback, RFC 1918, `*.local`) may be talked to over plain HTTP
        /// without being asked to.
        package var allowsLocalPlainHTTP = true
        /// Tries of one request, the first included.
        package var maximumAttempts = 3
        /// Delays between tries, made up to a fifth longer or shorter at random.
        package var retryDelays = Backoff(base: .milliseconds(500), maximum: .seconds(10))
        /// Requests under way at a time to one registry, for one user.
        package var requestsPerHost = 16
        /// Requests started each second to one registry, for one user; 0 for no limit.
        package var requestRatePerHost = 0.0
        /// Requests that may start at once within the rate.
        package var requestBurstPerHost = 100
        package var connectTimeout = Duration.seconds(10)
        /// A transfer that stands still for that long has failed.
        package var idleTimeout: Duration? = .seconds(30)
        /// The slowest pace at which content may come, in bytes per second on average over the window
        /// (`--download-rate-minimum`); 0 for any.
        package var minimumDownloadRate = 0
        /// How much waiting for content that average is taken over, at least.
        package var downloadRateWindow = Duration.seconds(30)
        /// The fastest pace at which one large blob is fetched, in bytes per second (`--download-rate-limit`); 0 for any.
        package var maximumDownloadRate = 0
        /// Tags asked for in one page; smaller pages are tried where a registry refuses.
        package var tagPageSize = 1000
        package var userAgent = "source-controller"

        /// The defaults.
        package init() {}
    }

    private let shared: SharedState

    /// A client that sends through `http`.
    /// - Parameters:
    ///   - tokenCache: tokens, which may be shared with other clients.
    ///   - time: what the deadlines, delays and lifetimes are measured with.
    ///   - openConnections: the connections of `http` that are open now, by `scheme://host:port`, for the metrics.
    package init(
        http: any HTTPClient, configuration: Configuration = Configuration(), tokenCache: TokenCache? = nil,
        metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled, time: any TimeSource = SystemTime(),
        openConnections: @escaping @Sendable () -> [String: Int] = { [:] }
    ) {
        shared = SharedState(
            http: http, configuration: configuration, tokens: tokenCache ?? TokenCache(time: time),
            metrics: RegistryMetrics(metrics, openConnections: openConnections), logger: logger, time: time)
    }

    /// One repository, for one piece of work: the access's timeout starts now and covers everything done with the value.
    package func repository(_ reference: RepositoryReference, access: RegistryAccess = RegistryAccess()) -> Repository {
        Repository(reference: reference, access: access, shared: shared)
    }
}

/// What all repositories of a client share.
final class SharedState: Sendable {
    let http: any HTTPClient
    let configuration: RegistryClient.Configuration
    let schemes: SchemeMemory
    let outages: Outages
    let gates: HostGates
    let authorizer: Authorizer
    let resolutions = SingleFlight<ResolutionKey, Descriptor>()
    let metrics: RegistryMetrics
    let logger: Logger
    let time: any TimeSource

    init(
        http: any HTTPClient, configuration: RegistryClient.Configuration, tokens: TokenCache, metrics: RegistryMetrics,
        logger: Logger, time: any TimeSource
    ) {
        self.http = http
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.time = time
        schemes = SchemeMemory(allowsLocalPlainHTTP: configuration.allowsLocalPlainHTTP, time: time)
        outages = Outages(time: time)
        gates = HostGates(configuration: configuration, time: time)
        authorizer = Authorizer(http: http, tokens: tokens, metrics: metrics, schemes: schemes, logger: logger)
    }

    func backoff(attempt: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return configuration.retryDelays.delay(attempt: attempt).jittered(byPercent: 20, using: &random)
    }
}

/// Which requests for a reference's descriptor are the same.
struct ResolutionKey: Hashable, Sendable {
    let repository: RepositoryReference
    let reference: ManifestReference
    let access: AccessKey
    /// The work runs within its first caller's time: only callers with as much of it share it.
    let timeout: Duration?
}

/// The gates of every registry and user; those that nobody uses leave when there are many.
final class HostGates: Sendable {
    private struct Key: Hashable {
        let origin: RegistryURL.Origin
        let access: AccessKey
    }

    private static let maximumIdle = 1000

    private let configuration: RegistryClient.Configuration
    private let time: any TimeSource
    private let gates = Locked<[Key: HostGate]>([:])

    init(configuration: RegistryClient.Configuration, time: any TimeSource) {
        self.configuration = configuration
        self.time = time
    }

    func gate(for origin: RegistryURL.Origin, _ access: AccessKey) -> HostGate {
        gates.withLock { gates in
            let key = Key(origin: origin, access: access)
            if let gate = gates[key] { return gate }
            if gates.count >= Self.maximumIdle { gates = gates.filter { !$0.value.isIdle } }
            let gate = HostGate(
                limit: configuration.requestsPerHost, rate: configuration.requestRatePerHost,
                burst: configuration.requestBurstPerHost, time: time)
            gates[key] = gate
            return gate
        }
    }
}
