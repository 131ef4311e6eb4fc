import ControllerRuntime
import Core
import SourceReconcilers
import TestSupport
import Testing

/// When an object is polled next.
@Suite struct PollTests {
    @Test func pollsAreSpreadAroundTheInterval() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            try await bench.create()
            var delays: Set<Duration> = []
            for _ in 0..<10 {
                guard case .requeue(after: let delay) = try await bench.reconcile() else { continue }
                #expect(delay >= .seconds(570) && delay <= .seconds(630), "5 % of ten minutes either way")
                delays.insert(delay)
            }
            #expect(delays.count > 5, "the same for all would be a stampede: \(delays)")
        }
    }
}
