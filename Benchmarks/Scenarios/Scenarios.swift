/// Something that is measured in one go.
struct Scenario: Sendable {
    /// As `--only` names it.
    let name: String
    let run: @Sendable (Options) async throws -> [Figure]
}

enum Scenarios {
    /// In the order of the table.
    static let all = [
        Scenario(name: "idle", run: Idle.run),
        Scenario(name: "objects", run: ManyObjects.run),
        Scenario(name: "growth", run: Growth.run),
        Scenario(name: "polls", run: Polls.run),
        Scenario(name: "tags", run: Tags.run),
        Scenario(name: "layer", run: LargeLayer.run),
        Scenario(name: "serving", run: Serving.run),
        Scenario(name: "verification", run: Verifying.run),
    ]
}

/// Why something could not be measured.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
}
