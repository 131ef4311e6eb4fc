internal import Glibc

/// Where finished log lines go.
package protocol LogSink: Sendable {
    /// Writes one line, its newline included; lines of different callers must not mix.
    func write(_ line: [UInt8])
}

/// Standard error, one `write(2)` for each line: the kernel keeps lines of up to `PIPE_BUF` bytes whole, a lock the
/// longer ones.
package final class StandardErrorSink: LogSink {
    private let lock = Locked(())

    /// A sink to the process's standard error.
    package init() {}

    package func write(_ line: [UInt8]) {
        lock.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                // There is nowhere left to report this to.
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
