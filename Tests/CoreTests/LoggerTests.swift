import Core
import TestSupport
import Testing

@Suite struct LoggerTests {
    private let log = CapturedLog()
    private let time = ManualTime(start: Timestamp(seconds: 1_795_168_186, nanoseconds: 123_987_654))

    private func logger(_ level: Logger.Level, _ encoding: Logger.Encoding) -> Logger {
        Logger(level: level, encoding: encoding, sink: log, time: time)
    }

    @Test func writesJSONInOrder() {
        let logger = logger(.info, .json).with(["controller": "ocirepository", "OCIRepository": ["name": "a"]])
        logger.info("stored artifact", ["size": 42, "fresh": true, "name": "a\"b"])
        #expect(
            log.lines == [
                #"{"level":"info","ts":"2026-11-20T09:49:46.123Z","msg":"stored artifact","controller":"ocirepository","#
                    + #""OCIRepository":{"name":"a"},"size":42,"fresh":true,"name":"a\"b"}"#
            ])
    }

    @Test func writesErrors() {
        struct Fault: Error, CustomStringConvertible { let description = "it\nbroke" }
        logger(.error, .json).error("failed", error: Fault(), ["n": 1])
        #expect(
            log.lines == [
                #"{"level":"error","ts":"2026-11-20T09:49:46.123Z","msg":"failed","n":1,"error":"it\nbroke"}"#
            ])
    }

    @Test func writesConsoleLines() {
        logger(.debug, .console).with(["a": 1]).debug("one \"two\"\nthree", ["b": nil ?? "x"])
        logger(.debug, .console).info("bare")
        #expect(
            log.lines == [
                "2026-11-20T09:49:46.123Z\tDEBUG\tone \"two\"\\nthree\t{\"a\":1,\"b\":\"x\"}",
                "2026-11-20T09:49:46.123Z\tINFO\tbare",
            ])
    }

    @Test(arguments: [
        (Logger.Level.trace, ["t", "d", "i", "e"]), (.debug, ["d", "i", "e"]), (.info, ["i", "e"]), (.error, ["e"]),
    ])
    func keepsToItsLevel(level: Logger.Level, expected: [String]) throws {
        let logger = logger(level, .json)
        logger.trace("t")
        logger.debug("d")
        logger.info("i")
        logger.error("e")
        #expect(try log.entries().map { $0["msg"]?.stringValue } == expected)
    }

    @Test func doesNotEvaluateWhatIsOff() {
        func never() -> String {
            Issue.record("evaluated")
            return ""
        }
        logger(.info, .json).debug(never(), ["a": .string(never())])
        Logger.disabled.error(never(), ["a": .string(never())])
        #expect(log.lines.isEmpty)
    }

    @Test func laterFieldsReplaceEarlierOnes() throws {
        logger(.info, .json).with(["a": 1, "b": 2]).with(["a": 3]).info("m", ["b": 4, "msg": "x", "level": "y"])
        #expect(log.lines.first?.contains(#""msg":"m","a":3,"b":4,"field.msg":"x","field.level":"y"}"#) == true)
        #expect(try log.entries().count == 1)
    }

    /// Terminal escapes, C1 controls, bidirectional overrides and line separators never reach a line raw.
    @Test(arguments: Logger.Encoding.allCases)
    func escapesHostileText(encoding: Logger.Encoding) {
        let hostile = "\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{7f}\r\n\u{0}\u{e0001}ok\u{e9}\u{1f600}"
        logger(.info, encoding).info(hostile, ["f": .string(hostile), "g": [.string(hostile)], hostile: 1])
        #expect(log.lines.count == 1)
        let line = log.lines.first ?? ""
        for scalar in line.unicodeScalars where scalar != "\t" {
            #expect(scalar.value >= 0x20 && scalar.value != 0x7f && scalar.properties.generalCategory != .format)
        }
        #expect(line.contains("ok\u{e9}\u{1f600}"))
        #expect(line.contains(#"\u001b[2J\u009b\u202e\u2028\u007f\r\n\u0000\udb40\udc01ok"#))
    }

    @Test(arguments: Logger.Encoding.allCases, ["x", "\u{1b}", "\u{1f600}", "\""])
    func boundsLines(encoding: Logger.Encoding, unit: String) throws {
        let huge = String(repeating: unit, count: 200_000)
        logger(.info, encoding).with(["c": .string(huge), huge: 1]).error(
            huge, error: NeverSaid(text: huge),
            [
                "a": .string(huge), "b": .array(Array(repeating: .string(huge), count: 10)), "d": ["k": .string(huge)],
                "e": 7,
            ])
        let line = try #require(log.rawLines.first)
        #expect(line.count <= Logger.lineLimit)
        #expect(line.last == 0x0a)
        if encoding == .json { _ = try log.entries() }
    }

    @Test func concurrentLinesDoNotMix() async throws {
        let logger = logger(.info, .json)
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for line in 0..<100 { logger.info("m", ["task": .integer(Int64(task * 1000 + line))]) }
                }
            }
        }
        #expect(Set(try log.entries().compactMap { $0["task"]?.integerValue }).count == 800)
    }
}

private struct NeverSaid: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
