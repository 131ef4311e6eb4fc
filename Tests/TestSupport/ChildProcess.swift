import Foundation
import Glibc

/// A server that a test started; it is killed when the value goes away and when the test process dies, however that
/// happens.
package final class ChildProcess: @unchecked Sendable {
    /// Its process identifier.
    package let pid: Int32
    private let process: Process
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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--pdeathsig", "KILL", path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("log")))
        try log.seekToEnd()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = log
        process.standardError = log
        try process.launchUnmasked()
        self.process = process
        pid = process.processIdentifier
    }

    deinit { kill() }

    /// Whether it still runs.
    package var isRunning: Bool { process.isRunning }

    /// What it wrote so far, to standard output and standard error.
    package var log: String { String(decoding: (try? folder.read("log")) ?? [], as: UTF8.self) }

    /// Sends it a signal, if it still runs.
    package func signal(_ number: Int32) {
        if process.isRunning { Glibc.kill(pid, number) }
    }

    /// Kills it.
    package func kill() { signal(SIGKILL) }

    /// Waits until it has ended, and gives its status (128 + number for a signal).
    package func waitForExit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually(within: limit, "the end of process \(pid)") { !isRunning }
        return process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
    }
}
