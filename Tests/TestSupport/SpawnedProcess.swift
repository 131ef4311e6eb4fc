import CSpawn
import Core
import Foundation
import Glibc

/// A program that was started with `posix_spawn`. Foundation's `Process` is of no use here: it reads past a buffer when the
/// test process has many descriptors open.
///
/// A thread of its own starts the program and waits for its end: the kernel sends a child's death signal when the thread
/// that started it ends, not only when the whole process does.
final class SpawnedProcess: Sendable {
    /// What could not be started, and why.
    struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State: Sendable {
        var pid: pid_t = 0
        /// As `waitpid` gives it; nil while the program runs.
        var status: Int32?
        var failure: String?
    }

    private let state = Locked(State())

    /// Starts a program.
    /// - Parameters:
    ///   - path: absolute.
    ///   - files: what its standard input, output and error are.
    ///   - environment: variables that are set besides those of the test process.
    ///   - onExit: called once it has ended, with its exit status.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], directory: String?,
        files: (input: String, output: String, error: String), onExit: @escaping @Sendable (Int32) -> Void = { _ in }
    ) throws {
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        let started = DispatchSemaphore(value: 0)
        let state = state
        Thread.detachNewThread {
            var pid: pid_t = 0
            let code = Self.spawn(path, [path] + arguments, variables, directory, files, &pid)
            state.withLock {
                $0.pid = pid
                $0.failure = code == 0 ? nil : "cannot start '\(path)': \(unsafe String(cString: strerror(code)))"
            }
            started.signal()
            guard code == 0 else { return }
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            state.withLock { $0.status = status }
            onExit(Self.exitStatus(status))
        }
        started.wait()
        if let failure = state.current.failure { throw StartFailure(description: failure) }
    }

    var pid: Int32 { state.current.pid }
    var isRunning: Bool { state.current.status == nil }

    /// The exit status, or 128 + the number of the signal that ended it; 0 while it runs.
    var exitStatus: Int32 { state.current.status.map(Self.exitStatus) ?? 0 }

    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Sends it a signal, if it still runs: once it was waited for, its number may be another's.
    func signal(_ number: Int32) {
        state.withLock { if $0.status == nil { _ = Glibc.kill($0.pid, number) } }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], _ directory: String?,
        _ files: (input: String, output: String, error: String), _ pid: inout pid_t
    ) -> Int32 {
        let input = unsafe open(files.input, O_RDONLY | O_CLOEXEC)
        let output = unsafe open(files.output, O_WRONLY | O_APPEND | O_CLOEXEC)
        let error = unsafe open(files.error, O_WRONLY | O_APPEND | O_CLOEXEC)
        let texts = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for descriptor in [input, output, error] where descriptor >= 0 { close(descriptor) }
            unsafe (texts + variables).forEach { unsafe free($0) }
        }
        guard input >= 0, output >= 0, error >= 0 else { return errno }
        return unsafe cspawn_start(&pid, path, texts, variables, input, output, error, directory)
    }
}
