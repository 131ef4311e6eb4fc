import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// What is told of an artifact whose status could not be written at once.
@Suite struct LateNewsTests {
    private static let layer = TarArchive.layer(["a": "content"])

    /// The status was written and the answer lost: the next reconcile finds nothing new, but nobody was told yet.
    @Test func aNewArtifactIsToldThoughTheAnswerWasLost() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            bench.api.loseAnswers { $0.method == "PATCH" && $0.path.hasSuffix("/status") }
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.ready)?.status == .yes)
            #expect(bench.events.all.isEmpty)
            bench.api.loseAnswers(nil)
            for _ in 0..<2 { try await bench.reconcile() }
            #expect(bench.events.all.map(\.reason) == ["NewArtifact"])
        }
    }

    /// An event has the time at which the artifact was stored, however long its status takes to be written, and also where
    /// that succeeds only at a later try.
    @Test(arguments: [0, 1, 2])
    func newsHaveTheirTime(refusals: Int) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            let start = bench.time.now, time = bench.time
            let isRefused = Locked(true)
            // The time passes while the outcome is written.
            bench.api.misbehave { request in
                guard request.method == "PATCH", request.path.hasSuffix("/status"),
                    String(decoding: request.body, as: UTF8.self).contains("\"artifact\"")
                else { return nil }
                time.advance(by: .seconds(7))
                return isRefused.current ? HTTPServerResponse(status: 500) : nil
            }
            for _ in 0..<refusals {
                try await bench.reconcile()
                #expect(bench.events.all.isEmpty)
                time.advance(by: .seconds(60))
            }
            isRefused.withLock { $0 = false }
            try await bench.reconcile()
            #expect(bench.events.all.map(\.reason) == ["NewArtifact"])
            #expect(bench.events.all.first?.date == start && start + .seconds(7) <= time.now)
        }
    }
}
