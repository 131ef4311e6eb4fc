import Core
import Foundation

/// Measures the programs as they are shipped, on real parts, and prints one table; see docs/benchmarks.md.
@main
struct Benchmarks {
    static func main() async {
        // A peer that goes away must not end the run before its report.
        signal(SIGPIPE, SIG_IGN)
        do throws(OptionError) {
            let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
            exit(await run(options))
        } catch {
            print("benchmarks: \(error)\n\(Options.usage)")
            exit(2)
        }
    }

    private static func run(_ options: Options) async -> Int32 {
        var report = Report(conditions: await Conditions.current(options))
        var failures = 0
        for scenario in Scenarios.all where options.includes(scenario.name) {
            note("\(scenario.name) ...")
            do {
                report.figures += try await scenario.run(options)
            } catch {
                failures += 1
                note("\(scenario.name) failed: \(error)")
                report.failures[scenario.name] = "\(error)"
            }
        }
        Leftovers.remove()
        report.conditions.loadAfter = Conditions.load
        print(report.table)
        do {
            try Data(report.json.serialized(.pretty)).write(to: URL(fileURLWithPath: options.output))
            note("Written to \(options.output)")
        } catch {
            note("The figures could not be written to \(options.output): \(error)")
            failures += 1
        }
        return failures == 0 ? 0 : 1
    }

    /// Tells the person who waits; the table alone is on standard output.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
