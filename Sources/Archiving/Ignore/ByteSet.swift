/// A set of bytes, as in `[a-z]`.
struct ByteSet: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Every byte.
    static let all: ByteSet = {
        var set = ByteSet()
        set.words = (.max, .max, .max, .max)
        return set
    }()

    init() {}

    func contains(_ byte: UInt8) -> Bool {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        return switch byte >> 6 {
        case 0: words.0 & bit != 0
        case 1: words.1 & bit != 0
        case 2: words.2 & bit != 0
        default: words.3 & bit != 0
        }
    }

    func removing(_ byte: UInt8) -> ByteSet {
        var set = self
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: set.words.0 &= ~bit
        case 1: set.words.1 &= ~bit
        case 2: set.words.2 &= ~bit
        default: set.words.3 &= ~bit
        }
        return set
    }

    private mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    private func inverted() -> ByteSet {
        var set = ByteSet()
        set.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return set
    }

    /// Parses a bracket expression whose `[` was read; leaves `index` behind its `]`. Nil when it is not closed or names
    /// an unknown class: then nothing matches the whole pattern.
    init?(parsing pattern: ArraySlice<UInt8>, at index: inout Int) {
        let end = pattern.endIndex
        func peek() -> UInt8? { index < end ? pattern[index] : nil }
        var isNegated = false
        if peek() == UInt8(ascii: "!") || peek() == UInt8(ascii: "^") {
            isNegated = true
            index += 1
        }
        // A `]` in first place is one of the set; a range's start is the byte before its `-`, if that was a single byte.
        var isFirst = true
        var rangeStart: UInt8?
        while true {
            guard var byte = peek() else { return nil }
            index += 1
            if byte == UInt8(ascii: "]") && !isFirst { break }
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                guard let escaped = peek() else { return nil }
                index += 1
                insert(escaped)
                rangeStart = escaped
            } else if byte == UInt8(ascii: "-"), let low = rangeStart, let next = peek(), next != UInt8(ascii: "]") {
                index += 1
                byte = next
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = peek() else { return nil }
                    index += 1
                    byte = escaped
                }
                if low <= byte { for member in low...byte { insert(member) } }
                rangeStart = nil
            } else if byte == UInt8(ascii: "["), peek() == UInt8(ascii: ":") {
                let start = index + 1
                guard let close = pattern[start...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
                if close - 1 >= start && pattern[close - 1] == UInt8(ascii: ":") {
                    guard let test = Self.characterClass(pattern[start..<(close - 1)]) else { return nil }
                    for member in UInt8.min...UInt8.max where test(member) { insert(member) }
                    index = close + 1
                    rangeStart = nil
                } else {
                    // No `:]`: the bracket stands for itself.
                    insert(byte)
                    rangeStart = byte
                }
            } else {
                insert(byte)
                rangeStart = byte
            }
        }
        if isNegated { self = inverted() }
    }

    /// The classes of POSIX in the C locale.
    private static func characterClass(_ name: ArraySlice<UInt8>) -> ((UInt8) -> Bool)? {
        func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) }
        func isLower(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func isGraphic(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }
        func isAlphanumeric(_ byte: UInt8) -> Bool { isUpper(byte) || isLower(byte) || isDigit(byte) }
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": return isAlphanumeric
        case "alpha": return { isUpper($0) || isLower($0) }
        case "blank": return { $0 == 0x20 || $0 == 0x09 }
        case "cntrl": return { $0 < 0x20 || $0 == 0x7f }
        case "digit": return isDigit
        case "graph": return isGraphic
        case "lower": return isLower
        case "print": return { (0x20...0x7e).contains($0) }
        case "punct": return { isGraphic($0) && !isAlphanumeric($0) }
        case "space": return { $0 == 0x20 || (0x09...0x0d).contains($0) }
        case "upper": return isUpper
        case "xdigit": return { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) }
        default: return nil
        }
    }
}
