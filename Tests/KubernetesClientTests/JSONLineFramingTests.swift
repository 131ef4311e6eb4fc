import KubernetesClient
import Testing

@Suite struct JSONLineFramingTests {
    private func lines(_ chunks: [String], limit: Int = 100) throws -> [String] {
        var framing = JSONLineFraming(limit: limit)
        var lines: [String] = []
        for chunk in chunks {
            framing.append([UInt8](chunk.utf8))
            while let line = try framing.nextLine() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        return lines + (framing.hasPartialLine ? ["<partial>"] : [])
    }

    @Test(
        arguments: [
            (["{a}\n{b}\n"], ["{a}", "{b}"]), (["{", "a", "}\n", "{b}", "\n"], ["{a}", "{b}"]),
            (["{a}\n{b"], ["{a}", "<partial>"]), (["\n\n{a}\n\r\n"], ["{a}"]), ([""], []), (["{a}\n", ""], ["{a}"]),
            (["x\ny", "z\n"], ["x", "yz"]),
        ])
    func linesAreWhole(_ chunks: [String], _ expected: [String]) throws {
        #expect(try lines(chunks) == expected)
    }

    @Test func everySplitGivesTheSameLines() throws {
        let text = "{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}\n"
        for cut in 0...text.utf8.count {
            let bytes = Array(text.utf8)
            let chunks = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
            #expect(try lines(chunks) == ["{\"a\":1}", "{\"b\":2}\r", "{\"c\":3}"])
        }
    }

    @Test(arguments: [["12345678\n"], ["1234", "5678"], ["ab\n12345678\n"]])
    func longLinesAreRefused(_ chunks: [String]) {
        #expect(throws: JSONLineFraming.LineTooLong.self) { try lines(chunks, limit: 7) }
        #expect(throws: Never.self) { try lines(chunks, limit: 8) }
    }
}
