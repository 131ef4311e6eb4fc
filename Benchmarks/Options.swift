import Core
import Foundation

/// What is measured, and how much of it.
struct Options: Sendable {
    static let usage = """
        Usage: benchmarks --programs=<folder> [--output=<file>] [--only=<scenario>,...] [--quick] [--large]
          scenarios: \(Scenarios.all.map(\.name).joined(separator: ", "))
          --quick   less of everything, to see that it works
          --large   10,000 objects besides 100 and 1,000
        """

    /// The folder of `source-controller` and `sourcectl`.
    private(set) var programs = ""
    private(set) var output = "benchmarks.json"
    /// A folder for what is costly to make; kept between runs.
    private(set) var cache = "/tmp"
    private(set) var isQuick = false
    private(set) var isLarge = false
    private var only: Set<String> = []

    init(arguments: [String]) throws(OptionError) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts[0], parts.count > 1 ? parts[1] : nil) {
            case ("--programs", let value?): programs = value
            case ("--output", let value?): output = value
            case ("--cache", let value?): cache = URL(fileURLWithPath: value).path
            case ("--only", let value?): only = Set(value.split(separator: ",").map(String.init))
            case ("--quick", nil): isQuick = true
            case ("--large", nil): isLarge = true
            default: throw OptionError(description: "unknown argument '\(argument)'")
            }
        }
        guard !programs.isEmpty else { throw OptionError(description: "--programs is missing") }
        if let unknown = only.subtracting(Scenarios.all.map(\.name)).first {
            throw OptionError(description: "there is no scenario '\(unknown)'")
        }
    }

    func includes(_ scenario: String) -> Bool { only.isEmpty || only.contains(scenario) }

    var controller: String { "\(programs)/source-controller" }
    var sourcectl: String { "\(programs)/sourcectl" }
    /// Objects of the main figure.
    var objects: Int { isQuick ? 50 : 1000 }
    /// How long a window of steady state is observed.
    var window: Duration { .seconds(isQuick ? 5 : 30) }
}

struct OptionError: Error, CustomStringConvertible {
    let description: String
}
