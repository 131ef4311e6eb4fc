import Core
import Testing

@Suite struct JSONPatchTests {
    /// RFC 7386, appendix A.
    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
        (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"a":1,"e":null}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func merges(original: String, patch: String, result: String) throws {
        let merged = try JSONValue(parsing: original).merging(patch: try JSONValue(parsing: patch))
        #expect(merged.text() == result)
    }

    /// RFC 6902, appendix A, and the edges between its rows.
    @Test(arguments: [
        (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
        (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
        (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc"]}]"#, #"{"foo":["bar",["abc"]]}"#),
        (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/1","value":2}]"#, #"{"foo":["bar",2]}"#),
        (#"{"foo":null}"#, #"[{"op":"add","path":"/foo","value":1}]"#, #"{"foo":1}"#),
        (#"{"foo":1}"#, #"[{"op":"add","path":"","value":[]}]"#, "[]"),
        (#"{"foo":1}"#, #"[{"op":"add","path":"/","value":2}]"#, #"{"":2,"foo":1}"#),
        (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
        (#"{"foo":[1,2,3]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":[1,3]}"#),
        (#"{"a":1}"#, #"[{"op":"remove","path":""}]"#, "null"),
        (#"{"baz":"qux"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo"}"#),
        (#"{"a":[1,2]}"#, #"[{"op":"replace","path":"/a/1","value":null}]"#, #"{"a":[1,null]}"#),
        (#"{"a":1}"#, #"[{"op":"replace","path":"","value":2}]"#, "2"),
        (
            #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
        ),
        (#"{"foo":["a","b","c"]}"#, #"[{"op":"move","from":"/foo/0","path":"/foo/2"}]"#, #"{"foo":["b","c","a"]}"#),
        (#"{"foo":1}"#, #"[{"op":"move","from":"/foo","path":"/foo"}]"#, #"{"foo":1}"#),
        (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/a"}]"#, #"{"a":1}"#),
        (#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"}]"#, #"{"a":{"b":1},"c":{"b":1}}"#),
        (#"{"a":1}"#, #"[{"op":"copy","from":"","path":"/b"}]"#, #"{"a":1,"b":{"a":1}}"#),
        (
            #"{"a":[1,"x",{"b":null}]}"#, #"[{"op":"test","path":"/a","value":[1.0,"x",{"b":null}]}]"#,
            #"{"a":[1,"x",{"b":null}]}"#
        ),
        (
            #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10},{"op":"test","path":"/~1","value":9}]"#,
            #"{"/":9,"~1":10}"#
        ),
        (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2,"xyz":3}]"#, #"{"a":1,"b":2}"#),
        (#"{"-":{"0":1}}"#, #"[{"op":"replace","path":"/-/0","value":2}]"#, #"{"-":{"0":2}}"#),
        ("{}", "[]", "{}"),
    ])
    func applies(original: String, patch: String, result: String) throws {
        let changed = try JSONValue(parsing: original).applying(jsonPatch: try JSONValue(parsing: patch))
        #expect(changed.text() == result)
    }

    @Test(
        arguments: [
            (#"{"a":1}"#, #"[{"op":"add","path":"/b/c","value":1}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a/c","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/2","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/01","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/+1","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/x","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"replace","path":"/a/-","value":1}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/1"}]"#, .missingPath),
            (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/99999999999999999999"}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"remove","path":"/b"}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"replace","path":"/b","value":1}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"move","from":"/b","path":"/a"}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"copy","from":"/b","path":"/a"}]"#, .missingPath),
            (#"{"a":1}"#, #"[{"op":"test","path":"/b","value":null}]"#, .missingPath),
            (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":"1"}]"#, .testFailed),
            (#"{"a":9007199254740993}"#, #"[{"op":"test","path":"/a","value":9007199254740992.0}]"#, .testFailed),
            ("{\"a\":\"\u{e9}\"}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"e\u{301}\"}]", .testFailed),
            (#"{"a":1}"#, #"[{"op":"add","path":"a","value":1}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"add","path":"/~2","value":1}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a~","value":1}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a"}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"add","value":1}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"copy","path":"/a"}]"#, .malformed),
            (#"{"a":1}"#, #"[{"op":"spam","path":"/a"}]"#, .malformed),
            (#"{"a":1}"#, #"[{"path":"/a","value":1}]"#, .malformed),
            (#"{"a":1}"#, #"[1]"#, .malformed), (#"{"a":1}"#, #"{"op":"add"}"#, .malformed),
        ] as [(String, String, JSONPatchError.Code)])
    func refuses(original: String, patch: String, code: JSONPatchError.Code) throws {
        let original = try JSONValue(parsing: original)
        let patch = try JSONValue(parsing: patch)
        let error = #expect(throws: JSONPatchError.self) { try original.applying(jsonPatch: patch) }
        #expect(error?.code == code, "\(error?.description ?? "")")
    }

    @Test func boundsGrowth() {
        let bomb = JSONValue.array(Array(repeating: ["op": "copy", "from": "", "path": "/-"], count: 60))
        let start: JSONValue = [.string(String(repeating: "x", count: 1000))]
        var error = #expect(throws: JSONPatchError.self) { try start.applying(jsonPatch: bomb) }
        #expect(error?.code == .tooLarge)

        let noise = JSONValue.array(Array(repeating: ["op": "add", "path": "/a", "value": 1], count: 10_001))
        error = #expect(throws: JSONPatchError.self) { try JSONValue.object([:]).applying(jsonPatch: noise) }
        #expect(error?.code == .tooLarge)
    }

    @Test func boundsDepth() {
        var operations: [JSONValue] = []
        var path = ""
        for _ in 0..<300 {
            path += "/a"
            operations.append(["op": "add", "path": .string(path), "value": [:]])
        }
        let error = #expect(throws: JSONPatchError.self) {
            try JSONValue.object([:]).applying(jsonPatch: .array(operations))
        }
        #expect(error?.code == .tooLarge)
    }
}

@Suite struct JSONCanonicalTests {
    /// RFC 8785, section 3.2.3: sorting by UTF-16 code units.
    @Test func sortsByUTF16() throws {
        let value: JSONValue = [
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        ]
        #expect(
            String(decoding: try value.canonical(), as: UTF8.self)
                == "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\","
                + "\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\","
                + "\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}")
        #expect(
            try value.olpcCanonical().suffix(30) == [UInt8]("\"\u{1f600}\":\"Emoji: Grinning Face\"}".utf8).suffix(30))
    }

    @Test func writesStringsAndNumbers() throws {
        let value: JSONValue = [
            "s": "\u{8}\t\n\u{c}\r\u{1}\u{1f}\"\\/\u{7f}é", "n": [0, -5, .double(1e3), 9_007_199_254_740_992],
        ]
        #expect(
            String(decoding: try value.canonical(), as: UTF8.self)
                == #"{"n":[0,-5,1000,9007199254740992],"s":"\b\t\n\f\r\u0001\u001f\"\\/\#u{7f}é"}"#)
        let signed: JSONValue = ["b": "line\nend \"\\", "a": .integer(.max), "c": [.null, true, false]]
        #expect(
            String(decoding: try signed.olpcCanonical(), as: UTF8.self)
                == "{\"a\":9223372036854775807,\"b\":\"line\nend \\\"\\\\\",\"c\":[null,true,false]}")
    }

    @Test(
        arguments: [.double(0.5), .double(.nan), .integer((1 << 53) + 1), .integer(.min), .double(1e17)] as [JSONValue])
    func refusesInexactNumbers(value: JSONValue) {
        #expect(throws: JSONCanonicalizationError.self) { try JSONValue.array([value]).canonical() }
    }

    @Test func refusesFractionsInOLPC() {
        #expect(throws: JSONCanonicalizationError.self) { try JSONValue.double(1).olpcCanonical() }
    }
}
