/// Structured logging: a value that is handed down, each part of the program adding its context.
///
/// A line whose level is off costs one comparison: neither message nor fields are evaluated.
package struct Logger: Sendable {
    /// How much a line matters; a logger writes the lines of its own level and above.
    package enum Level: String, Sendable, CaseIterable, Comparable {
        case trace, debug, info, error

        package static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }

        private var rank: Int {
            switch self {
            case .trace: 0
            case .debug: 1
            case .info: 2
            case .error: 3
            }
        }
    }

    /// How lines are written.
    package enum Encoding: String, Sendable, CaseIterable {
        /// One JSON object for each line: `level`, `ts`, `msg`, then the fields in their order.
        case json
        /// For people: time, level, message and fields, separated by tabs.
        case console
    }

    /// A line's largest size in bytes, the newline included.
    package static let lineLimit = 64 << 10

    private struct Output: Sendable {
        let level: Level
        let encoding: Encoding
        let sink: any LogSink
        let time: any TimeSource
    }

    private let output: Output?
    private var context: [LogField]

    /// A logger without context.
    /// - Parameters:
    ///   - level: lines below it are not written.
    ///   - time: where the lines' time comes from.
    package init(
        level: Level = .info, encoding: Encoding = .json, sink: any LogSink, time: any TimeSource = SystemTime()
    ) {
        output = Output(level: level, encoding: encoding, sink: sink, time: time)
        context = []
    }

    private init() {
        output = nil
        context = []
    }

    /// A logger that writes nothing.
    package static var disabled: Logger { Logger() }

    /// Whether lines of `level` are written.
    package func isEnabled(_ level: Level) -> Bool {
        guard let output else { return false }
        return level >= output.level
    }

    /// The same logger with further fields on each line; a field replaces an earlier one of its name.
    package func with(_ fields: KeyValuePairs<String, JSONValue>) -> Logger {
        guard output != nil else { return self }
        var logger = self
        for (name, value) in fields { logger.context.set(LogField(name, value)) }
        return logger
    }

    /// Writes a line that is of use only to somebody who follows every step.
    package func trace(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, JSONValue> = [:]
    ) {
        log(.trace, message(), fields())
    }

    /// Writes a line that helps to find a fault.
    package func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, JSONValue> = [:]
    ) {
        log(.debug, message(), fields())
    }

    /// Writes a line that an operator wants to see.
    package func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, JSONValue> = [:]
    ) {
        log(.info, message(), fields())
    }

    /// Writes a line about a fault; `error`'s description becomes the field `error`.
    package func error(
        _ message: @autoclosure () -> String, error: (any Error)? = nil,
        _ fields: @autoclosure () -> KeyValuePairs<String, JSONValue> = [:]
    ) {
        log(.error, message(), error: error, fields())
    }

    private func log(
        _ level: Level, _ message: @autoclosure () -> String, error: (any Error)? = nil,
        _ fields: @autoclosure () -> KeyValuePairs<String, JSONValue>
    ) {
        guard let output, level >= output.level else { return }
        var all = context
        for (name, value) in fields() { all.set(LogField(name, value)) }
        if let error { all.set(LogField("error", .string(String(describing: error)))) }
        let line = LogLine(level: level, time: output.time.now, message: message(), fields: all)
        output.sink.write(line.encoded(output.encoding))
    }
}
