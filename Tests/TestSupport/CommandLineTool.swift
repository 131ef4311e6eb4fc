import Foundation

/// Runs other programs, as oracles for tests.
package enum CommandLineTool {
    /// What a program did.
    package struct Outcome: Sendable {
        /// The exit status; 128 + the signal's number if a signal ended it; 137 also when it ran out of time.
        package let status: Int32
        package let stdout: [UInt8]
        package let stderr: [UInt8]

        package var output: String { String(decoding: stdout, as: UTF8.self) }
        package var errorOutput: String { String(decoding: stderr, as: UTF8.self) }
    }

    /// Whether a program of this name is in `PATH`.
    package static func isInstalled(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - path: its path, or a name that is looked up in `PATH`.
    ///   - input: its standard input.
    ///   - environment: variables that are set besides those of the test process.
    ///   - limit: after this long it is killed.
    package static func run(
        _ path: String, _ arguments: [String] = [], input: [UInt8] = [], environment: [String: String] = [:],
        directory: String? = nil, limit: Duration = .seconds(60)
    ) async throws -> Outcome {
        let folder = try TemporaryDirectory()
        try folder.write(input, to: "in")
        try folder.write([], to: "out")
        try folder.write([], to: "err")
        // Files, not pipes: nothing can block on a full one.
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            do {
                _ = try SpawnedProcess(
                    "/usr/bin/timeout", ["-s", "KILL", "\(limit.components.seconds)", path] + arguments,
                    environment: environment, directory: directory,
                    files: (folder.file("in"), folder.file("out"), folder.file("err"))
                ) { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return Outcome(status: status, stdout: try folder.read("out"), stderr: try folder.read("err"))
    }
}
