import Core
import TestSupport
import Testing
import YAMLCoding

@Suite struct YAMLSerializationTests {
    /// As `kubectl --output yaml` 1.32 prints the same strings.
    @Test(
        arguments: [
            ("yes", "\"yes\""), ("1", "\"1\""), ("a: b", "'a: b'"), ("a #b", "'a #b'"), ("- a", "'- a'"),
            ("\ttab", "\"\\ttab\""), ("é", "é"), ("it's: \"q\"", "'it''s: \"q\"'"), ("", "\"\""), ("@a", "'@a'"),
            ("2001-12-14", "\"2001-12-14\""), ("~", "\"~\""), ("a:", "'a:'"), ("*a", "'*a'"), ("1:30", "\"1:30\""),
            ("{a}", "'{a}'"), ("a, b", "a, b"), ("a\u{1}b", "\"a\\x01b\""), ("😀", "\"\\U0001F600\""),
            ("line\r\nx", "\"line\\r\\nx\""), ("-", "'-'"), ("-a", "-a"), ("?a", "?a"), ("a ", "'a '"), (".", "."),
            ("08", "\"08\""), ("1_0", "\"1_0\""), ("a\nb\n", "|\n  a\n  b"), ("a\nb", "|-\n  a\n  b"),
            ("a\nb\n\n", "|+\n  a\n  b\n"), (" a\nb", "|2-\n   a\n  b"), ("a \nb", "\"a \\nb\""),
        ])
    func stringsAreQuotedAsKubectlDoes(_ text: String, _ expected: String) throws {
        #expect(YAML.serialize(["k": .string(text)]) == "k: \(expected)\n")
        #expect(try YAML.parseSingle([UInt8](YAML.serialize(["k": .string(text)]).utf8)) == ["k": .string(text)])
    }

    @Test func collectionsNestAsKubectlPrintsThem() {
        let value: JSONValue = [
            "k10": 1, "k2": 1, "K": 1, "a-b": 1, "a.b": 1, "e": [], "f": [:], "1.5": 3, "5": 2, "true": .null,
            "g": [[1, 2], ["a": "b", "c": ["d"]]], "n": ["x": ["y2": .double(0.5)]],
        ]
        #expect(
            YAML.serialize(value) == """
                "1.5": 3
                "5": 2
                K: 1
                a-b: 1
                a.b: 1
                e: []
                f: {}
                g:
                - - 1
                  - 2
                - a: b
                  c:
                  - d
                k2: 1
                k10: 1
                "n":
                  x:
                    y2: 0.5
                "true": null

                """)
    }

    @Test func longTextFoldsAtSpaces() throws {
        let long = Array(repeating: "0123456789abcdef", count: 12).joined(separator: " ")
        let text = YAML.serialize(["long": .string(long)])
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 100 })
        #expect(try YAML.parseSingle([UInt8](text.utf8)) == ["long": .string(long)])
    }

    /// What a plain scalar would turn into something else, as a key above all.
    @Test(arguments: [
        "<<", "=", "~", "null", "true", "1", "0x1", "1e3", "", " ", "-", "? a", "a: b", "#", "2001-01-01",
    ])
    func tellingStringsSurviveARoundTrip(text: String) throws {
        let value: JSONValue = ["v": .string(text), "l": [.string(text)], "m": [text: ["x": .string(text)]]]
        let yaml = YAML.serialize(value)
        #expect(try YAML.parseSingle([UInt8](yaml.utf8)) == value, "\(yaml)")
    }

    @Test func randomStringsSurviveARoundTrip() throws {
        let alphabet: [Character] = [
            "a", "Z", "0", "1", " ", " ", "\n", ":", "#", "-", "'", "\"", "\\", "{", "]", ",", "&", "*", "!", "|", ">",
            "%",
            "@", "é", "😀", "\t", "\r", "\u{85}", "\u{2028}", "\u{feff}", "~", ".", "_", "<", "=", "?", "\u{0}",
            "\u{7f}",
        ]
        var generator = SeededGenerator(1)
        for _ in 0..<3000 {
            let text = String(
                (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "a"
                })
            let value: JSONValue = [
                "v": .string(text), "l": [.string(text), [.string(text)]], "m": [text: ["x": .string(text)]],
            ]
            let yaml = YAML.serialize(value)
            #expect(try YAML.parseSingle([UInt8](yaml.utf8)) == value, "\(yaml)")
        }
    }

    @Test func scalarsStandAlone() throws {
        #expect(YAML.serialize(.null) == "null\n")
        #expect(YAML.serialize(["a", true]) == "- a\n- true\n")
        #expect(YAML.serialize([:]) == "{}\n")
    }
}
