/// Text in log lines: nothing in it can end a line, move a terminal's cursor or turn the reading direction.
enum LogText {
    /// Appends `text` as a JSON string, cut (with `...`) where its encoding would exceed `limit` bytes.
    static func appendQuoted(_ text: String, limit: Int, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        appendEscaped(text, limit: limit, escapingQuotes: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// Appends `text` with control and formatting characters escaped as in JSON.
    static func appendEscaped(_ text: String, limit: Int, escapingQuotes: Bool, to line: inout [UInt8]) {
        let start = line.count
        if text.utf8.count <= limit, isPlain(text) {
            line.append(contentsOf: text.utf8)
            return
        }
        for scalar in text.unicodeScalars {
            guard line.count - start + 12 <= limit else {
                line.append(contentsOf: "...".utf8)
                return
            }
            switch scalar {
            case "\"" where escapingQuotes: line.append(contentsOf: #"\""#.utf8)
            case "\\" where escapingQuotes: line.append(contentsOf: #"\\"#.utf8)
            case "\n": line.append(contentsOf: #"\n"#.utf8)
            case "\r": line.append(contentsOf: #"\r"#.utf8)
            case "\t": line.append(contentsOf: #"\t"#.utf8)
            default:
                if RemoteText.isPrintable(scalar) {
                    line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                } else {
                    for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                        let bytes = [UInt8(unit >> 8), UInt8(unit & 0xff)]
                        line.append(contentsOf: "\\u\(Hexadecimal.encode(bytes))".utf8)
                    }
                }
            }
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
