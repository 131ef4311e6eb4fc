import Core
import HTTPTransport
import TestSupport

/// A restart with everything stored.
enum Restart {
    static func measure(
        _ count: Int, _ controller: BenchmarkController, _ registry: BenchmarkRegistry
    ) async throws -> [Figure] {
        let api = controller.api
        let artifact = try await api.object("app-0").member(at: "status", "artifact", "url")?.stringValue ?? ""
        let before = try await registry.requests()
        try await controller.restart()
        let begin = ContinuousClock.now
        try await eventually(within: .seconds(60), "an artifact served") { await HTTPStand.status(artifact) == 200 }
        let served = (ContinuousClock.now - begin).inSeconds
        try await controller.waitUntilReady()
        let ready = (ContinuousClock.now - begin).inSeconds
        // What is new gets its turn at once, however much is old.
        let added = try await api.timeUntilReady(1, named: "late") {
            try await api.create("late", url: "oci://\(registry.address)/app", tag: "v0", interval: "1h")
        }
        let after = try await registry.requests()
        try await api.delete("late")
        let total = after.merging(before) { $0 - $1 }.values.reduce(0, +)
        let scenario = "restart with \(count) stored"
        let probe = controller.probe
        return [
            Figure(scenario: scenario, name: "first artifact served after", value: served, unit: "s"),
            Figure(scenario: scenario, name: "ready (objects listed, store read) after", value: ready, unit: "s"),
            Figure(scenario: scenario, name: "a new object Ready within", value: added.inSeconds, unit: "s"),
            Figure(
                scenario: scenario, name: "registry requests, those of the new object included", value: Double(total),
                unit: "", reference: ("one for each object", Double(count))),
            Figure(scenario: scenario, name: "processor time", value: probe.processorTime, unit: "s"),
            Figure(scenario: scenario, name: "peak RSS", value: probe.peakMemory, unit: "MiB"),
        ]
    }
}
