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

        var atWork: Int { doors.current.count }

        func reconcile(_ request: ReconcileRequest) async -> ReconcileOutcome {
            await withCheckedContinuation { door in doors.withLock { $0[request.key] = door } }
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
            controller.enqueue(key("c"), priority: .poll)
            time.advance(by: Self.timeout)
            #expect(controller.standstill == nil, "they have just been cancelled")
            time.advance(by: .seconds(241))
            #expect(controller.standstill == nil, "one may still end")
            time.advance(by: .seconds(60))
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
            time.advance(by: .seconds(300))
            #expect(controller.standstill == nil)
            time.advance(by: .seconds(6))
            #expect(
                controller.standstill
                    == "the end is waited for since 2026-11-20T09:49:46Z: apps/a since 2026-11-20T09:49:46Z")
        }
    }

    /// The loop that hands out work is gone, or stuck: here because the time of day it sleeps by never wakes it.
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
        let frozen = Frozen()
        let controller = Controller(
            configuration: .init(name: "c", resource: OCIRepository.resource, reconcileTimeout: Self.timeout),
            reconciler: Deaf(), time: frozen)
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
        _ = await running.result
    }
}
