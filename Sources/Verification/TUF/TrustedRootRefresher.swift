package import Core

/// Keeps the trusted root of a TUF repository at hand.
///
/// Nothing is asked of the mirror before somebody needs the root for the first time. From then on it is refreshed in the
/// background; the last one that was accepted is used while everything that vouches for it is unexpired, and never longer.
package actor TrustedRootRefresher: Service {
    /// How it stands, for a readiness page.
    package struct State: Sendable, Hashable {
        /// Whether anybody has needed the root yet.
        package var isNeeded = false
        /// Until when the root at hand may be used; nil when there is none.
        package var expires: Timestamp?
        /// When the mirror last confirmed it.
        package var refreshed: Timestamp?
        package var rootVersion: Int64?
        package var targetsVersion: Int64?
        /// Why the last refresh failed; nil after one that did not.
        package var failure: String?
    }

    private struct Held {
        let root: TrustedRoot
        let expires: Timestamp
    }

    private static let target = "trusted_root.json"
    private static let interval = Duration.seconds(24 * 3600)
    /// How often a refresh that failed is tried again, and how often the loop looks at the clock.
    private static let pause = Duration.seconds(60)

    private let client: TUFClient
    private let time: any TimeSource
    private let logger: Logger
    private let refreshes: CounterFamily
    private let expiry: GaugeFamily
    private var held: Held?
    private var lastFailure: (error: TUFError, uptime: Duration)?
    private var due: Duration?
    private var running: Task<Void, Never>?

    /// How it stands.
    package private(set) var state = State()

    /// A refresher over a client.
    package init(client: TUFClient, time: any TimeSource, metrics: MetricsRegistry, logger: Logger) {
        self.client = client
        self.time = time
        self.logger = logger
        refreshes = metrics.counter(
            "source_controller_trusted_root_refreshes_total",
            help: "Refreshes of the Sigstore trusted root, by result.",
            labels: ["result"])
        expiry = metrics.gauge(
            "source_controller_trusted_root_expiry_timestamp_seconds",
            help: "When the Sigstore trusted root at hand may no longer be used; 0 when there is none.")
        for result in ["success", "failure"] { refreshes.increment([result], by: 0) }
        expiry.set(to: 0)
    }

    /// The trusted root. The first call asks the mirror; while it cannot be reached, the root that an earlier process
    /// stored is used if it has not expired.
    /// - Throws: `VerificationError` (`.trustedRoot`, retryable) when there is no root that may be used now.
    package func current() async throws(VerificationError) -> TrustedRoot {
        state.isNeeded = true
        if let held, time.now < held.expires { return held.root }
        let failedLately = lastFailure.map { time.uptime - $0.uptime < Self.pause } ?? false
        if !failedLately { await refresh() }
        if let held, time.now < held.expires { return held.root }
        let reason = lastFailure?.error.message ?? "it expired"
        throw VerificationError(
            .trustedRoot,
            "unable to initialize trusted root: \(reason); check that the TUF mirror can be reached, or use a "
                + "trusted_root.json of your own", underlying: lastFailure?.error, isRetryable: true)
    }

    package func run() async throws {
        while true {
            try await time.sleep(for: Self.pause)
            if state.isNeeded, due.map({ $0 <= time.uptime }) ?? true { await refresh() }
        }
    }

    /// Refreshes once, however many ask.
    private func refresh() async {
        if let running { return await running.value }
        let task = Task { await self.refreshOnce() }
        running = task
        await task.value
        running = nil
    }

    private func refreshOnce() async {
        do throws(TUFError) {
            try take(try await client.refresh(Self.target, at: time.now))
            state.refreshed = time.now
            state.failure = nil
            lastFailure = nil
            refreshes.increment(["success"])
            schedule(after: Self.interval)
            logger.info("refreshed the Sigstore trusted root", ["rootVersion": .integer(state.rootVersion ?? 0)])
        } catch {
            lastFailure = (error, time.uptime)
            state.failure = error.message
            refreshes.increment(["failure"])
            due = time.uptime + Self.pause
            logger.error("refreshing the Sigstore trusted root failed", error: error)
            // What an earlier process stored may still do.
            if held == nil, let stored = try? await client.stored(Self.target, at: time.now) { try? take(stored) }
        }
    }

    private func take(_ target: TUFClient.Target) throws(TUFError) {
        let root: TrustedRoot
        do {
            root = try TrustedRoot(parsing: target.bytes)
        } catch {
            throw TUFError(.malformed, error.message)
        }
        held = Held(root: root, expires: target.expires)
        state.expires = target.expires
        state.rootVersion = target.rootVersion
        state.targetsVersion = target.targetsVersion
        expiry.set(to: Double(target.expires.seconds))
    }

    /// Due after `interval`, or halfway to the expiry if that is sooner.
    private func schedule(after interval: Duration) {
        let halfway = held.map { ($0.expires - time.now) / 2 } ?? interval
        due = time.uptime + max(Self.pause, min(interval, halfway))
    }
}
