internal import Core

/// The string formats that a schema's values are checked against.
enum StringFormat {
    /// Whether `text` has the format; formats that are not checked here accept everything.
    static func accepts(_ text: String, format: String) -> Bool {
        switch format {
        case "date-time": isDateTime(text)
        case "byte": Base64.decode(text) != nil
        default: true
        }
    }

    /// RFC 3339 with optional fraction and any offset.
    private static func isDateTime(_ text: String) -> Bool {
        let bytes = [UInt8](text.utf8)
        guard bytes.count >= 20, bytes.count <= 64 else { return false }
        let separators: [(Int, UInt8)] = [
            (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (13, UInt8(ascii: ":")), (16, UInt8(ascii: ":")),
        ]
        guard separators.allSatisfy({ bytes[$0.0] == $0.1 }) else { return false }
        guard bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
        func number(_ range: Range<Int>) -> Int? { Int(String(decoding: bytes[range], as: UTF8.self)) }
        guard number(0..<4) != nil, let month = number(5..<7), (1...12).contains(month), let day = number(8..<10),
            (1...31).contains(day), let hour = number(11..<13), (0...23).contains(hour), let minute = number(14..<16),
            (0...59).contains(minute), let second = number(17..<19), (0...60).contains(second)
        else { return false }
        var index = 19
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
            guard index > start else { return false }
        }
        guard index < bytes.count else { return false }
        if bytes[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == bytes.count }
        guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"), bytes.count == index + 6,
            bytes[index + 3] == UInt8(ascii: ":")
        else { return false }
        return number(index + 1..<index + 3).map { $0 <= 23 } == true
            && number(index + 4..<index + 6).map { $0 <= 59 } == true
    }
}
