import Core
import TestSupport

/// How time and memory grow with the number of objects.
enum Growth {
    static func run(_ options: Options) async throws -> [Figure] {
        let registry = try await BenchmarkRegistry()
        let folder = try TemporaryDirectory()
        var figures: [Figure] = []
        var first: Convergence?
        let counts = options.isQuick ? [10, 100] : options.isLarge ? [100, 1000, 10_000] : [100, 1000]
        try await registry.push(
            try await Layers.random(1800, named: "small", in: folder), to: "app",
            tags: ManyObjects.tags(counts.max() ?? 0))
        for count in counts {
            let controller = try await BenchmarkController(options, flags: ManyObjects.liftedFlags)
            let run = try await Convergence.measure(count, controller, registry)
            try await controller.stop()
            let base = first ?? run
            first = base
            let perObject = { (run: Convergence) in run.wall / Double(run.count) * 1000 }
            let memory = { (run: Convergence) in (run.peakMemory - run.memoryBefore) / Double(run.count) * 1024 }
            let reference = "of \(base.count) objects"
            figures += [
                Figure(
                    scenario: "growth, \(count) objects", name: "wall time for each", value: perObject(run), unit: "ms",
                    reference: (reference, perObject(base))),
                Figure(
                    scenario: "growth, \(count) objects", name: "processor time for each",
                    value: run.processorTime / Double(count) * 1000, unit: "ms",
                    reference: (reference, base.processorTime / Double(base.count) * 1000)),
                Figure(
                    scenario: "growth, \(count) objects", name: "peak RSS over idle for each", value: memory(run),
                    unit: "KiB", reference: (reference, memory(base))),
            ]
        }
        return figures
    }
}
