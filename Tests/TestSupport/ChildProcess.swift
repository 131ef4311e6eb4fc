import Glibc

/// A server that a test started; it is killed when the value goes away and when the test process dies, however that
/// happens.
package final class ChildProcess: Sendable {
    /// Its process identifier.
    package let pid: Int32
    private let process: SpawnedProcess
    private let folder: TemporaryDirectory

    /// Starts a program; its output goes to a file that `log` reads.
    /// - Parameters:
    ///   - path: its absolute path.
    ///   - environment: variables that are set besides those of the test process.
    package init(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil
    ) throws {
        folder = try TemporaryDirectory()
        try folder.write([], to: "log")
        process = try SpawnedProcess(
            "/usr/bin/setpriv", ["--pdeathsig", "KILL", path] + arguments, environment: environment,
            directory: directory, files: ("/dev/null", folder.file("log"), folder.file("log")))
        pid = process.pid
    }

    deinit { kill() }

    /// Whether it still runs.
    package var isRunning: Bool { process.isRunning }

    /// What it wrote so far, to standard output and standard error.
    package var log: String { String(decoding: (try? folder.read("log")) ?? [], as: UTF8.self) }

    /// Sends it a signal, if it still runs.
    package func signal(_ number: Int32) {
        process.signal(number)
    }

    /// Kills it.
    package func kill() { signal(SIGKILL) }

    /// Waits until it has ended, and gives its status (128 + number for a signal).
    package func waitForExit(within limit: Duration = .seconds(120)) async throws -> Int32 {
        try await eventually(within: limit, "the end of process \(pid)") { !isRunning }
        return process.exitStatus
    }
}
