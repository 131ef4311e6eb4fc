package import Core

/// A log sink that keeps its lines for a test to look at.
package final class CapturedLog: LogSink {
    private let written = Locked<[[UInt8]]>([])

    /// A log without lines.
    package init() {}

    package func write(_ line: [UInt8]) { written.withLock { $0.append(line) } }

    /// The raw lines, each with its newline.
    package var rawLines: [[UInt8]] { written.current }

    /// The lines without their newlines.
    package var lines: [String] { rawLines.map { String(decoding: $0.dropLast(), as: UTF8.self) } }

    /// The lines of a logger with JSON encoding.
    package func entries() throws -> [JSONValue] { try rawLines.map { try JSONValue(parsing: $0) } }

    /// A logger that writes everything here, as JSON.
    package func logger(level: Logger.Level = .trace, time: any TimeSource = SystemTime()) -> Logger {
        Logger(level: level, encoding: .json, sink: self, time: time)
    }
}
