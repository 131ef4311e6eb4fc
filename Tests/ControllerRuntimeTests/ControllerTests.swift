import ControllerRuntime
import Core
import KubernetesAPI
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ControllerTests {
    /// A reconciler whose calls wait until the test lets them go.
    private final class Gate: Reconciler {
        struct State: Sendable {
            var started: [ReconcileRequest] = []
            var waiting: [NamespacedName: CheckedContinuation<Void, Never>] = [:]
            var cancelled: [NamespacedName] = []
            var outcomes: [NamespacedName: ReconcileOutcome] = [:]
        }
        let state = Locked(State())
        let isOpen: Bool
        init(isOpen: Bool = false) { self.isOpen = isOpen }

        func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
            state.withLock { $0.started.append(request) }
            if !isOpen {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isCancelled = state.withLock { state in
                            if Task.isCancelled { return true }
                            state.waiting[request.key] = continuation
                            return false
                        }
                        if isCancelled { continuation.resume() }
                    }
                } onCancel: {
                    state.withLock { state in
                        state.cancelled.append(request.key)
                        return state.waiting.removeValue(forKey: request.key)
                    }?.resume()
                }
            }
            return state.withLock { $0.outcomes[request.key] ?? .done }
        }

        var started: [String] { state.withLock { $0.started.map(\.key.name) } }
        func open(_ name: String, _ outcome: ReconcileOutcome = .done) async throws {
            let continuation: CheckedContinuation<Void, Never> = try await eventually("\(name) at work") {
                state.withLock { state in
                    let continuation = state.waiting.removeValue(forKey: key(name))
                    // Only now: an earlier call of the same key may not have read its outcome yet.
                    if continuation != nil { state.outcomes[key(name)] = outcome }
                    return continuation
                }
            }
            continuation.resume()
        }
    }

    private struct Fault: Error {}

    /// A replica that does not lead keeps what there is to do, not what there is no more.
    @Test func whatIsDeletedWhileNobodyWorksIsNotKept() throws {
        let controller = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource), reconciler: Gate(), time: ManualTime())
        let object = try OCIRepository(json: repository("a"))
        let annotation = OCIRepository.requestedAtAnnotation
        controller.observe(.added(object, isInitial: true), requestedBy: annotation)
        #expect(controller.depth == 1)
        controller.observe(.deleted(object), requestedBy: annotation)
        #expect(controller.depth == 0)
    }

    @Test func whatIsDeletedWhileSomebodyWorksIsReconciled() async throws {
        let gate = Gate(isOpen: true)
        try await withController(gate) { controller in
            try await eventually { controller.isWorking }
            controller.observe(.deleted(try OCIRepository(json: repository("a"))), requestedBy: "x")
            try await eventually { gate.started == ["a"] }
        }
    }

    private func withController(
        _ reconciler: any Reconciler, concurrency: Int = 2, timeout: Duration? = nil, time: ManualTime = ManualTime(),
        metrics: MetricsRegistry = MetricsRegistry(), _ body: (Controller) async throws -> Void
    ) async throws {
        let controller = Controller(
            configuration: .init(
                name: "ocirepository", resource: OCIRepository.resource, concurrency: concurrency,
                reconcileTimeout: timeout, drainTimeout: .seconds(5)), reconciler: reconciler, time: time,
            random: .seeded(1), metrics: metrics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            do { try await body(controller) } catch {
                group.cancelAll()
                // Let drained work end.
                time.advance(by: .seconds(10))
                throw error
            }
            group.cancelAll()
            while try await { group.isEmpty ? nil : try await group.next() }() != nil {}
        }
    }

    /// Waits until the controller sleeps for exactly `delay`, lets that time pass, and waits until work has begun.
    private func expire(_ delay: Duration, _ time: ManualTime, _ gate: Gate) async throws {
        try await eventually("a sleep of \(delay)") { time.nextDeadline == delay }
        time.advance(by: delay)
        try await eventually {
            if !gate.state.current.waiting.isEmpty { return true }
            // The controller may have been about to sleep again while the time was moved.
            time.advance(by: .seconds(1))
            return false
        }
    }

    @Test func workIsBoundedAndMostUrgentFirst() async throws {
        let gate = Gate()
        try await withController(gate, concurrency: 2) { controller in
            controller.enqueue(key("a"), priority: .poll)
            controller.enqueue(key("b"), priority: .poll)
            try await eventually { gate.started.count == 2 }
            controller.enqueue(key("c"), priority: .resync)
            controller.enqueue(key("d"), priority: .contentMissing)
            #expect(controller.depth == 2)
            try await gate.open("a")
            try await eventually { gate.started.count == 3 }
            #expect(gate.started.last == "d")
            try await gate.open("b")
            try await gate.open("d")
            try await gate.open("c")
        }
    }

    @Test func whoWaitsForAWorkerIsKnown() async throws {
        let time = ManualTime()
        let gate = Gate()
        try await withController(gate, concurrency: 1, time: time) { controller in
            controller.enqueue(key("first"), priority: .poll)
            try await eventually { gate.started == ["first"] }
            controller.enqueue(key("second"), priority: .poll)
            time.advance(by: .seconds(5))
            #expect(controller.waiting == [key("second"): .seconds(5)])
            try await gate.open("first")
            try await gate.open("second")
        }
    }

    @Test func nobodyWaitsWhereNobodyWorks() {
        let controller = Controller(
            configuration: .init(name: "ocirepository", resource: OCIRepository.resource), reconciler: Gate())
        controller.enqueue(key("first"), priority: .poll)
        #expect(controller.depth == 1 && controller.waiting.isEmpty)
    }

    @Test func aStallIsCountedAsAFailureThatIsNotTriedAgain() async throws {
        let metrics = MetricsRegistry()
        let gate = Gate()
        try await withController(gate, metrics: metrics) { controller in
            controller.enqueue(key("a"), priority: .requested)
            try await gate.open("a", .terminal(Fault()))
            try await eventually {
                let text = String(decoding: metrics.exposition(), as: UTF8.self)
                return [
                    "controller_runtime_terminal_reconcile_errors_total{controller=\"ocirepository\"} 1",
                    "controller_runtime_reconcile_errors_total{controller=\"ocirepository\"} 1",
                ].allSatisfy(text.contains)
            }
        }
    }

    @Test func outcomesDecideWhatComesNext() async throws {
        let gate = Gate()
        let time = ManualTime()
        try await withController(gate, time: time) { controller in
            controller.enqueue(key("a"), priority: .requested)
            try await gate.open("a", .requeueImmediately)
            try await gate.open("a", .requeue(after: .seconds(60)))
            try await expire(.seconds(60), time, gate)
            try await gate.open("a", .failed(Fault()))
            try await expire(.milliseconds(750), time, gate)
            try await gate.open("a", .failed(Fault(), notBefore: .seconds(9)))
            try await expire(.seconds(9), time, gate)
            try await gate.open("a", .terminal(Fault()))
            try await eventually { gate.started.count == 5 && time.sleeperCount == 0 }
            #expect(gate.state.withLock { $0.started.map(\.failures) } == [0, 0, 0, 1, 2])
        }
    }

    @Test func aSupersededReconciliationIsCancelledAndRunAgain() async throws {
        let gate = Gate()
        try await withController(gate) { controller in
            controller.enqueue(key("a"), priority: .requested)
            try await eventually { gate.started.count == 1 }
            gate.state.withLock { $0.outcomes[key("a")] = .failed(Fault()) }
            controller.enqueue(key("a"), priority: .requested, interrupting: true)
            try await eventually { gate.started.count == 2 }
            #expect(gate.state.current.cancelled == [key("a")])
            // It was no failure.
            #expect(gate.state.withLock { $0.started.map(\.failures) } == [0, 0])
            try await gate.open("a")
        }
    }

    @Test func aReconciliationThatTakesTooLongFails() async throws {
        let gate = Gate()
        let time = ManualTime()
        let metrics = MetricsRegistry()
        try await withController(gate, timeout: .seconds(100), time: time, metrics: metrics) { controller in
            controller.enqueue(key("a"), priority: .requested)
            try await eventually { gate.state.current.waiting.count == 1 && time.sleeperCount == 1 }
            time.advance(by: .seconds(100))
            try await eventually { gate.state.current.cancelled == [key("a")] }
            try await eventually { time.nextDeadline == .milliseconds(750) }
            let text = String(decoding: metrics.exposition(), as: UTF8.self)
            #expect(text.contains("controller_runtime_reconcile_timeouts_total{controller=\"ocirepository\"} 1"))
        }
    }

    @Test func shutdownWaitsForWorkThenCancelsIt() async throws {
        let gate = Gate()
        let time = ManualTime()
        let controller = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource, drainTimeout: .seconds(5)),
            reconciler: gate, time: time)
        let running = Task { try await controller.run() }
        controller.enqueue(key("a"), priority: .poll)
        controller.enqueue(key("b"), priority: .poll)
        try await eventually { gate.state.current.waiting.count == 2 }
        running.cancel()
        try await eventually { time.sleeperCount == 1 }
        #expect(gate.state.current.cancelled.isEmpty)
        controller.enqueue(key("c"), priority: .poll)
        try await gate.open("a")
        time.advance(by: .seconds(5))
        try await running.value
        #expect(gate.state.current.cancelled == [key("b")])
        #expect(!gate.started.contains("c"))
    }

    @Test func nothingStartsBeforeTheStoreIsReady() async throws {
        let gate = Gate(isOpen: true)
        let isReady = Wakeup()
        let controller = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource), reconciler: gate,
            isReady: { await isReady.wait() }, time: ManualTime())
        controller.enqueue(key("a"), priority: .poll)
        let running = Task { try await controller.run() }
        #expect(gate.started.isEmpty)
        isReady.signal()
        try await eventually { gate.started == ["a"] }
        running.cancel()
        try await running.value
    }

    @Test func metricsHaveTheirNamesFromTheStart() async throws {
        let metrics = MetricsRegistry()
        let gate = Gate(isOpen: true)
        gate.state.withLock { $0.outcomes[key("bad")] = .failed(Fault()) }
        try await withController(gate, concurrency: 3, metrics: metrics) { controller in
            let before = String(decoding: metrics.exposition(), as: UTF8.self)
            for line in [
                "controller_runtime_reconcile_total{controller=\"ocirepository\",result=\"success\"} 0",
                "controller_runtime_reconcile_total{controller=\"ocirepository\",result=\"requeue_after\"} 0",
                "controller_runtime_reconcile_errors_total{controller=\"ocirepository\"} 0",
                "controller_runtime_active_workers{controller=\"ocirepository\"} 0",
                "controller_runtime_max_concurrent_reconciles{controller=\"ocirepository\"} 3",
                "workqueue_depth{name=\"ocirepository\",controller=\"ocirepository\"} 0",
                "workqueue_adds_total{name=\"ocirepository\",controller=\"ocirepository\"} 0",
                "workqueue_retries_total{name=\"ocirepository\",controller=\"ocirepository\"} 0",
            ] { #expect(before.contains(line), "\(line)") }
            controller.enqueue(key("good"), priority: .poll)
            controller.enqueue(key("bad"), priority: .poll)
            try await eventually {
                let after = String(decoding: metrics.exposition(), as: UTF8.self)
                return [
                    "controller_runtime_reconcile_total{controller=\"ocirepository\",result=\"success\"} 1",
                    "controller_runtime_reconcile_total{controller=\"ocirepository\",result=\"error\"} 1",
                    "controller_runtime_reconcile_errors_total{controller=\"ocirepository\"} 1",
                    "controller_runtime_reconcile_time_seconds_count{controller=\"ocirepository\"} 2",
                    "workqueue_queue_duration_seconds_count{name=\"ocirepository\",controller=\"ocirepository\"} 2",
                    "workqueue_work_duration_seconds_count{name=\"ocirepository\",controller=\"ocirepository\"} 2",
                    "workqueue_retries_total{name=\"ocirepository\",controller=\"ocirepository\"} 1",
                    "workqueue_adds_total{name=\"ocirepository\",controller=\"ocirepository\"} 2",
                    "controller_runtime_active_workers{controller=\"ocirepository\"} 0",
                ].allSatisfy(after.contains)
            }
        }
    }
}
