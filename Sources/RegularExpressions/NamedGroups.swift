/// Named groups as Go writes them since version 1.22, `(?<name>…)`, for versions of RE2 that know `(?P<name>…)` alone.
enum NamedGroups {
    /// The pattern with `(?P<` in place of every `(?<` that begins a named group; nil when none does. What is quoted (`\Q…\E`),
    /// escaped or in a class stays as it is.
    static func rewritten(_ pattern: String) -> String? {
        let bytes = Array(pattern.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let end = end(ofLiteralAt: index, in: bytes)
            if end == index, isGroup(bytes[index...]) {
                result += Array("(?P<".utf8)
                index += 3
            } else {
                let next = min(max(end, index + 1), bytes.count)
                result += bytes[index..<next]
                index = next
            }
        }
        return result == bytes ? nil : String(decoding: result, as: UTF8.self)
    }

    private static func isGroup(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.starts(with: "(?<".utf8), let first = bytes.dropFirst(3).first else { return false }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            return true
        default: return false
        }
    }

    /// Where a quotation, an escape or a class that begins at `start` ends; `start` for anything else. May be beyond the end.
    private static func end(ofLiteralAt start: Int, in bytes: [UInt8]) -> Int {
        let rest = bytes[start...]
        if rest.starts(with: #"\Q"#.utf8) { return self.end(of: #"\E"#, from: start + 2, in: bytes) ?? bytes.count }
        if bytes[start] == UInt8(ascii: "\\") { return start + 2 }
        guard bytes[start] == UInt8(ascii: "[") else { return start }
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        // A bracket that comes first is a member.
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else if bytes[index...].starts(with: "[:".utf8), let end = self.end(of: ":]", from: index + 2, in: bytes)
            {
                index = end
            } else {
                index += 1
            }
        }
        return index + 1
    }

    private static func end(of mark: String, from start: Int, in bytes: [UInt8]) -> Int? {
        guard start < bytes.count else { return nil }
        return (start..<bytes.count).first { bytes[$0...].starts(with: mark.utf8) }.map { $0 + mark.utf8.count }
    }
}
