import ControllerRuntime
import Core
import KubernetesAPI
import TestSupport
import Testing

/// What a liveness probe is told: a controller is stuck when nothing but a new process helps, and never before.
@Suite(.timeLimit(.minutes(1))) struct StandstillTests {
    /// A reconciler whose calls end when the test says so, cancelled or not.
    private final class Deaf: Reconciler {
        private let doors = Locked<[NamespacedName: CheckedContinuation<Void, Never>]>([:])
        private let cancelled = Locked<Set<NamespacedName>>([])

        var atWork: Int { doors.current.count }
        /// Who was asked to end.
        var asked: Set<NamespacedName> { cancelled.current }

        func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
            await withTaskCancellationHandler {
                await withCheckedContinuation { door in doors.withLock { $0[request.key] = door } }
            } onCancel: {
                cancelled.withLock { _ = $0.insert(request.key) }
            }
            return .done
        }

        func open(_ name: String) { doors.withLock { $0.removeValue(forKey: key(name)) }?.resume() }
        func openAll() {
            for door in doors.withLock({ doors in
                defer { doors = [:] }
                return Array(doors.values)
            }) { door.resume() }
        }
    }

    private static let timeout = Duration.seconds(5400)

    /// Runs a controller with `concurrency` workers; `body` gets it with its task.
    private func withController(
        concurrency: Int = 2, isReady: @escaping @Sendable () async throws -> Void = {},
        _ body: (Controller, Task<Void, any Error>, Deaf, ManualTime) async throws -> Void
    ) async throws {
        let (time, deaf) = (ManualTime(), Deaf())
        let controller = Controller(
            configuration: .init(
                name: "ocirepository", resource: OCIRepository.resource, concurrency: concurrency,
                reconcileTimeout: Self.timeout), reconciler: deaf, isReady: isReady, time: time)
        let running = Task { try await controller.run() }
        var failure: (any Error)?
        do { try await body(controller, running, deaf, time) } catch { failure = error }
        running.cancel()
        let isOver = Locked(false)
        Task {
            _ = await running.result
            isOver.withLock { $0 = true }
        }
        try await eventually("the end") {
            deaf.openAll()
            return isOver.current
        }
        if let failure { throw failure }
    }

    @Test func allWorkersStuckPastTheBound() async throws {
        try await withController { controller, _, deaf, time in
            controller.enqueue(key("b"), priority: .poll)
            try await eventually { deaf.atWork == 1 }
            time.advance(by: .seconds(60))
            controller.enqueue(key("a"), priority: .poll)
            try await eventually { deaf.atWork == 2 }
            await time.waitForSleepers(count: 2)
            controller.enqueue(key("c"), priority: .poll)
            time.advance(by: Self.timeout)
            try await eventually { deaf.asked.count == 2 }
            #expect(controller.standstill == nil, "they have just been cancelled")
            time.advance(by: .seconds(300))
            #expect(controller.standstill == nil, "one may still end")
            time.advance(by: .seconds(1))
            #expect(
                controller.standstill
                    == "all 2 workers are stuck, cancelling did not help: apps/b since 2026-11-20T09:49:46Z, "
                    + "apps/a since 2026-11-20T09:50:46Z")
            // One that ends is progress.
            deaf.open("b")
            try await eventually { controller.standstill == nil }
        }
    }

    @Test func oneStuckWorkerOfTwoIsNoStandstill() async throws {
        try await withController { controller, _, deaf, time in
            controller.enqueue(key("a"), priority: .poll)
            try await eventually { deaf.atWork == 1 }
            time.advance(by: .seconds(100_000))
            #expect(controller.standstill == nil)
        }
    }

    @Test func idlenessIsNoStandstill() async throws {
        try await withController { controller, _, _, time in
            try await eventually { controller.isWorking }
            controller.enqueue(key("a"), after: .seconds(1_000_000), priority: .poll)
            time.advance(by: .seconds(100_000))
            #expect(controller.standstill == nil)
        }
    }

    /// A replica that does not lead, or whose API server is away, keeps what there is to do and is in order.
    @Test func whoMayNotWorkDoesNotStandStill() async throws {
        let standby = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource, reconcileTimeout: Self.timeout),
            reconciler: Deaf(), time: ManualTime())
        standby.enqueue(key("a"), priority: .poll)
        #expect(standby.standstill == nil)
        try await withController(isReady: { try await Task.sleep(for: .seconds(3600)) }) { controller, _, _, time in
            controller.enqueue(key("a"), priority: .poll)
            time.advance(by: .seconds(100_000))
            #expect(controller.standstill == nil)
        }
    }

    @Test func anEndThatDoesNotComeIsAStandstill() async throws {
        try await withController { controller, running, deaf, time in
            controller.enqueue(key("a"), priority: .poll)
            try await eventually { deaf.atWork == 1 }
            running.cancel()
            try await eventually("the pause before the rest is cancelled") { time.nextDeadline == .seconds(5) }
            time.advance(by: .seconds(5))
            try await eventually { deaf.asked.count == 1 }
            time.advance(by: .seconds(300))
            #expect(controller.standstill == nil)
            time.advance(by: .seconds(1))
            #expect(
                controller.standstill
                    == "the end is waited for since 2026-11-20T09:49:46Z: apps/a since 2026-11-20T09:49:46Z")
        }
    }

    /// The process, or the machine, was suspended for a night: at first everything is late, and nothing is stuck.
    @Test func aNightsSleepIsNoStandstill() async throws {
        try await withController { controller, _, deaf, time in
            for name in ["a", "b"] { controller.enqueue(key(name), priority: .poll) }
            try await eventually { deaf.atWork == 2 }
            await time.waitForSleepers(count: 2)
            controller.enqueue(key("c"), priority: .poll)
            time.advance(by: .seconds(8 * 3600))
            #expect(controller.standstill == nil, "nobody was asked to end yet")
            try await eventually { deaf.asked.count == 2 }
            #expect(controller.standstill == nil, "they have just been asked")
            time.advance(by: .seconds(301))
            #expect(controller.standstill != nil)
        }
    }

    /// A change of the object asks a reconciliation to end, which is a matter of that one alone.
    @Test func supersededWorkHasItsTime() async throws {
        try await withController(concurrency: 1) { controller, _, deaf, time in
            controller.enqueue(key("a"), priority: .poll)
            try await eventually { deaf.atWork == 1 }
            await time.waitForSleepers(count: 1)
            controller.enqueue(key("a"), priority: .requested, interrupting: true)
            try await eventually { deaf.asked.count == 1 }
            // As long as a download may take.
            time.advance(by: .seconds(4800))
            #expect(controller.standstill == nil)
            time.advance(by: .seconds(600))
            // Nothing can be seen of the second cancellation but what follows from it.
            try await eventually {
                time.advance(by: .seconds(301))
                return controller.standstill?.hasPrefix("the only worker is stuck") == true
            }
        }
    }

    /// Everybody has waited long when the only worker becomes free; who looks in that moment must not take it for good.
    @Test func aLongQueueIsNoStandstill() async throws {
        /// Is asked for the time whenever something begins or ends.
        final class Watched: TimeSource {
            let manual = ManualTime()
            let look = Locked<(@Sendable () -> Void)?>(nil)
            var now: Timestamp { manual.now }
            var uptime: Duration {
                // Not again from within.
                look.withLock { $0.take() }?()
                return manual.uptime
            }
            func sleep(for duration: Duration) async throws { try await manual.sleep(for: duration) }
        }
        let (time, deaf) = (Watched(), Deaf())
        let controller = Controller(
            configuration: .init(
                name: "c", resource: OCIRepository.resource, concurrency: 1, reconcileTimeout: Self.timeout),
            reconciler: deaf, time: time)
        let running = Task { try await controller.run() }
        let names = (0..<20).map { "object-\($0)" }
        for name in names { controller.enqueue(key(name), priority: .poll) }
        let seen = Locked<[String]>([])
        for number in names.indices {
            try await eventually { deaf.atWork == 1 }
            time.manual.advance(by: .seconds(1000))
            // Each reading of the time is a moment at which a probe may come.
            @Sendable func watch() {
                if let problem = controller.standstill { seen.withLock { $0.append(problem) } }
                if number < names.count - 1 { time.look.withLock { $0 = watch } }
            }
            time.look.withLock { $0 = watch }
            deaf.openAll()
            try await eventually { controller.depth < names.count - 1 - number || number == names.count - 1 }
            time.look.withLock { $0 = nil }
        }
        #expect(seen.current == [])
        running.cancel()
        try await eventually {
            deaf.openAll()
            return !controller.isWorking
        }
        _ = await running.result
    }

    /// The loop that hands out work is gone, or stuck: here because the time that it sleeps by never wakes it.
    @Test func whoWaitsThoughAWorkerIsFreeIsAStandstill() async throws {
        final class Frozen: TimeSource {
            let manual = ManualTime()
            let longestSleep = Locked(Duration.zero)
            var now: Timestamp { manual.now }
            var uptime: Duration { manual.uptime }
            func sleep(for duration: Duration) async throws {
                longestSleep.withLock { $0 = max($0, duration) }
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let (frozen, deaf) = (Frozen(), Deaf())
        let controller = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource, reconcileTimeout: Self.timeout),
            reconciler: deaf, time: frozen)
        let running = Task { try await controller.run() }
        try await eventually { controller.isWorking }
        controller.enqueue(key("a"), after: .seconds(60), priority: .poll)
        // A loop that looked once more after the time went on would find the work due.
        try await eventually("the loop sleeps") { frozen.longestSleep.current == .seconds(60) }
        frozen.manual.advance(by: .seconds(360))
        #expect(controller.standstill == nil)
        frozen.manual.advance(by: .seconds(1))
        #expect(
            controller.standstill == "apps/a waits for a worker since 2026-11-20T09:50:46Z although one is free")
        running.cancel()
        deaf.openAll()
        _ = await running.result
    }
}
