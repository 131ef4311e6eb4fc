import Core

/// What it takes until new objects are Ready.
struct Convergence: Sendable {
    let count: Int
    let wall: Double
    let processorTime: Double
    let peakMemory: Double
    let memoryBefore: Double
    let requests: [String: Int]
    let connections: Int

    /// Creates objects over many connections and waits until all of them have their artifact.
    static func measure(
        _ count: Int, _ controller: BenchmarkController, _ registry: BenchmarkRegistry, interval: String = "1h",
        keys: String? = nil
    ) async throws -> Convergence {
        let api = controller.api, probe = controller.probe
        let before = try await registry.requests()
        let clients = Connections.clients(of: registry.port)
        let memory = probe.residentMemory, time = probe.processorTime
        let url = "oci://\(registry.address)/app"
        let wall = try await api.timeUntilReady(count, named: "app-") {
            try await HTTPStand.concurrently(count, width: 32) { index in
                try await api.create("app-\(index)", url: url, tag: "v\(index)", interval: interval, keys: keys)
            }
        }
        let processorTime = probe.processorTime - time, peak = probe.peakMemory
        let connections = Connections.clients(of: registry.port).subtracting(clients).count
        let after = try await registry.requests()
        let ready = try await api.ready()
        guard ready.count == count else {
            throw BenchmarkFailure(
                description: "\(ready.count) of \(count) objects are Ready: \(controller.log.suffix(2000))")
        }
        return Convergence(
            count: count, wall: wall.inSeconds, processorTime: processorTime, peakMemory: peak, memoryBefore: memory,
            requests: after.merging(before) { $0 - $1 }, connections: connections)
    }

    func figures(_ scenario: String, floor: Double, limits: (wall: Double, memory: Double)?) -> [Figure] {
        let total = requests.values.reduce(0, +)
        let heads = requests["manifest head"] ?? 0
        let gets = (requests["manifest get"] ?? 0) + (requests["blob get"] ?? 0)
        return [
            Figure(
                scenario: scenario, name: "all Ready after", value: wall, unit: "s",
                reference: ("their registry requests alone", floor), target: limits.map { .atMost($0.wall) }),
            Figure(
                scenario: scenario, name: "processor time of the controller", value: processorTime, unit: "s",
                reference: ("the wall time on 2 cores", wall * 2)),
            Figure(
                scenario: scenario, name: "peak RSS, API server included", value: peakMemory, unit: "MiB",
                reference: ("before", memoryBefore), target: limits.map { .atMost($0.memory) }),
            Figure(
                scenario: scenario, name: "registry requests (\(heads) HEAD, \(gets) GET)", value: Double(total),
                unit: "",
                reference: ("3 for each object", Double(3 * count))),
            Figure(scenario: scenario, name: "registry connections", value: Double(connections), unit: ""),
        ]
    }
}
