import Core
import TestSupport
import Testing

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("0", 0), ("-0", 0), ("-1", -1),
            ("12345678901", 12_345_678_901),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("999999999999999999", 999_999_999_999_999_999), ("1000000000000000000", 1_000_000_000_000_000_000),
            ("0.5", .double(0.5)), ("-0.5e-3", .double(-0.0005)), ("1E2", .double(100)), ("1e+2", .double(100)),
            ("1.0", .double(1)), ("1e308", .double(1e308)), ("0e0", .double(0)),
            ("123456789.123", .double(123_456_789.123)),
            (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u20ac\ud83d\uDE00""#, "A\u{e9}\u{20ac}\u{1f600}"), (#""\u0000""#, "\u{0}"),
            (#""\uFFFF\ufffe""#, "\u{ffff}\u{fffe}"), ("\"\u{e9}\u{1f600}\u{7f}\"", "\u{e9}\u{1f600}\u{7f}"),
            ("[]", []), ("[ ]", []), ("[1,[2,[]]]", [1, [2, []]]), (" \t\r\n[ 1 , 2 ] \n", [1, 2]), ("{}", [:]),
            (#"{"a":{"b":[null,true]},"":1}"#, ["a": ["b": [.null, true]], "": 1]),
            (#"{ "a" : 1 , "A" : 2 }"#, ["a": 1, "A": 2]), (#"{"\u0061":1}"#, ["a": 1]), (#"["\u2028"]"#, ["\u{2028}"]),
        ] as [(String, JSONValue)])
    func accepts(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: JSONValue(parsing: text).serialized()).isSameJSON(as: value))
        #expect(try JSONValue(parsing: JSONValue(parsing: text).serialized(.pretty)).isSameJSON(as: value))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "TRUE", "tru", "undefined", "NaN", "-NaN", "Infinity", "-Infinity", "'a'", "a",
        "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e+-2", "0x1", "1_000", "1 2", "2.",
        "9223372036854775808", "-9223372036854775809", "1e309", "-1e999", "1e1000000",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[}", "[1]]", "[1]x", "[1]\u{0}",
        "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\" 1}",
        "{\"a\"::1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\":1}}", "{\"a\":1]", "{\"a\",1}", "{\"a\":}", "{null:1}",
        "\"", "\"a", "\"\\\"", "\"\\", "\"\\x\"", "\"\\a\"", "\"\\'\"", "\"\\U0041\"", "\"\\u\"", "\"\\u00\"",
        "\"\\u004\"", "\"\\u004g\"", "\"\\u+041\"", "\"\\u 041\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud800\\ud800\"", "\"a\nb\"", "\"a\tb\"",
        "\"\u{0}\"", "\"\u{1f}\"", "\u{feff}1", "// c\n1", "/* c */1", "1 // c", "#\n1", "[1,\u{a0}2]", "\u{c}1",
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"a":{"b":1,"b":1}}"#, "{\"\u{e9}\":1,\"e\u{301}\":2}",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test(
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0x80, 0x22], [0x22, 0xc0, 0xaf, 0x22],
            [0x22, 0xe0, 0x80, 0xaf, 0x22],
            [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xf5, 0x80, 0x80, 0x80, 0x22], [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0x5c, 0x6e, 0xff, 0x22], [0x22, 0xff, 0x5c, 0x6e, 0x22], [0xff], [0xff, 0xfe, 0x31, 0x00],
            [0x22, 0x5c, 0xc3, 0xa9, 0x22],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func namesThePlace() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"a\": 1,\n  \"a\": 2\n}") }
        #expect(error?.description == "line 3, column 3: duplicate member 'a'")
        #expect(error?.offset == 14)
    }

    @Test func boundsDepth() throws {
        let limits = JSONLimits(depth: 5)
        #expect(throws: Never.self) { try JSONValue(parsing: "[[[[[1]]]]]", limits: limits) }
        #expect(throws: Never.self) { try JSONValue(parsing: "[[[[[]]]],[[[[]]]]]", limits: limits) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[[[[[[]]]]]]", limits: limits) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func boundsSizeAndCount() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,2]", limits: JSONLimits(bytes: 4)) }
        #expect(throws: Never.self) { try JSONValue(parsing: "[1,2]", limits: JSONLimits(bytes: 5, values: 3)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,2]", limits: JSONLimits(values: 2)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "0." + String(repeating: "1", count: 10_000)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "1", count: 10_000)) }
    }

    @Test func neverCrashesOnCutOrChangedText() throws {
        let text = [UInt8](#"{"a":[1,-2.5e3,true,null,"\u00e9\n\ud83d\ude00é"],"b":{"c":""}}"#.utf8)
        var accepted = 0
        for length in 0..<text.count where (try? JSONValue(parsing: Array(text[..<length]))) != nil { accepted += 1 }
        #expect(accepted == 0)
        var random = SeededGenerator(3)
        for _ in 0..<3000 {
            var changed = text
            changed[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            guard let value = try? JSONValue(parsing: changed) else { continue }
            #expect(try JSONValue(parsing: value.serialized()).isSameJSON(as: value))
        }
    }

    @Test func writesSortedAndEscaped() throws {
        let value: JSONValue = ["b": [1, .double(0.5), .double(2)], "a": "q\"\\\n\u{1}\u{7f}é", "A": [:], "c": []]
        #expect(value.text() == #"{"A":{},"a":"q\"\\\n\u0001\#u{7f}é","b":[1,0.5,2],"c":[]}"#)
        #expect(JSONValue.array([1, ["a": 2]]).text(.pretty) == "[\n    1,\n    {\n        \"a\": 2\n    }\n]")
        #expect(JSONValue.array([.double(.nan), .double(.infinity)]).text() == "[null,null]")
    }

    /// "é" composed and decomposed is one name to Swift and two to everybody else.
    @Test func equivalentNamesCanBePutUpWith() throws {
        let text = "{\"a\":{\"\u{e9}\":1,\"e\u{301}\":2},\"b\":3}"
        let value = try JSONValue(parsing: Array(text.utf8), equivalentNames: .lastWins)
        #expect(value["b"] == 3 && value["a"]?.objectValue?.count == 1)
        #expect(value["a"]?["e\u{301}"] == 2)
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array(#"{"a":1,"\u0061":2}"#.utf8), equivalentNames: .lastWins)
        }
    }

    @Test func tellsSizeFromOtherFaults() {
        for limits in [JSONLimits(bytes: 4), JSONLimits(values: 2)] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,2]", limits: limits) }
            #expect(error?.isSize == true)
        }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,") }
        #expect(error?.isSize == false)
    }
}
