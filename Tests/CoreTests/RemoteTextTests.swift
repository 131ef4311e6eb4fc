import Core
import Testing

@Suite struct RemoteTextTests {
    @Test(arguments: [
        ("plain text", "plain text"), ("  a \t\r\n b  ", "a b"), ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
        ("a\u{202e}b\u{2028}c\u{a0}d\u{feff}", "a b c d"), ("caf\u{e9} \u{1f600}", "caf\u{e9} \u{1f600}"), ("", ""),
        ("\u{0}\u{7f}\u{9b}", ""), ("abcdefghij", "abcdefghij"), ("abcdefghijk", "abcdefg..."),
        ("abcdefghi jk", "abcdefg..."), ("a bcdefg hijk", "a bcdef..."),
    ])
    func makesPrintable(text: String, expected: String) {
        #expect(RemoteText.printable(text, limit: expected.hasSuffix("...") || text.count == 10 ? 10 : 256) == expected)
    }

    @Test func boundsCombiningMarks() {
        let text = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(RemoteText.printable(text, limit: 50).unicodeScalars.count == 50)
        #expect(RemoteText.printable(bytes: Array(text.utf8), limit: 50).unicodeScalars.count == 50)
    }

    @Test(arguments: [-1, 0, 1, 2, 3, 4])
    func keepsSmallLimits(limit: Int) {
        #expect(RemoteText.printable("abcdefgh", limit: limit).unicodeScalars.count <= max(0, limit))
    }

    @Test func repairsUTF8() {
        #expect(RemoteText.printable(bytes: [0x61, 0xff, 0x62]) == "a\u{fffd}b")
    }
}
