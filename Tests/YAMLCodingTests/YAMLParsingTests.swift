import Core
import Testing
import YAMLCoding

@Suite struct YAMLParsingTests {
    private func value(_ text: String) throws -> JSONValue? {
        try YAML.parse([UInt8](text.utf8)).first?.value
    }

    /// What kubectl 1.32 makes of the same plain scalars.
    @Test(
        arguments: [
            ("y", true), ("Y", true), ("yes", true), ("on", true), ("True", true), ("TRUE", true), ("n", false),
            ("No", false), ("OFF", false), ("false", false), ("~", .null), ("null", .null), ("NULL", .null),
            ("", .null),
            ("010", 8), ("0o10", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("+5", 5), ("-0x10", -16), ("-0", 0),
            ("1.0", 1), ("1e3", 1000), ("1.", 1), (".5", .double(0.5)), ("-.5", .double(-0.5)), ("08", 8),
            ("1e-7", .double(1e-7)), ("2001-12-14", "2001-12-14"), ("1:30", "1:30"), ("1e", "1e"), ("=", "="),
            ("0o8", "0o8"), (".e", ".e"), ("+.inf2", "+.inf2"), ("'yes'", "yes"), ("\"1\"", "1"), ("!!str yes", "yes"),
            ("!!int \"5\"", 5), ("!!float 3", 3), ("!!bool 'on'", true), ("!!null ''", .null), ("truely", "truely"),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("|\n  a\n  b\n", "a\nb\n"),
            (">\n  a\n  b\n", "a b\n"),
        ] as [(String, JSONValue)])
    func scalarsResolveAsInKubectl(_ text: String, _ expected: JSONValue) throws {
        #expect(try value("a: \(text)\n")?["a"] == expected)
    }

    @Test func everyDocumentIsReadWithItsLine() throws {
        let documents = try YAML.parse([UInt8]("# c\na: 1\n---\n---\nb: [x, {y1: 2}]\n...\n".utf8))
        #expect(documents.map(\.value) == [["a": 1], .null, ["b": ["x", ["y1": 2]]]])
        #expect(documents.map(\.line) == [2, 4, 5])
        #expect(try YAML.parse([]).isEmpty)
        #expect(try YAML.parse([UInt8]("# only a comment\n".utf8)).isEmpty)
    }

    @Test func keysBecomeText() throws {
        #expect(try value("5: a\n1.5: b\ntrue: c\n'x': d\n") == ["5": "a", "1.5": "b", "true": "c", "x": "d"])
    }

    @Test func anchorsAndMergeKeysAreExpanded() throws {
        let text = """
            base: &b {a: 1, b: 2}
            other: &o {b: 3, c: 4}
            one: {<<: *b, b: 5}
            two: {a: 0, <<: [*b, *o]}
            list: [&s text, *s]
            literal: {'<<': 1}
            """
        let result = try value(text)
        #expect(result?["one"] == ["a": 1, "b": 5])
        #expect(result?["two"] == ["a": 0, "b": 2, "c": 4])
        #expect(result?["list"] == ["text", "text"])
        #expect(result?["literal"] == ["<<": 1])
    }

    @Test func byteOrderMarkIsSkipped() throws {
        #expect(try YAML.parse([0xef, 0xbb, 0xbf] + "a: 1".utf8).first?.value == ["a": 1])
    }

    @Test(
        arguments: [
            ("a: 1\nb: 2\na: 3\n", YAMLError.Code.duplicateKey, 3, 1, "'a'"),
            ("x:\n  1: a\n  \"1\": b\n", .duplicateKey, 3, 3, "'1'"),
            ("<<: {a: 1}\n<<: {b: 1}\n", .duplicateKey, 2, 1, "<<"),
            ("a: [1, 2\nb: 3\n", .syntax, 2, 2, "expected"),
            ("a: *x\n", .syntax, 1, 4, "'x' is not defined"),
            ("a: &x [*x]\n", .syntax, 1, 8, "contains itself"),
            ("a: .inf\n", .unsupported, 1, 4, "infinity"),
            ("a: .nan\n", .unsupported, 1, 4, "NaN"),
            ("a: 9223372036854775808\n", .unsupported, 1, 4, "64 bits"),
            ("a: !foo bar\n", .unsupported, 1, 4, "!foo"),
            ("a: !!map [1]\n", .unsupported, 1, 4, "map"),
            ("a: !!int x\n", .syntax, 1, 4, "does not fit"),
            ("[a, b]: 1\n", .unsupported, 1, 1, "scalar"),
            ("~: 1\n", .unsupported, 1, 1, "null key"),
            ("<<: 3\n", .syntax, 1, 5, "merge"),
            ("\ta: 1\n", .syntax, 1, 1, "token"),
            ("a: 1\nb: \u{1}\n", .syntax, 2, 4, "control"),
        ] as [(String, YAMLError.Code, Int, Int, String)])
    func faultsNameTheirPlace(
        _ text: String, _ code: YAMLError.Code, _ line: Int, _ column: Int, _ part: String
    ) throws {
        let error = #expect(throws: YAMLError.self) {
            try YAML.parse([UInt8](text.utf8), fileName: "config.yaml")
        }
        #expect(error?.code == code)
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.description.hasPrefix("config.yaml: line \(line), column \(column): ") == true)
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: YAMLError.self) { try YAML.parse([UInt8]("a: ".utf8) + [0xff, 0xfe]) }
    }

    @Test func aliasesCannotMultiplyWithoutBound() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        let error = #expect(throws: YAMLError.self) { try YAML.parse([UInt8](text.utf8)) }
        #expect(error?.code == .limit)

        let long = String(repeating: "x", count: 100_000)
        let wide = "s: &s \(long)\nl: [" + Array(repeating: "*s", count: 1000).joined(separator: ",") + "]\n"
        #expect(throws: YAMLError.self) { try YAML.parse([UInt8](wide.utf8)) }
    }

    @Test func aliasesCannotNestWithoutBound() throws {
        var text = "a0: &a0 [x]\n"
        for level in 1...120 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        let error = #expect(throws: YAMLError.self) { try YAML.parse([UInt8](text.utf8)) }
        #expect(error?.code == .limit)
    }

    @Test(
        arguments: [
            (YAMLLimits(bytes: 5), "a: 123\n"),
            (YAMLLimits(depth: 2), "a: [[1]]\n"),
            (YAMLLimits(values: 3), "[1, 2, 3]\n"),
            (YAMLLimits(expandedBytes: 3), "abcd\n"),
            (YAMLLimits(documents: 1), "a\n---\nb\n"),
        ])
    func limitsHold(_ limits: YAMLLimits, _ text: String) {
        let error = #expect(throws: YAMLError.self) { try YAML.parse([UInt8](text.utf8), limits: limits) }
        #expect(error?.code == .limit)
    }

    @Test func deepFlowNestingEndsEarly() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: YAMLError.self) { try YAML.parse(text) }
    }

    @Test func singleDocument() throws {
        #expect(try YAML.parseSingle([UInt8]("---\na: 1\n---\n".utf8)) == ["a": 1])
        #expect(throws: YAMLError.self) { try YAML.parseSingle([UInt8]("a: 1\n---\nb: 1\n".utf8)) }
        #expect(throws: YAMLError.self) { try YAML.parseSingle([]) }
    }
}
