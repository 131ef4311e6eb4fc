internal import Core
internal import Cryptography
internal import SourceReconcilers
internal import Verification

/// The public Sigstore instance's trust material, kept fresh by TUF in the background once something needs it.
///
/// The last good material is used while the metadata that vouches for it is valid, and no longer. Nothing is fetched before
/// the first object asks for keyless verification without a trusted root of its own.
actor PublicTrust: SigstoreTrust, Service {
    private static let target = "trusted_root.json"
    private static let interval = Duration.seconds(24 * 3600)
    private static let failureMemory = Duration.seconds(60)
    private static let retryDelays = Backoff(base: .seconds(10), maximum: .seconds(900))

    /// How the material stands, for probes and metrics.
    enum State: Sendable {
        /// Nothing has asked for it.
        case idle
        /// - Parameter problem: why the last refresh failed, if it did.
        case good(expires: Timestamp, refreshed: Timestamp?, problem: String?)
        case failed(String)
    }

    private let client: TUFClient
    private let time: any TimeSource
    private let logger: Logger
    private let state = Locked(State.idle)
    private let expiry: Gauge
    private let refreshes: CounterFamily
    private let refreshing = SingleFlight<String, Void>()
    private let demand: AsyncStream<Void>
    private let demanded: AsyncStream<Void>.Continuation
    private var current: (material: TrustMaterial, expires: Timestamp)?
    private var isLoaded = false
    /// The last failure, given again until then: objects in need of the material must not each wait for a mirror that is
    /// out of reach. `run` goes on trying.
    private var failure: (error: PublicTrustError, until: Duration)?

    init(client: TUFClient, time: any TimeSource, metrics: MetricsRegistry, logger: Logger) {
        self.client = client
        self.time = time
        self.logger = logger
        expiry = metrics.gauge(
            "source_controller_sigstore_trust_expiry_timestamp_seconds",
            help: "Until when the public Sigstore trust material may be used, in seconds since 1970; 0 without any."
        ).with([])
        refreshes = metrics.counter(
            "source_controller_sigstore_trust_refreshes_total",
            help: "Number of refreshes of the public Sigstore trust material, by result.", labels: ["result"])
        for result in ["success", "failure"] { refreshes.increment([result], by: 0) }
        (demand, demanded) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How the material stands, in a line.
    nonisolated var note: String {
        switch state.current {
        case .idle: "sigstore trust: not asked for"
        case .good(let expires, let refreshed, let problem):
            "sigstore trust: \(time.now < expires ? "good until" : "expired at") \(expires.rfc3339), "
                + "refreshed \(refreshed?.rfc3339 ?? "before the start")"
                + (problem.map { "; the last refresh failed: \($0)" } ?? "")
        case .failed(let problem): "sigstore trust: \(problem)"
        }
    }

    func material() async throws -> TrustMaterial {
        demanded.yield()
        if let current, time.now < current.expires { return current.material }
        if !isLoaded {
            isLoaded = true
            // What cannot be used is fetched anew.
            if let stored = try? await client.stored(Self.target, at: time.now) { try? adopt(stored, refreshed: nil) }
            if let current, time.now < current.expires { return current.material }
        }
        if let failure, time.uptime < failure.until { throw failure.error }
        try await refresh()
        guard let current, time.now < current.expires else {
            throw PublicTrustError("the public Sigstore trust material has expired and could not be refreshed")
        }
        return current.material
    }

    func run() async throws {
        for await _ in demand { break }
        var failures = 0
        while !Task.isCancelled {
            do {
                try await refresh()
                failures = 0
            } catch {
                failures += 1
            }
            let pause = failures == 0 ? Self.interval : Self.retryDelays.delay(attempt: failures - 1)
            guard (try? await time.sleep(for: pause)) != nil else { return }
        }
    }

    private func refresh() async throws {
        try await refreshing.run(Self.target) { try await self.fetch() }
    }

    private func fetch() async throws {
        do {
            let target = try await client.refresh(Self.target, at: time.now) { _ = try TrustedRoot(parsing: $0) }
            try adopt(target, refreshed: time.now)
            failure = nil
            refreshes.increment(["success"])
            logger.info("Refreshed the public Sigstore trust material")
        } catch {
            refreshes.increment(["failure"])
            logger.error("The public Sigstore trust material could not be refreshed", error: error)
            noteFailure(RemoteText.printable("\(error)", limit: 300))
            let problem = PublicTrustError(
                "unable to initialize trusted root: \(error); allow access to the TUF mirror, set --sigstore-tuf-mirror, or point --sigstore-trusted-root at a trusted_root.json"
            )
            failure = (problem, time.uptime + Self.failureMemory)
            throw problem
        }
    }

    private func noteFailure(_ problem: String) {
        state.withLock { state in
            if case .good(let expires, let refreshed, _) = state {
                state = .good(expires: expires, refreshed: refreshed, problem: problem)
            } else {
                state = .failed(problem)
            }
        }
    }

    private func adopt(_ target: TUFClient.Target, refreshed: Timestamp?) throws {
        let material = try TrustMaterial(parsing: target.bytes, digest: Digest.of(target.bytes))
        current = (material, target.expires)
        expiry.set(to: Double(target.expires.seconds))
        state.withLock { $0 = .good(expires: target.expires, refreshed: refreshed, problem: nil) }
    }
}

/// Why there is no trust material.
struct PublicTrustError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
