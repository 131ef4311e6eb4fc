import Core
import Foundation
import TestSupport

/// What the figures depend on besides the code.
struct Conditions: Sendable {
    let machine: String
    let loadBefore: String
    var loadAfter = ""
    let versions: [(name: String, version: String)]
    let isQuick: Bool

    static func current(_ options: Options) async -> Conditions {
        Conditions(
            machine: machine, loadBefore: load,
            versions: [
                ("source-controller", await line(options.controller, ["--version"])),
                ("docker-registry", await line("docker-registry", ["--version"])),
                ("nginx", await line("nginx", ["-v"])),
                ("wrk", await line("wrk", ["-v"])),
                ("curl", await line("curl", ["--version"])),
                ("igzip", await line("igzip", ["--version"])),
                ("openssl", await line("openssl", ["version"])),
                ("swift", await line("swift", ["--version"])),
                ("kernel", await line("uname", ["-sr"])),
            ], isQuick: options.isQuick)
    }

    /// The load averages of the last 1, 5 and 15 minutes.
    static var load: String {
        ProcFile.text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
    }

    private static var machine: String {
        let information = ProcFile.text("/proc/cpuinfo").split(separator: "\n")
        let model =
            information.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map {
                $0.trimmingCharacters(in: .whitespaces)
            } ?? "unknown processor"
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores of \(model), \(memory) GiB"
    }

    private static func line(_ program: String, _ arguments: [String]) async -> String {
        guard let outcome = try? await CommandLineTool.run(program, arguments) else { return "not found" }
        let text = outcome.output + outcome.errorOutput
        return text.split(separator: "\n").first.map { String($0.prefix(80)) } ?? "unknown"
    }

    var lines: [String] {
        [
            "Machine: \(machine)",
            "Load before: \(loadBefore); after: \(loadAfter)"
                + (isQuick ? "; a quick run, not to be quoted" : ""),
        ] + versions.map { "\($0.name): \($0.version)" }
    }

    var json: JSONValue {
        [
            "machine": .string(machine), "loadBefore": .string(loadBefore), "loadAfter": .string(loadAfter),
            "quick": .bool(isQuick),
            "versions": .object(Dictionary(uniqueKeysWithValues: versions.map { ($0.name, .string($0.version)) })),
        ]
    }
}
