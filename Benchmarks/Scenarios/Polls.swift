import Core
import Foundation
import HTTPTransport
import TestSupport

/// Objects whose tag does not change.
enum Polls {
    static func run(_ options: Options) async throws -> [Figure] {
        try await measure(options, isVerified: false) + measure(options, isVerified: true)
    }

    /// - Parameter isVerified: whether the objects ask for a signature by a key: once judged, it is to cost nothing.
    private static func measure(_ options: Options, isVerified: Bool) async throws -> [Figure] {
        let registry = try await BenchmarkRegistry()
        let folder = try TemporaryDirectory()
        try await registry.push(
            try await Layers.random(1800, named: "small", in: folder), to: "app",
            tags: ManyObjects.tags(options.objects))
        let controller = try await BenchmarkController(options, flags: ManyObjects.liftedFlags)
        let keys = isVerified ? "keys" : nil
        if let keys {
            try await controller.api.createSecret(
                keys, key: "cosign.pub", value: try await sign("\(registry.address)/app:v0", options))
        }
        _ = try await Convergence.measure(options.objects, controller, registry, interval: "10s", keys: keys)
        // Events of the beginning are still being written.
        try await Task.sleep(for: .seconds(10))
        let probe = controller.probe
        let before = try await registry.requests(), time = probe.processorTime
        let clients = Connections.clients(of: registry.port)
        try await Task.sleep(for: options.window)
        let processorTime = probe.processorTime - time
        let connections = Connections.clients(of: registry.port).subtracting(clients).count
        let requests = try await registry.requests().merging(before) { $0 - $1 }
        let memory = probe.residentMemory
        try await controller.stop()
        let heads = Double(requests["manifest head"] ?? 0), total = Double(requests.values.reduce(0, +))
        guard heads > 0 else { throw BenchmarkFailure(description: "nothing was polled") }
        let bare = try await self.bare(registry)
        let scenario = "\(options.objects) objects \(isVerified ? "with spec.verify " : "")polled every 10 s"
        return [
            Figure(
                scenario: scenario, name: "registry requests for each poll", value: total / heads, unit: "",
                reference: ("one HEAD", 1), target: .ratioAtMost(1)),
            Figure(
                scenario: scenario, name: "processor time for each poll", value: processorTime / heads * 1e6,
                unit: "us",
                reference: ("a bare HEAD with the same client", bare)),
            Figure(scenario: scenario, name: "polls", value: heads / options.window.inSeconds, unit: "/s"),
            Figure(scenario: scenario, name: "connections made", value: Double(connections), unit: ""),
            Figure(scenario: scenario, name: "RSS", value: memory, unit: "MiB"),
        ]
    }

    /// Signs what a tag means.
    /// - Returns: the public key, as PEM.
    private static func sign(_ artifact: String, _ options: Options) async throws -> String {
        let folder = try TemporaryDirectory()
        let environment = ["COSIGN_PASSWORD": "benchmark"]
        for arguments in [
            ["generate-key-pair", "--output-key-prefix=\(folder.file("k"))"],
            ["sign", "artifact", "oci://\(artifact)", "--key=\(folder.file("k.key"))", "--insecure-registry"],
        ] {
            let outcome = try await CommandLineTool.run(options.sourcectl, arguments, environment: environment)
            guard outcome.status == 0 else { throw BenchmarkFailure(description: outcome.errorOutput) }
        }
        return String(decoding: try folder.read("k.pub"), as: UTF8.self)
    }

    /// Processor time of a HEAD on a pooled connection, in microseconds.
    private static func bare(_ registry: BenchmarkRegistry) async throws -> Double {
        let own = ProcessProbe(pid: ProcessInfo.processInfo.processIdentifier)
        let time = own.processorTime
        let count = 2000
        try await HTTPStand.concurrently(count, width: 4) { _ in
            var request = HTTPRequest(method: "HEAD", url: "http://\(registry.address)/v2/app/manifests/v0")
            request.headers["Accept"] = "application/vnd.oci.image.manifest.v1+json"
            _ = try await HTTPStand.client.send(request).body.collect(upTo: 0)
        }
        return (own.processorTime - time) / Double(count) * 1e6
    }
}
