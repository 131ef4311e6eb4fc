import Core
import Foundation
import TestSupport

/// A layer of 1 GiB.
enum LargeLayer {
    static func run(_ options: Options) async throws -> [Figure] {
        let size = options.isQuick ? 64 << 20 : 1 << 30
        let layer = try await Layers.large(size, cache: options.cache)
        let bytes = try FileManager.default.attributesOfItem(atPath: layer)[.size] as? Int ?? 0
        let registry = try await BenchmarkRegistry()
        let digest = try await registry.push(layer, to: "large", tags: ["v1"])
        let controller = try await BenchmarkController(options)
        let blob = "http://\(registry.address)/v2/large/blobs/\(digest)"
        let scratch = controller.folder.file("floor")
        let probe = controller.probe
        let api = controller.api
        var walls: [Double] = [], floors: [Double] = [], writingFloors: [Double] = []
        var memory: [Double] = [], times: [Double] = []
        // In turns, so that what else the machine does hits both alike.
        for round in 0..<(options.isQuick ? 1 : 3) {
            floors.append(try await time("curl -fsS '\(blob)' | tee >(sha256sum >/dev/null) | igzip -dc >/dev/null"))
            writingFloors.append(
                try await time(
                    "curl -fsS '\(blob)' | tee >(sha256sum >/dev/null) '\(scratch)' | igzip -dc >/dev/null; sync '\(scratch)'"
                ))
            try? FileManager.default.removeItem(atPath: scratch)
            try await Task.sleep(for: .seconds(2))
            let idle = probe.residentMemory, processorTime = probe.processorTime
            probe.resetPeak()
            let wall = try await api.timeUntilReady(1, named: "large-\(round)") {
                try await api.create(
                    "large-\(round)", url: "oci://\(registry.address)/large", tag: "v1", timeout: "20m")
            }
            walls.append(wall.inSeconds)
            memory.append(probe.peakMemory - idle)
            times.append(probe.processorTime - processorTime)
            try await api.delete("large-\(round)")
            try await eventually(within: .seconds(60), "the deletion") {
                try await HTTPStand.send(
                    "GET",
                    "http://127.0.0.1:\(controller.apiPort)/apis/source.toolkit.fluxcd.io/v1/namespaces/default/ocirepositories/large-\(round)"
                ).status == 404
            }
        }
        try await controller.stop()
        let scenario = "a layer of \(bytes >> 20) MiB"
        return [
            Figure(
                scenario: scenario, name: "Ready after", value: median(walls), unit: "s",
                reference: ("curl | tee >(sha256sum) | igzip -dc", median(floors)), target: .ratioAtMost(2)),
            Figure(
                scenario: scenario, name: "Ready after", value: median(walls), unit: "s",
                reference: ("the same, and written and synced", median(writingFloors))),
            Figure(scenario: scenario, name: "processor time", value: median(times), unit: "s"),
            Figure(
                scenario: scenario, name: "peak RSS over idle", value: memory.max() ?? 0, unit: "MiB",
                target: .atMost(16)),
        ]
    }

    private static func time(_ script: String) async throws -> Double {
        let begin = ContinuousClock.now
        let outcome = try await CommandLineTool.run("bash", ["-o", "pipefail", "-c", script], limit: .seconds(300))
        guard outcome.status == 0 else { throw BenchmarkFailure(description: "the floor: \(outcome.errorOutput)") }
        return (ContinuousClock.now - begin).inSeconds
    }
}
