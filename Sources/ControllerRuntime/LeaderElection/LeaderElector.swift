package import Core
package import KubernetesAPI
package import KubernetesClient

/// The leadership went to somebody else, or could not be renewed: the process has to end.
package struct LeadershipLost: Error, Sendable, Hashable, CustomStringConvertible {
    /// Who holds the lease as far as is known; empty if unknown.
    package let holder: String
    package var description: String {
        "leader election lost" + (holder.isEmpty ? ": the lease could not be renewed in time" : " to \(holder)")
    }
}

/// Runs something only while this process is the leader.
package final class LeaderElector: Sendable {
    /// What is elected, and who stands for it.
    package struct Configuration: Sendable {
        /// The Lease.
        package var lease: NamespacedName
        /// Different for each process.
        package var identity: String
        package var timing: LeaderElectionState.Timing
        /// Whether the lease is given up at shutdown, so that the next leader need not wait for it to run out.
        package var releasesOnCancel: Bool
        /// For a process that led before and still does what others may only do while nobody else leads: another's
        /// leadership then ends the run.
        package var endsWhenAnotherLeads = false

        /// A configuration; see the properties.
        package init(
            lease: NamespacedName, identity: String,
            timing: LeaderElectionState.Timing = LeaderElectionState.Timing(), releasesOnCancel: Bool = true
        ) {
            self.lease = lease
            self.identity = identity
            self.timing = timing
            self.releasesOnCancel = releasesOnCancel
        }
    }

    /// How long giving the lease up may take: the process ends after it.
    private static let releaseTime = Duration.seconds(2)

    private let configuration: Configuration
    private let server: any KubernetesAPIServer
    private let time: any TimeSource
    private let random: RandomSource
    private let logger: Logger
    private let status: Gauge
    private let state: Locked<LeaderElectionState>
    /// When the campaign last took a step; nil while there is none.
    private let lastStep = Locked<Duration?>(nil)

    /// A candidate that does not stand yet.
    package init(
        configuration: Configuration, server: any KubernetesAPIServer, time: any TimeSource = SystemTime(),
        random: RandomSource = .system, metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled
    ) {
        self.configuration = configuration
        self.server = server
        self.time = time
        self.random = random
        self.logger = logger.with([
            "lease": .string(configuration.lease.description), "identity": .string(configuration.identity),
        ])
        status = metrics.gauge(
            "leader_election_master_status",
            help: "Whether the reporting system is the leader of the relevant lease: 1 is leader, 0 is not.",
            labels: ["name"]
        ).with([configuration.lease.name])
        state = Locked(
            LeaderElectionState(
                identity: configuration.identity, lease: configuration.lease, timing: configuration.timing))
    }

    /// Whether this process is the leader now, by its own clock: false as soon as the renew deadline has passed, even if
    /// nothing has run since (a suspended process).
    package var isLeading: Bool { state.withLock { $0.isLeading(at: time.uptime) } }

    /// Since when the campaign has taken no step, though each ends in time; nil while it goes on, leading or not, and where there
    /// is none.
    package var standstill: String? {
        let now = time.uptime, timing = configuration.timing
        // A step is a request, which has a deadline, or a pause.
        let limit = (timing.leaseDuration + timing.renewDeadline + timing.retryPeriod) * 2 + Standstill.grace
        guard let last = lastStep.current, now - last > limit else { return nil }
        return "the lease \(configuration.lease) is not attended to since \((time.now + (last - now)).rfc3339)"
    }

    /// Waits for the leadership, then runs `body`, and ends when it does. On cancellation `body` is cancelled and waited
    /// for, and then the lease is released.
    /// - Throws: `LeadershipLost` after `body` was cancelled and has ended; what `body` throws.
    package func run(whileLeading body: @escaping @Sendable () async throws -> Void) async throws {
        let elected = Wakeup()
        let outcome: Result<Void, any Error> = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.campaign(elected) }
            group.addTask {
                await elected.wait()
                guard !Task.isCancelled else { return }
                try await body()
            }
            // The first to end ends the other: a lost election the work, the end of the work the campaign.
            var outcome: Result<Void, any Error> = .success(())
            do { try await group.next() } catch { outcome = .failure(error) }
            group.cancelAll()
            while let rest = await group.nextResult() {
                if case .failure(let error) = rest, case .success = outcome, !(error is CancellationError) {
                    outcome = .failure(error)
                }
            }
            return outcome
        }
        status.set(to: 0)
        if configuration.releasesOnCancel { await release() }
        try outcome.get()
    }

    // MARK: - Campaign

    private func campaign(_ elected: Wakeup) async throws {
        var isElected = false
        var lastHolder = ""
        var random = random
        logger.info("Attempting to acquire leader lease")
        defer { lastStep.withLock { $0 = nil } }
        while !Task.isCancelled {
            lastStep.withLock { $0 = time.uptime }
            let step = state.withLock { $0.nextStep(now: time.uptime, date: time.now) }
            switch step {
            case .wait(let delay): try? await time.sleep(for: delay)
            case .read(let limit): await read(within: limit, using: &random)
            case .create(let lease, let limit): await write(lease, isNew: true, within: limit)
            case .write(let lease, let limit): await write(lease, isNew: false, within: limit)
            case .lost:
                let holder = state.current.holder
                let error = LeadershipLost(holder: holder == configuration.identity ? "" : holder)
                logger.error("Leader election lost", error: error)
                throw error
            }
            let holder = state.current.holder
            if holder != lastHolder, !holder.isEmpty {
                lastHolder = holder
                logger.info("New leader elected", ["leader": .string(RemoteText.printable(holder))])
                if configuration.endsWhenAnotherLeads, holder != configuration.identity {
                    throw LeadershipLost(holder: holder)
                }
            }
            if !isElected, isLeading {
                isElected = true
                status.set(to: 1)
                logger.info("Successfully acquired lease")
                elected.signal()
            }
        }
    }

    private func read(within limit: Duration, using random: inout RandomSource) async {
        let resource = Lease.resource
        let path = resource.path(namespace: configuration.lease.namespace, name: configuration.lease.name)
        do throws(KubernetesError) {
            let json = try await server.send(APIRequest("GET", path, lane: .lease, deadline: limit))
            let lease = try Lease.decode(json)
            state.withLock { $0.read(lease, now: time.uptime, date: time.now, using: &random) }
        } catch {
            if error.isNotFound {
                state.withLock { $0.read(nil, now: time.uptime, date: time.now, using: &random) }
            } else {
                failed(error)
            }
        }
    }

    private func write(_ lease: Lease, isNew: Bool, within limit: Duration) async {
        let started = time.uptime
        do throws(KubernetesError) {
            let stored = try Lease.decode(try await server.send(request(lease, isNew: isNew, within: limit)))
            state.withLock { $0.wrote(stored, started: started, now: time.uptime) }
        } catch {
            failed(error)
        }
    }

    /// Patches, so that what others put into the lease stays; the resource version makes a second holder impossible.
    private func request(_ lease: Lease, isNew: Bool, within limit: Duration) -> APIRequest {
        let (namespace, name) = (configuration.lease.namespace, configuration.lease.name)
        guard !isNew else {
            return APIRequest(
                "POST", Lease.resource.path(namespace: namespace), body: lease.json, lane: .lease, deadline: limit)
        }
        let patch: JSONValue = [
            "metadata": [
                "uid": .string(lease.metadata.uid), "resourceVersion": .string(lease.metadata.resourceVersion),
            ], "spec": lease.json["spec"] ?? [:],
        ]
        return APIRequest(
            "PATCH", Lease.resource.path(namespace: namespace, name: name), body: patch,
            contentType: APIRequest.PatchFormat.merge.rawValue, lane: .lease, deadline: limit)
    }

    private func failed(_ error: KubernetesError) {
        state.withLock { $0.failed(now: time.uptime) }
        guard error.code != .cancelled else { return }
        if error.isConflict || error.isAlreadyExists {
            logger.debug("Somebody else wrote the lease first")
        } else {
            logger.error("The lease could not be read or written; it is tried again", error: error)
        }
    }

    // MARK: - Release

    private func release() async {
        let plan = state.withLock { $0.release(date: time.now) }
        guard plan != .none else { return }
        // In a task of its own, because this one is cancelled.
        let result = await Task {
            await Result { () async throws(KubernetesError) in try await self.giveUp(plan) }
        }.value
        switch result {
        case .success(true): logger.info("Released the leader lease")
        case .success(false): logger.debug("The lease was not ours to release")
        case .failure(let error): logger.error("The leader lease could not be released; it runs out", error: error)
        }
    }

    /// Writes the lease without a holder, all in all within `releaseTime`. A renewal that was cancelled on its way may still
    /// reach the server before that: then once more, on what the server has.
    /// - Returns: whether there was something to give up.
    private func giveUp(_ plan: LeaderElectionState.Release) async throws(KubernetesError) -> Bool {
        let end = time.uptime + Self.releaseTime
        var known: Lease? = if case .write(let lease) = plan { lease } else { nil }
        var isLastTry = false
        while true {
            var lease = known.take()
            if lease == nil { lease = try await held(until: end) }
            guard let lease else { return false }
            do throws(KubernetesError) {
                _ = try await server.send(request(lease, isNew: false, within: rest(until: end)))
                return true
            } catch {
                guard error.isConflict, !isLastTry else { throw error }
                isLastTry = true
            }
        }
    }

    /// The lease on the server, given up; nil if it is not ours.
    private func held(until end: Duration) async throws(KubernetesError) -> Lease? {
        let path = Lease.resource.path(namespace: configuration.lease.namespace, name: configuration.lease.name)
        do throws(KubernetesError) {
            let lease = try Lease.decode(
                try await server.send(APIRequest("GET", path, lane: .lease, deadline: rest(until: end))))
            return state.withLock { $0.released(lease, date: time.now) }
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func rest(until end: Duration) -> Duration { max(end - time.uptime, .zero) }
}

extension Result where Failure == KubernetesError {
    fileprivate init(_ body: () async throws(KubernetesError) -> Success) async {
        do throws(KubernetesError) {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
