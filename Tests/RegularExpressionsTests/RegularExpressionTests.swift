import RegularExpressions
import Testing

struct RegularExpressionTests {
    @Test(arguments: [
        (#"^https://github\.com/org/.*$"#, "https://github.com/org/repo", true),
        (#"^https://github\.com/org/.*$"#, "https://github.com/other/repo", false),
        ("b+", "aabbcc", true),  // Unanchored, as Go's MatchString.
        ("^b+$", "aabbcc", false),
        ("a$", "a\n", false),  // Go and RE2: `$` is the end of the text, not of its last line.
        (#"^\d$"#, "٣", false),  // ASCII digits only.
        ("(?i)ABC", "xabcx", true),
        ("(?P<year>[0-9]{4})", "in 2026", true),
        (#"\p{Greek}"#, "α", true),
        ("^.$", "é", true),
        ("", "", true),
        ("a.c", "a\nc", false),
        ("(?s)a.c", "a\nc", true),
    ])
    func matching(_ pattern: String, _ text: String, _ expected: Bool) throws {
        let expression = try RegularExpression(pattern)
        #expect(expression.matches(anywhereIn: text) == expected)
        #expect(expression.matches(anywhereIn: Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        ("ab(cd", "ab(cd", 0), ("x*+**", "*+**", nil), ("a[z-a]", "z-a", 2), (#"a\1"#, #"\1"#, 1), ("(?=x)", "(?=", 0),
        ("a{2,1}", "{2,1}", 1),
    ])
    func syntaxErrorsNameTheFragment(_ pattern: String, _ fragment: String, _ offset: Int?) throws {
        let error = #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        #expect(error?.code == .syntax)
        let message = error?.description ?? ""
        #expect(message.contains("is invalid"))
        if let offset {
            #expect(error?.fragment == fragment)
            #expect(error?.offset == offset)
            #expect(message.contains("at byte \(offset)"))
        }
    }

    /// Go's newer spelling of named groups, beside everything that merely looks like it.
    @Test(arguments: [
        ("^(?<year>[0-9]{4})$", "2026", true), ("^(?<a>x)(?P<_b>y)(?<c1>z)$", "xyz", true),
        (#"^\(?<x>$"#, "(<x>", true), (#"^\(?<x>$"#, "(P<x>", false),
        (#"^(?<n>a)[(?<x>]$"#, "a<", true), (#"^(?<n>a)[(?<x>]$"#, "aP", false),
        (#"^(?<n>a)[](?<x>]$"#, "a]", true), (#"^(?<n>a)[](?<x>]$"#, "aP", false),
        (#"^(?<n>a)[^](?<x>]$"#, "aP", true), (#"^(?<n>a)[[:digit:](?<x>]$"#, "aP", false),
        (#"^(?<n>a)[\](?<x>]$"#, "aP", false), (#"^(?<n>a)\Q(?<x>\E$"#, "a(?<x>", true),
        (#"^(?<n>a)\Q(?<x>\E$"#, "a(?P<x>", false), (#"^(?<n>a)\\(?<m>b)$"#, #"a\b"#, true),
    ])
    func namedGroups(_ pattern: String, _ text: String, _ expected: Bool) throws {
        let expression = try RegularExpression(pattern)
        #expect(expression.matches(anywhereIn: text) == expected)
        #expect(expression.pattern == pattern)
    }

    @Test(arguments: ["(?<=a)b", "(?<!a)b", "(?<a", "(?<>a)", "(?<a-b>c)", "(?<", #"(?<a>\"#, "(?<a>["])
    func thatIsNoNamedGroup(_ pattern: String) {
        let error = #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        #expect(error?.description.contains(pattern) == true)
    }

    @Test func nulBytesArePartOfTheText() throws {
        let expression = try RegularExpression("^a$")
        #expect(!expression.matches(anywhereIn: "a\u{0}b"))
        #expect(try RegularExpression("a\u{0}b").matches(anywhereIn: "xa\u{0}by"))
    }

    @Test func bytesThatAreNoUTF8MatchNoCharacter() throws {
        #expect(try !RegularExpression("^.$").matches(anywhereIn: [0xff]))
    }

    @Test func longPatternsAreRefused() {
        let error = #expect(throws: RegularExpressionError.self) {
            try RegularExpression(String(repeating: "a", count: 5000))
        }
        #expect(error?.code == .tooLong)
    }

    @Test func costlyPatternsAreRefused() {
        let error = #expect(throws: RegularExpressionError.self) {
            try RegularExpression("((a{100}){100}){100}")
        }
        #expect(error != nil)
        let memory = #expect(throws: RegularExpressionError.self) {
            try RegularExpression("(x{1000}y{1000}){1}", limits: .init(memory: 4096))
        }
        #expect(memory?.code == .tooComplex)
    }

    /// A backtracking engine would need longer than the universe is old.
    @Test func matchingIsLinear() throws {
        let expression = try RegularExpression("^(a+)+$")
        #expect(!expression.matches(anywhereIn: String(repeating: "a", count: 100_000) + "b"))
    }
}
