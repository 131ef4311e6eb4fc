import Core
import Testing

@Suite struct SemanticVersionTests {
    @Test(arguments: [
        ("1.2.3", "1.2.3"), ("v1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("1", "1.0.0"), ("v1", "1.0.0"),
        ("1.2.3-beta.1", "1.2.3-beta.1"), ("1.2.3+build.7", "1.2.3+build.7"), ("1.2-5", "1.2.0-5"),
        ("1-beta+b", "1.0.0-beta+b"), ("01.02.03", "1.2.3"), ("1.2.3-0a", "1.2.3-0a"), ("1.2.3--", "1.2.3--"),
        ("18446744073709551615.0.0", "18446744073709551615.0.0"), ("1.2.3+01", "1.2.3+01"),
    ])
    func parses(text: String, canonical: String) {
        #expect(SemanticVersion(parsing: text)?.description == canonical)
        #expect(SemanticVersion(parsing: text)?.original == text)
    }

    @Test(arguments: [
        "", "v", "V1.2.3", "1.2.3.4", "1.2.beta", "foo", "1.2.3-", "1.2.3+", "1.2.3-01", "1.2.3-a..b", "1.2.3-a.",
        "1.2.3+a..b", " 1.2.3", "1.2.3 ", "1..3", ".1", "1.", "-1", "1.2.3-b\u{e9}", "latest", "sha256-abc",
        "18446744073709551616.0.0", "1.0.0-" + String(repeating: "a", count: 300),
    ])
    func refuses(text: String) {
        #expect(SemanticVersion(parsing: text) == nil)
    }

    @Test func ordersByPrecedence() throws {
        let ordered = [
            "0.0.0-0", "0.0.0", "0.0.1", "0.1.0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-1a", "1.0.0-alpha",
            "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
            "1.0.1", "1.2.0", "1.10.0", "2.0.0", "10.0.0",
        ]
        let versions = try ordered.map { try #require(SemanticVersion(parsing: $0)) }
        for (index, one) in versions.enumerated() {
            for (otherIndex, other) in versions.enumerated() {
                #expect((one < other) == (index < otherIndex), "\(one) < \(other)")
                #expect((one == other) == (index == otherIndex))
            }
        }
    }

    @Test func ignoresMetadata() throws {
        let one = try #require(SemanticVersion(parsing: "v1.0.0+a"))
        let other = try #require(SemanticVersion(parsing: "1.0.0+b"))
        #expect(one == other && !(one < other) && !(other < one) && one.hashValue == other.hashValue)
    }
}

@Suite struct VersionRangeTests {
    /// Rows: range, versions in it, versions not in it.
    static let table: [(range: String, inside: [String], outside: [String])] = [
        ("=2.0.0", ["2.0.0", "2.0.0+b", "v2"], ["1.2.3", "2.0.1", "2.0.0-a"]),
        ("4.1", ["4.1.0", "4.1.9"], ["4.2.0", "4.0.9", "5.1.0"]),
        ("=4.1", ["4.1.0", "4.1.9"], ["4.2.0"]),
        ("2", ["2.0.0", "2.9.9"], ["3.0.0", "1.9.9"]),
        ("!=4.1.0", ["4.1.1", "4.0.0", "5.0.0"], ["4.1.0", "4.1.1-a"]),
        ("!=4.1", ["4.2.0", "4.0.9", "5.1.0"], ["4.1.0", "4.1.5"]),
        ("!=4.x", ["5.1.0", "3.9.9"], ["4.0.0", "4.9.9"]),
        ("!=4.1.x", ["5.1.0", "4.2.3"], ["4.1.3"]),
        ("!=4.1-alpha", ["4.1.0", "4.2.0"], ["4.1.0-alpha"]),
        (">1.1", ["1.2.0", "4.1.0"], ["1.1.0", "1.1.9", "1.0.0", "0.1.0"]),
        (">0", ["1.0.0"], ["0.0.1-alpha", "0.0.0", "0.9.9"]),
        (">0.0", ["0.1.0"], ["0.0.1"]),
        (">11", ["12.1.0"], ["11.1.0", "10.0.0"]),
        (">11.1.1", ["11.1.2", "11.2.0"], ["11.1.1"]),
        (">1.2.3-beta", ["1.2.3", "1.2.3-rc", "1.2.4-alpha"], ["1.2.3-alpha", "1.2.3-beta"]),
        ("<1.1", ["1.0.9", "0.1.0"], ["1.1.0", "1.1.1"]),
        ("<0", [], ["0.0.0", "0.0.0-alpha"]),
        ("<11.1", ["11.0.9"], ["11.1.0"]),
        (">=1.1", ["4.1.0", "1.1.0"], ["0.0.9", "1.1.0-a"]),
        (">=0", ["0.0.1", "0.0.0"], ["0.0.1-alpha"]),
        (">=0-0", ["0.0.1-alpha", "0.0.1", "0.0.0-0"], []),
        (">=11.1.3", ["11.1.3", "11.2.0"], ["11.1.2"]),
        ("=>11.1.3", ["11.1.3"], ["11.1.2"]),
        ("<=1.1", ["0.1.0", "1.1.0", "1.1.1"], ["1.2.0", "2.0.0"]),
        ("<=11", ["11.9.9", "10.9.9"], ["12.0.0"]),
        ("=<11.1", ["11.1.9"], ["11.2.0"]),
        ("<=1.1.1", ["1.1.1"], ["1.1.2"]),
        ("~1.2.3", ["1.2.4", "1.2.3"], ["1.3.0", "1.2.2", "1.2.4-a"]),
        ("~1.2", ["1.2.0", "1.2.99"], ["1.3.0"]),
        ("~1", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("~1.x", ["1.1.1"], ["2.1.1"]),
        ("~>2.0.x", ["2.0.3"], ["2.1.0"]),
        ("~0.0.0", ["0.0.1", "9.0.0"], []),
        ("~1.2.3-beta.2", ["1.2.3-beta.2", "1.2.3", "1.2.4-beta.2"], ["1.3.3", "1.2.3-beta.1"]),
        ("~1.2.3 >1.2.4", ["1.2.5"], ["1.2.4", "1.3.0"]),
        ("^1.2.3", ["1.8.9", "1.2.3"], ["2.8.9", "1.2.1", "2.0.0"]),
        ("^1", ["1.8.9"], ["2.0.0", "0.9.9"]),
        ("^1.x", ["1.0.0", "1.9.0"], ["2.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "1.2.3", "0.2.2"]),
        ("^0.2", ["0.2.0", "0.2.5"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4", "0.1.3", "0.0.2"]),
        ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0", "1.0.0"]),
        ("^0", ["0.0.0", "0.9.9"], ["1.0.0"]),
        ("^1.2.0-alpha.0", ["1.2.0-alpha.0", "1.2.0-alpha.1", "1.5.0-beta", "1.9.9"], ["1.2.0-a", "2.0.0"]),
        ("^0.2.3-beta.2", ["0.2.3-beta.4", "0.2.3", "0.2.4-beta.2"], ["0.3.0-beta.2", "0.2.3-beta.1"]),
        ("*", ["1.0.0", "0.0.0", "4.5.6"], ["1.2.3-alpha"]),
        ("x", ["1.0.0"], ["1.2.3-alpha"]), ("~*", ["2.1.1"], []), ("^*", ["0.0.0"], ["1.2.3"]),
        ("*-0", ["1.0.0", "1.2.3-alpha", "0.0.0-0"], []),
        ("1.X", ["1.5.0"], ["2.0.0"]), ("1.*.5", ["1.2.3"], ["2.0.0"]), ("v1.x", ["1.2.3", "v1.0.0"], ["2.0.0"]),
        (">*", ["0.0.1", "1.0.0"], ["0.0.0"]), ("<=*", ["0.0.0", "0.0.9"], ["0.1.0", "1.0.0"]),
        ("!=*", ["1.0.0"], ["0.0.0"]),
        ("1.2 - 2.3.4", ["1.2.0", "2.3.4", "2.0.0"], ["2.3.5", "1.1.9"]),
        ("1.2.3 - 2.3", ["2.3.9"], ["2.4.0"]),
        ("1 - 2 || 5 - 6", ["1.5.0", "2.9.9", "5.0.0", "6.1.0"], ["3.0.0", "7.0.0"]),
        ("1.0.0-alpha - 1.0.0-beta", ["1.0.0-alpha.1", "1.0.0-beta"], ["1.0.0", "1.0.0-rc"]),
        (">=1.1, <2", ["1.1.1"], ["2.1.0", "1.0.9"]),
        (">=1.1,<2,!=1.2.3", ["1.2.2", "1.2.4"], ["1.2.3"]),
        (">= 1.1 , < 2 != 1.2.3", ["1.2.2"], ["1.2.3", "2.0.0"]),
        (">1.1 <3", ["2.1.0"], ["3.0.0"]),
        ("<1 || >2.0.0", ["0.5.0", "3.0.0"], ["1.5.0", "2.0.0"]),
        (">=1.1, <2, !=1.2.3 || >= 3", ["3.0.0", "1.2.2"], ["1.2.3", "2.5.0"]),
        (">=1.0.0-0, <2.0.0", ["1.5.0-rc.1", "1.0.0-0"], ["2.0.0"]),
        (">=1.0.0-0 <2 || 3.x", ["3.0.0", "1.0.0-1"], ["3.0.0-rc.1"]),
        ("  >= 1.0.0  ", ["1.0.0"], ["0.9.0"]),
        ("\t1.0.0\n", ["1.0.0"], []),
    ]

    @Test(arguments: table)
    func contains(range: String, inside: [String], outside: [String]) throws {
        let parsed = try VersionRange(parsing: range)
        #expect(parsed.description == range)
        for text in inside {
            #expect(parsed.contains(try #require(SemanticVersion(parsing: text))), "\(text) in \(range)")
        }
        for text in outside {
            #expect(!parsed.contains(try #require(SemanticVersion(parsing: text))), "\(text) not in \(range)")
        }
    }

    @Test(arguments: [
        (">= bar", "improper constraint: >= bar"), ("BAR >= 1.2.3", "improper constraint: BAR >= 1.2.3"),
        ("", "improper constraint: "), ("  ", "improper constraint:   "), ("foo", "improper constraint: foo"),
        ("1.2.3.4", "improper constraint: 1.2.3.4"), ("1.2.3 ||", "improper constraint: "),
        ("|| 1", "improper constraint: "), ("1 || >> 2", "improper constraint:  >> 2"),
        ("1,,2", "improper constraint: 1,,2"), ("1,", "improper constraint: 1,"), (",1", "improper constraint: ,1"),
        (">=1.0.0<2.0.0", "improper constraint: >=1.0.0<2.0.0"), ("> =1", "improper constraint: > =1"),
        ("V1", "improper constraint: V1"), ("1.x-", "improper constraint: 1.x-"),
        (">1 - 2", "improper constraint: >>= 1, <= 2 "), ("^^1", "improper constraint: ^^1"),
        ("1.2.3x", "constraint parser error"), ("xx", "constraint parser error"), ("1|2", "constraint parser error"),
        ("99999999999999999999", "constraint parser error"), ("1.2.3-01", "constraint parser error"),
        ("xx foo", "improper constraint: xx foo"), ("1\u{1b}[2J", "improper constraint: 1 [2J"),
        (String(repeating: "1", count: 513), "constraint string is too long (max 512 bytes)"),
        (String(repeating: "1||", count: 40) + "1", "too many constraint groups (max 32)"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: VersionRange.ParsingError.self) { try VersionRange(parsing: text) }
        #expect(error?.description == message)
    }
}
