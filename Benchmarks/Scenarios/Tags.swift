import Core
import Foundation
import HTTPServing
import TestSupport

/// A semver range over more and more tags: what has been read of the list must not be kept.
enum Tags {
    static func run(_ options: Options) async throws -> [Figure] {
        let folder = try TemporaryDirectory()
        let layer = try Data(
            contentsOf: URL(fileURLWithPath: try await Layers.random(1800, named: "small", in: folder)))
        var figures: [Figure] = []
        for (words, pageSize) in [("in one answer", nil), ("in pages of 1000", 1000)] as [(String, Int?)] {
            let stand = TagListStand(layer: Array(layer), pageSize: pageSize)
            let server = try HTTPServer(
                configuration: .init(address: "127.0.0.1:0", name: "tags"), handler: stand)
            figures += try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                defer { group.cancelAll() }
                return try await measure(stand, "oci://127.0.0.1:\(server.port)/app", words, options)
            }
        }
        return figures
    }

    private static func measure(
        _ stand: TagListStand, _ url: String, _ words: String, _ options: Options
    ) async throws -> [Figure] {
        let controller = try await BenchmarkController(options)
        let counts = options.isQuick ? [1000, 10_000] : [10_000, 500_000]
        var figures: [Figure] = []
        var smallest: Double?
        // The first object finds everything cold, and is not compared.
        for (index, count) in ([counts[0]] + counts).enumerated() {
            stand.offer(count)
            let idle = controller.probe.residentMemory, processorTime = controller.probe.processorTime
            controller.probe.resetPeak()
            let name = "tags-\(index)"
            _ = try await controller.api.timeUntilReady(1, named: name) {
                try await controller.api.create(name, url: url, semver: ">=1.0.0-0", timeout: "10m")
            }
            let revision = try await controller.api.object(name).member(at: "status", "artifact", "revision")?
                .stringValue
            guard revision?.hasPrefix("\(TagListStand.highest(of: count))@") == true else {
                throw BenchmarkFailure(description: "of \(count) tags it chose \(revision ?? "none")")
            }
            guard index > 0 else { continue }
            let peak = controller.probe.peakMemory
            smallest = smallest ?? peak
            let scenario = "\(count) tags \(words)"
            figures += [
                Figure(
                    scenario: scenario, name: "peak RSS", value: peak, unit: "MiB",
                    reference: ("of \(counts[0]) tags", smallest ?? peak), target: .ratioAtMost(1.1)),
                Figure(scenario: scenario, name: "peak RSS over idle", value: peak - idle, unit: "MiB"),
                Figure(
                    scenario: scenario, name: "processor time for 1000 tags",
                    value: (controller.probe.processorTime - processorTime) / Double(count) * 1e6, unit: "ms"),
            ]
        }
        try await controller.stop()
        return figures
    }
}
