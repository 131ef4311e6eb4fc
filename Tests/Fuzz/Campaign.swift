import Foundation
import FuzzTargets
import Glibc
import TestSupport

/// One run over targets: a process for each, one after the other.
struct Campaign {
    /// KiB that a worker may grow by after the first quarter of its inputs.
    private static let allowedGrowth = 64 << 10
    /// Under the address sanitizer, leaks are found by it as well; freed memory must not pass for leaked. A crash ends the
    /// worker by its signal: the runtime's own backtrace reads the stack in a way that the sanitizer takes for a fault.
    private static let sanitizer = [
        "ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=8:handle_sigill=0:handle_sigtrap=0",
        "SWIFT_BACKTRACE": "enable=no",
    ]

    let options: Options

    /// - Returns: whether nothing was found.
    func run(_ targets: [FuzzTarget]) async -> Bool {
        Fuzz.show("seed \(options.seed)")
        Fuzz.show(Self.row(["target", "inputs", "accepted", "inputs/s", "MiB, end", "result"]))
        var isClean = true
        for target in targets {
            do {
                let (row, finding) = try await run(target)
                Fuzz.show(Self.row([target.name] + row + [finding == nil ? "clean" : "FOUND"]))
                if let finding {
                    Fuzz.report(finding)
                    isClean = false
                }
            } catch {
                Fuzz.report("\(target.name): \(error)")
                isClean = false
            }
        }
        return isClean
    }

    private func run(_ target: FuzzTarget) async throws -> (row: [String], finding: String?) {
        let folder = try TemporaryDirectory()
        let progress = try folder.write([], to: "progress")
        let outcome = try await CommandLineTool.run(
            try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            [
                "work", "--target=\(target.name)", "--seed=\(options.seed)", "--progress=\(progress)",
                "--patience=\(options.patience)",
                options.seconds.map { "--seconds=\($0)" } ?? "--inputs=\(options.inputs)",
            ], environment: Self.sanitizer, limit: .seconds((options.seconds ?? 3600) + 600))
        guard outcome.status == 0 else {
            let bytes = try folder.read("progress")
            let input = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let how = Self.cause(outcome, patience: options.patience)
            let text = "\(target.name): seed \(options.seed), input \(input): \(how)"
            let again = "see it again: fuzz show --target=\(target.name) --seed=\(options.seed) --input=\(input)"
            return (["\(input)", "-", "-", "-"], "\(text)\n\(again)\n\(outcome.errorOutput.suffix(6000))")
        }
        let summary = try JSONDecoder().decode(Worker.Summary.self, from: Data(outcome.stdout))
        let growth = summary.memoryAfter - summary.memoryBefore
        let row = [
            "\(summary.inputs)", "\(summary.accepted)", "\(Int(Double(summary.inputs) / max(summary.seconds, 0.001)))",
            "\(summary.memoryAfter >> 10)",
        ]
        guard growth <= Self.allowedGrowth else {
            return (
                row,
                "\(target.name): seed \(options.seed): memory grew by \(growth) KiB after the first quarter: a leak"
            )
        }
        return (row, nil)
    }

    private static func cause(_ outcome: CommandLineTool.Outcome, patience: UInt32) -> String {
        switch outcome.status {
        case 128 + SIGALRM: "no end after \(patience) s"
        case 129...: "ended by signal \(outcome.status - 128)"
        default: "ended with status \(outcome.status)"
        }
    }

    private static func row(_ cells: [String]) -> String {
        zip(cells, [18, 10, 10, 10, 10, 8]).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }
            .joined(separator: " ")
    }
}
