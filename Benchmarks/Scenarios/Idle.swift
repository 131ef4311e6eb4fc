import Core

/// A daemon with nothing to do.
enum Idle {
    static func run(_ options: Options) async throws -> [Figure] {
        let registry = try await BenchmarkRegistry()
        let controller = try await BenchmarkController(options)
        try await Task.sleep(for: .seconds(5))
        let ours = controller.probe, peer = registry.probe
        let before = ours.voluntarySwitches, peerBefore = peer.voluntarySwitches, time = ours.processorTime
        let begin = ContinuousClock.now
        try await Task.sleep(for: options.window)
        let elapsed = (ContinuousClock.now - begin).inSeconds
        let wakeups = Double(ProcessProbe.wakeups(from: before, to: ours.voluntarySwitches)) / elapsed
        let peerWakeups = Double(ProcessProbe.wakeups(from: peerBefore, to: peer.voluntarySwitches)) / elapsed
        let figures = [
            Figure(
                scenario: "idle daemon", name: "RSS", value: ours.residentMemory, unit: "MiB",
                reference: ("idle docker-registry", peer.residentMemory), target: .atMost(30)),
            Figure(
                scenario: "idle daemon", name: "wake-ups", value: wakeups, unit: "/s",
                reference: ("idle docker-registry", peerWakeups), target: .atMost(2)),
            Figure(
                scenario: "idle daemon", name: "processor time", value: (ours.processorTime - time) / elapsed * 1000,
                unit: "ms/s"),
            Figure(scenario: "idle daemon", name: "threads", value: Double(ours.threads), unit: ""),
        ]
        try await controller.stop()
        return figures
    }
}
