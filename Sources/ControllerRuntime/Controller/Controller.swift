package import Core
package import KubernetesAPI

/// Runs a reconciler over a work queue: bounded workers, most urgent first, back-off per key, drained at the end.
///
/// Keys may be enqueued before `run` and while nobody runs it: a replica that is not the leader keeps its queue, and works
/// it off when it becomes one.
package final class Controller: Service {
    /// How a controller works.
    package struct Configuration: Sendable {
        /// The `controller` of log lines and metrics, such as `ocirepository`.
        package var name: String
        /// What is reconciled.
        package var resource: APIResource
        /// Reconciliations at a time, at least 1.
        package var concurrency: Int
        /// Between tries of a failing key.
        package var backoff: Backoff
        /// A reconciliation that takes longer is cancelled and counts as failed; nil = never.
        package var reconcileTimeout: Duration?
        /// How long reconciliations may go on at shutdown before they are cancelled.
        package var drainTimeout: Duration

        /// A configuration; see the properties.
        package init(
            name: String, resource: APIResource, concurrency: Int = 4,
            backoff: Backoff = Backoff(base: .milliseconds(750), maximum: .seconds(900)),
            reconcileTimeout: Duration? = nil, drainTimeout: Duration = .seconds(5)
        ) {
            self.name = name
            self.resource = resource
            self.concurrency = max(1, concurrency)
            self.backoff = backoff
            self.reconcileTimeout = reconcileTimeout
            self.drainTimeout = drainTimeout
        }
    }

    private struct State: Sendable {
        var queue: WorkQueueState<NamespacedName>
        var executions: [NamespacedName: Execution] = [:]
        /// What of the queue's `readiedCount` the metrics have.
        var countedAdds = 0
        var isWorking = false
        /// When it was last looked for work, or a worker became free.
        var lastTurn = Duration.zero
        /// When the end began; nil before.
        var endBegan: Duration?
    }

    private let configuration: Configuration
    private let reconciler: any Reconciler
    private let isReady: @Sendable () async throws -> Void
    private let time: any TimeSource
    private let random: RandomSource
    private let metrics: ControllerMetrics
    private let logger: Logger
    private let state: Locked<State>
    private let changed = Wakeup()
    private let finished = Wakeup()

    /// A controller that is not running yet.
    /// - Parameter isReady: returns when the reconciler has what it reads from, such as a filled informer.
    package init(
        configuration: Configuration, reconciler: any Reconciler,
        isReady: @escaping @Sendable () async throws -> Void = {}, time: any TimeSource = SystemTime(),
        random: RandomSource = .system, metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled
    ) {
        self.configuration = configuration
        self.reconciler = reconciler
        self.isReady = isReady
        self.time = time
        self.random = random
        self.metrics = ControllerMetrics(
            registry: metrics, controller: configuration.name, concurrency: configuration.concurrency)
        self.logger = logger.with([
            "controller": .string(configuration.name), "controllerGroup": .string(configuration.resource.group),
            "controllerKind": .string(configuration.resource.kind),
        ])
        state = Locked(State(queue: WorkQueueState(backoff: configuration.backoff)))
    }

    // MARK: - Queue

    /// Asks for a reconciliation of `key` after `delay`; wishes for the same key become one (the earliest time, the highest
    /// priority).
    /// - Parameter interrupting: a reconciliation of `key` that is going on is cancelled, because its premises are gone.
    package func enqueue(
        _ key: NamespacedName, after delay: Duration = .zero, priority: WorkPriority, interrupting: Bool = false
    ) {
        let now = time.uptime
        let execution = state.withLock { state in
            state.queue.add(key, after: delay, priority: priority, now: now)
            publish(&state)
            return interrupting ? state.executions[key] : nil
        }
        execution?.interrupt(.superseded, at: now)
        changed.signal()
    }

    /// Asks for what a change of an object asks for.
    /// - Parameter annotation: the annotation by which people ask for a reconciliation.
    package func observe<Object: KubernetesObject>(_ event: InformerEvent<Object>, requestedBy annotation: String) {
        // Nobody works the queue off where this replica does not lead, and who comes to lead looks at what is stored.
        if case .deleted = event, !isWorking { return dequeue(event.key) }
        guard let trigger = ReconcileTrigger(event, requestedBy: annotation) else { return }
        enqueue(event.key, priority: trigger.priority, interrupting: trigger.isInterrupting)
    }

    /// Drops what is planned for `key`; a reconciliation that is going on is not touched.
    package func dequeue(_ key: NamespacedName) {
        state.withLock { state in
            state.queue.remove(key)
            publish(&state)
        }
    }

    /// The number of keys that wait for a worker.
    package var depth: Int { state.withLock { $0.queue.depth } }

    /// Whether reconciliations are begun: not before it runs and has what it reads from, nor at its end.
    package var isWorking: Bool { state.withLock { $0.isWorking } }

    /// How long each key has been waiting for a worker; empty while nobody works, as in a replica that does not lead.
    package var waiting: [NamespacedName: Duration] {
        let now = time.uptime
        return state.withLock { $0.isWorking ? $0.queue.waiting(now: now) : [:] }
    }

    /// What is stuck so that only a new process helps, and since when; nil if nothing is, also where nobody is to work.
    package var standstill: String? {
        let now = time.uptime
        let situation: Standstill.Situation? = state.withLock { state in
            guard state.isWorking else { return nil }
            return Standstill.Situation(
                concurrency: configuration.concurrency,
                works: state.executions.mapValues { Standstill.Work(begin: $0.begin, cancellation: $0.cancellation) },
                waiting: state.executions.count < configuration.concurrency ? state.queue.waiting(now: now) : [:],
                lastTurn: state.lastTurn, endBegan: state.endBegan)
        }
        return situation.flatMap { Standstill(situation: $0, now: now, date: time.now).description }
    }

    private func publish(_ state: inout State) {
        metrics.setDepth(state.queue.depth)
        metrics.added(state.queue.readiedCount - state.countedAdds)
        state.countedAdds = state.queue.readiedCount
    }

    // MARK: - Service

    /// Works until cancelled, then waits for the reconciliations that are going on.
    package func run() async throws {
        do { try await isReady() } catch is CancellationError { return }
        logger.info("Starting workers", ["worker count": .integer(Int64(configuration.concurrency))])
        let begin = time.uptime
        state.withLock { state in
            state.isWorking = true
            state.lastTurn = begin
            state.endBegan = nil
        }
        defer { state.withLock { $0.isWorking = false } }
        while !Task.isCancelled {
            switch takeNext() {
            case .start(let work): start(work)
            case .wait(let limit): await changed.wait(atMost: limit, time: time)
            }
        }
        let endBegan = time.uptime
        state.withLock { $0.endBegan = endBegan }
        await drain()
        logger.info("All workers finished")
    }

    private enum Turn {
        case start(WorkQueueState<NamespacedName>.Work)
        case wait(Duration?)
    }

    private func takeNext() -> Turn {
        let now = time.uptime
        return state.withLock { state in
            state.lastTurn = now
            // A finished reconciliation wakes the loop.
            guard state.executions.count < configuration.concurrency else { return .wait(nil) }
            let next = state.queue.next(now: now)
            publish(&state)
            switch next {
            case .work(let work): return .start(work)
            case .waitUntil(let due): return .wait(due - now)
            case .idle: return .wait(nil)
            }
        }
    }

    private func start(_ work: WorkQueueState<NamespacedName>.Work) {
        let execution = Execution(begin: time.uptime)
        state.withLock { $0.executions[work.key] = execution }
        metrics.started(waited: work.waited)
        // Not a child task: shutdown lets it go on for a while.
        execution.attach(Task { await self.execute(work, execution) })
    }

    private func execute(_ work: WorkQueueState<NamespacedName>.Work, _ execution: Execution) async {
        let request = makeRequest(work)
        let begin = time.uptime
        let timer = configuration.reconcileTimeout.map { [time] limit in
            Task {
                guard (try? await time.sleep(for: limit)) != nil else { return }
                execution.interrupt(.timedOut, at: time.uptime)
            }
        }
        let outcome = await reconciler.reconcile(request)
        timer?.cancel()
        let (completion, result) = judge(outcome, execution.interruption, request)
        let now = time.uptime
        metrics.finished(result, took: now - begin)
        state.withLock { state in
            if state.queue.complete(work.key, completion, now: now) { metrics.retried() }
            publish(&state)
            state.executions[work.key] = nil
            state.lastTurn = now
        }
        changed.signal()
        finished.signal()
    }

    private func makeRequest(_ work: WorkQueueState<NamespacedName>.Work) -> ReconcileRequest {
        var random = random
        let id = ReconcileID.make(using: &random)
        let key = work.key
        return ReconcileRequest(
            key: key, priority: work.priority, failures: work.failures, reconcileID: id,
            logger: logger.with([
                configuration.resource.kind: [
                    "name": .string(key.name), "namespace": .string(key.namespace),
                ], "namespace": .string(key.namespace), "name": .string(key.name), "reconcileID": .string(id),
            ]))
    }

    private func judge(
        _ outcome: ReconcileOutcome, _ interruption: Execution.Interruption?, _ request: ReconcileRequest
    ) -> (WorkQueueState<NamespacedName>.Completion, ControllerMetrics.Result) {
        switch interruption {
        case .superseded:
            request.logger.debug("Reconciliation ended: the object changed meanwhile")
            return (.again(after: .zero, priority: .requested), .requeue)
        case .shutdown: return (.again(after: .zero, priority: request.priority), .requeue)
        case .timedOut:
            metrics.timedOut()
            metrics.failed(isTerminal: false)
            request.logger.error("Reconciler error: the reconciliation took too long and was cancelled")
            return (.retry(), .error)
        case nil: break
        }
        switch outcome {
        case .done: return (.done, .success)
        case .requeue(let delay): return (.again(after: delay), .requeueAfter)
        case .requeueImmediately: return (.again(after: .zero, priority: request.priority), .requeue)
        case .failed(let error, let notBefore):
            metrics.failed(isTerminal: false)
            request.logger.error("Reconciler error", error: error)
            return (.retry(notBefore: notBefore), .error)
        case .terminal(let error):
            metrics.failed(isTerminal: true)
            request.logger.error("Reconciler error", error: error)
            return (.done, .error)
        }
    }

    // MARK: - Shutdown

    private func drain() async {
        // In a task of its own, because this one is cancelled and could not wait any more.
        await Task {
            let timer = Task {
                guard (try? await time.sleep(for: configuration.drainTimeout)) != nil else { return }
                let now = time.uptime
                for execution in state.withLock({ Array($0.executions.values) }) {
                    execution.interrupt(.shutdown, at: now)
                }
            }
            while !state.withLock({ $0.executions.isEmpty }) { await finished.wait() }
            timer.cancel()
        }.value
    }
}

/// Identifies one reconciliation in the logs: a random UUID (RFC 9562, version 4).
enum ReconcileID {
    static func make(using random: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let word = random.next()
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let hex = Array(Hexadecimal.encode(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }
}
