/// Base64 (RFC 4648, sections 4 and 5).
enum Base64 {
    private static let standard = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The text of `bytes`; with padding in the standard alphabet, without in the URL-safe one.
    static func encode(_ bytes: [UInt8], urlSafe isURLSafe: Bool = false) -> String {
        let alphabet = isURLSafe ? urlSafe : standard
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (rest > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (rest > 2 ? UInt32(bytes[index + 2]) : 0)
            output.append(alphabet[Int(group >> 18 & 63)])
            output.append(alphabet[Int(group >> 12 & 63)])
            if rest > 1 { output.append(alphabet[Int(group >> 6 & 63)]) }
            if rest > 2 { output.append(alphabet[Int(group & 63)]) }
            index += 3
        }
        if !isURLSafe { while output.count % 4 != 0 { output.append(UInt8(ascii: "=")) } }
        return String(decoding: output, as: UTF8.self)
    }

    /// The bytes of standard base64 with padding; line breaks are skipped. nil for anything else.
    static func decode(_ text: String) -> [UInt8]? {
        let symbols = text.utf8.filter { $0 != 0x0a && $0 != 0x0d }
        guard symbols.count % 4 == 0 else { return nil }
        let padding = symbols.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        return decode(symbols: symbols.dropLast(padding), urlSafe: false)
    }

    /// The bytes of URL-safe base64 without padding, as lenient about the last bits as Go's `RawURLEncoding`.
    static func decodeURLSafe(_ text: String) -> [UInt8]? {
        decode(symbols: [UInt8](text.utf8)[...], urlSafe: true)
    }

    private static func decode(symbols: ArraySlice<UInt8>, urlSafe isURLSafe: Bool) -> [UInt8]? {
        guard symbols.count % 4 != 1 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(symbols.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits = 0
        for symbol in symbols {
            let value: UInt8
            switch symbol {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = symbol - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = symbol - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = symbol + 4
            case UInt8(ascii: "+") where !isURLSafe, UInt8(ascii: "-") where isURLSafe: value = 62
            case UInt8(ascii: "/") where !isURLSafe, UInt8(ascii: "_") where isURLSafe: value = 63
            default: return nil
            }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return output
    }
}
