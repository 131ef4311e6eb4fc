import Core
import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Sound documents with changes of all kinds never crash a reader, and are never accepted as something else. `make fuzz`
/// does the same for longer.
struct FuzzTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private static let targets = Result {
        let corpus = try Data(contentsOf: root.appendingPathComponent("FuzzTargets/corpus.json"))
        return try FuzzTarget.all(FuzzCorpus(parsing: Array(corpus)))
    }

    static var names: [String] { (try? targets.get().map(\.name)) ?? ["(the corpus cannot be read)"] }

    @Test(arguments: names)
    func changedInputs(_ name: String) async throws {
        let target = try #require(try Self.targets.get().first { $0.name == name })
        let run = try await FuzzRun(target, seed: 20_261_120)
        for input in 0..<200 { try await run.step(UInt64(input)) }
    }

    /// What a run finds it says, with what is needed to see it again.
    @Test(arguments: FuzzTarget.Fault.allCases)
    func faults(_ fault: FuzzTarget.Fault) async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        let program = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("fuzz").path
        let outcome = try await CommandLineTool.run(
            program, ["run", "--target=faulty-\(fault)", "--seed=7", "--inputs=2000", "--patience=2"])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("seed 7") && outcome.output.contains("FOUND"))
        #expect(outcome.errorOutput.contains("faulty-\(fault): seed 7"))
        switch fault {
        case .crash: #expect(outcome.errorOutput.contains("ended by signal"))
        case .hang: #expect(outcome.errorOutput.contains("no end after 2 s"))
        case .lie: #expect(outcome.errorOutput.contains("signed nowhere"))
        case .leak:
            // The leak sanitizer is faster than the growth of the process where the tests run under it.
            let words = ["a leak", "detected memory leaks"]
            #expect(words.contains { outcome.errorOutput.contains($0) }, "\(outcome.errorOutput)")
        }
        if fault != .leak { #expect(outcome.errorOutput.contains("--target=faulty-\(fault) --seed=7 --input=")) }
    }
}
