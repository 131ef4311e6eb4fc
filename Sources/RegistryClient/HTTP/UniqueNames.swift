/// UUIDs in a text: names that are made up anew for each request.
enum UniqueNames {
    /// `text` with `...` in the place of each UUID, and the UUIDs in their order.
    static func taken(from text: String) -> (text: String, names: [String]) {
        let bytes = Array(text.utf8)
        var rest: [UInt8] = []
        var names: [String] = []
        var index = 0
        while index < bytes.count {
            let isStart = index == 0 || !isWord(bytes[index - 1])
            if isStart, let end = end(of: bytes[index...]), end == bytes.count || !isWord(bytes[end]) {
                names.append(String(decoding: bytes[index..<end], as: UTF8.self))
                rest += "...".utf8
                index = end
            } else {
                rest.append(bytes[index])
                index += 1
            }
        }
        return (String(decoding: rest, as: UTF8.self), names)
    }

    /// Where the UUID ends that `bytes` start with (RFC 9562, section 4).
    private static func end(of bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 36 else { return nil }
        let dashes: Set = [8, 13, 18, 23]
        for offset in 0..<36 {
            let byte = bytes[bytes.startIndex + offset]
            guard dashes.contains(offset) ? byte == UInt8(ascii: "-") : isHexadecimal(byte) else { return nil }
        }
        return bytes.startIndex + 36
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "-")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
