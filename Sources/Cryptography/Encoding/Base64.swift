/// Base64 (RFC 4648).
package enum Base64 {
    /// Which texts are accepted.
    package enum Dialect: Sendable {
        /// The standard alphabet, padded, without white space, unused bits zero.
        case strict
        /// What Go's protobuf decoder takes: either alphabet, with or without padding, line breaks ignored.
        case protobuf
        /// The URL-safe alphabet without padding (RFC 7515, section 2).
        case urlUnpadded
    }

    private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The padded standard encoding of `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            text.append(alphabet[Int(first >> 2)])
            text.append(alphabet[Int((first & 0x03) << 4 | second >> 4)])
            text.append(index + 1 < bytes.count ? alphabet[Int((second & 0x0f) << 2 | third >> 6)] : UInt8(ascii: "="))
            text.append(index + 2 < bytes.count ? alphabet[Int(third & 0x3f)] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` encodes, or nil when it is not in the dialect.
    package static func decode(_ text: some StringProtocol, _ dialect: Dialect = .strict) -> [UInt8]? {
        decode(Array(text.utf8), dialect)
    }

    /// The bytes that `text` (ASCII) encodes, or nil when it is not in the dialect.
    package static func decode(_ text: [UInt8], _ dialect: Dialect = .strict) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var accumulator: UInt32 = 0
        var bits = 0
        var characters = 0
        var padding = 0
        for character in text {
            if dialect == .protobuf, character == 0x0a || character == 0x0d { continue }
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(of: character, dialect) else { return nil }
            characters += 1
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
                accumulator &= (1 << UInt32(bits)) - 1
            }
        }
        guard characters % 4 != 1, isPaddingValid(padding, characters: characters, dialect) else { return nil }
        if dialect != .protobuf, accumulator != 0 { return nil }
        return bytes
    }

    private static func isPaddingValid(_ padding: Int, characters: Int, _ dialect: Dialect) -> Bool {
        let needed = (4 - characters % 4) % 4
        return switch dialect {
        case .strict: padding == needed
        case .protobuf: padding == needed || padding == 0
        case .urlUnpadded: padding == 0
        }
    }

    private static func value(of character: UInt8, _ dialect: Dialect) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+") where dialect != .urlUnpadded: return 62
        case UInt8(ascii: "/") where dialect != .urlUnpadded: return 63
        case UInt8(ascii: "-") where dialect != .strict: return 62
        case UInt8(ascii: "_") where dialect != .strict: return 63
        default: return nil
        }
    }
}
