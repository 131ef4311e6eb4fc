internal import Core
internal import Glibc

/// What a helper program left behind.
package struct SubprocessResult: Sendable, Hashable {
    /// How a program ended.
    package enum Exit: Sendable, Hashable {
        case code(Int32)
        case signal(Int32)
    }

    package let exit: Exit
    package let output: [UInt8]
    /// The standard error's first bytes, at most the output limit; the rest is read and dropped.
    package let errorOutput: [UInt8]

    /// Whether the program ended with exit code 0.
    package var isSuccess: Bool { exit == .code(0) }
}

/// Runs helper programs: credential helpers and the exec plugins of a kubeconfig. No shell is involved.
package enum Subprocess {
    private static let executor = BlockingExecutor(label: "subprocess", width: 16)

    /// Runs a program to its end.
    ///
    /// The program gets its own process group, no descriptor of ours but its three streams, default signal handling, and
    /// exactly `environment`. It is killed, with its group, at the timeout, over the output limit, and when the task is
    /// cancelled. The blocking work happens on threads of its own, at most sixteen at a time.
    /// - Parameters:
    ///   - executable: a path, or a name to look for in the absolute folders of the given environment's `PATH`, or our own.
    ///   - environment: all of the program's environment; see `ProcessEnvironment`.
    ///   - input: what its standard input reads before the end.
    ///   - outputLimit: bytes of standard output that are accepted.
    ///   - workingDirectory: where it starts; nil for our own.
    package static func run(
        _ executable: String, arguments: [String] = [], environment: [String: String], input: [UInt8] = [],
        timeout: Duration, outputLimit: Int = 1 << 20, workingDirectory: String? = nil
    ) async throws(SubprocessError) -> SubprocessResult {
        let path = try ExecutableSearch.locate(executable, path: environment["PATH"])
        let cancellation = try CancellationSignal()
        let job = SubprocessJob(
            path: path, arguments: [executable] + arguments, environment: environment, input: input, timeout: timeout,
            outputLimit: outputLimit, workingDirectory: workingDirectory, cancellation: cancellation)
        let outcome: Result<SubprocessResult, SubprocessError> = await withTaskCancellationHandler {
            await executor.run { Result { () throws(SubprocessError) in try job.run() } }
        } onCancel: {
            cancellation.raise()
        }
        return try outcome.get()
    }
}

/// Finds programs as a shell would, but never relative to the working directory.
enum ExecutableSearch {
    static func locate(_ name: String, path: String?) throws(SubprocessError) -> String {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw SubprocessError(.notFound, "the name of the program to run is empty or has a zero byte")
        }
        if name.utf8.contains(UInt8(ascii: "/")) {
            guard isExecutable(name) else {
                throw SubprocessError(.notFound, "program '\(name)' does not exist or may not be executed")
            }
            return name
        }
        for folder in (path ?? ProcessEnvironment.current["PATH"] ?? "").split(separator: ":")
        where folder.hasPrefix("/") {
            let candidate = "\(folder)/\(name)"
            if isExecutable(candidate) { return candidate }
        }
        throw SubprocessError(.notFound, "program '\(name)' was not found in PATH; install it or name its path")
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return unsafe access(path, X_OK) == 0
    }
}

/// The process's own environment.
package enum ProcessEnvironment {
    /// A copy of the environment. Entries that are not UTF-8 are repaired, entries without `=` left out.
    package static var current: [String: String] {
        var entries: [String: String] = [:]
        guard var entry = unsafe Optional(environ) else { return entries }
        while let text = unsafe entry.pointee {
            let line = unsafe String(cString: text)
            if let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) {
                entries[String(line[..<equals])] = String(line[line.utf8.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return entries
    }
}
