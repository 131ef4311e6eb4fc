internal import Core

/// What plain scalars mean (YAML 1.1's types, as kubectl's parser reads them).
enum YAMLScalarResolution {
    /// What a plain scalar stands for.
    enum Resolved: Equatable {
        case value(JSONValue)
        /// `.inf` and `.nan`, which JSON cannot say.
        case notFinite
        /// An integer that does not fit into 64 bits.
        case integerOverflow
    }

    /// The meaning of an untagged plain scalar.
    static func resolve(plain text: [UInt8]) -> Resolved {
        guard let first = text.first else { return .value(.null) }
        guard text.count <= 400 else { return .value(.string(string(text))) }
        switch first {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
            if isNotFinite(text) { return .notFinite }
            if let integer = integer(text) { return integer }
            if let double = double(text) { return number(double) }
            return .value(.string(string(text)))
        default:
            return .value(keyword(text) ?? .string(string(text)))
        }
    }

    /// Whether an untagged plain `text` means something other than the string it spells.
    static func needsQuotes(_ text: [UInt8]) -> Bool {
        // A plain `<<` merges another mapping into its own where it is a key.
        if text == [UInt8]("<<".utf8) { return true }
        if case .value(.string) = resolve(plain: text) { return looksSpecial(text) }
        return true
    }

    static func string(_ text: [UInt8]) -> String { String(decoding: text, as: UTF8.self) }

    /// The value of a float, as an integer where JSON cannot tell the difference.
    static func number(_ value: Double) -> Resolved {
        guard value.isFinite else { return .notFinite }
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return .value(.integer(Int64(value))) }
        return .value(.double(value))
    }

    static func keyword(_ text: [UInt8]) -> JSONValue? {
        guard text.count <= 5 else { return nil }
        return switch string(text) {
        case "~", "null", "Null", "NULL": .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": .bool(false)
        default: nil
        }
    }

    static func isNotFinite(_ text: [UInt8]) -> Bool {
        let unsigned = text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        guard unsigned.count == 4, unsigned.first == UInt8(ascii: ".") else { return false }
        let word = string(Array(unsigned))
        return [".inf", ".Inf", ".INF"].contains(word)
            || (unsigned.count == text.count && [".nan", ".NaN", ".NAN"].contains(word))
    }

    /// Decimal, `0x`, `0o`, `0b` and (with a leading 0) octal integers, with `_` between digits; nil if `text` is none.
    static func integer(_ text: [UInt8]) -> Resolved? {
        var digits = text.filter { $0 != UInt8(ascii: "_") }[...]
        var negative = false
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") {
            negative = digits.first == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        var radix: UInt64 = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard !digits.isEmpty else { return nil }
        var magnitude: UInt64 = 0
        var overflow = false
        for byte in digits {
            guard let digit = Hexadecimal.decode(string([UInt8(ascii: "0"), byte]), allowingUppercase: true)?.first,
                digit < radix
            else { return nil }
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, tooLargeToo) = product.addingReportingOverflow(UInt64(digit))
            overflow = overflow || tooLarge || tooLargeToo
            magnitude = sum
        }
        guard !overflow, magnitude <= UInt64(Int64.max) + (negative ? 1 : 0) else { return .integerOverflow }
        if negative { return .value(.integer(Int64(truncatingIfNeeded: 0 &- magnitude))) }
        return .value(.integer(Int64(magnitude)))
    }

    /// `[-+]? ( .digits | digits [. digits?] ) [e [-+] digits]`, with `_` anywhere between; nil if `text` is none.
    static func double(_ text: [UInt8]) -> Double? {
        let plain = text.filter { $0 != UInt8(ascii: "_") }
        var position = 0
        func isDigit(_ index: Int) -> Bool {
            index < plain.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(plain[index])
        }
        func skipDigits() -> Int {
            let start = position
            while isDigit(position) { position += 1 }
            return position - start
        }
        if plain.first == UInt8(ascii: "-") || plain.first == UInt8(ascii: "+") { position += 1 }
        let whole = skipDigits()
        var fraction = 0
        if position < plain.count, plain[position] == UInt8(ascii: ".") {
            position += 1
            fraction = skipDigits()
        }
        guard whole + fraction > 0 else { return nil }
        if position < plain.count, plain[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < plain.count, plain[position] == UInt8(ascii: "-") || plain[position] == UInt8(ascii: "+") {
                position += 1
            }
            guard skipDigits() > 0 else { return nil }
        }
        guard position == plain.count else { return nil }
        return Double(string(plain))
    }

    /// Strings that are none of the above but that a YAML 1.1 reader may take for a date or a base-60 number.
    private static func looksSpecial(_ text: [UInt8]) -> Bool {
        guard let first = text.first, text.count <= 40 else { return false }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard isDigit(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else { return false }
        // A base-60 number: 1:30, 190:20:30.5
        if text.contains(UInt8(ascii: ":")),
            text.dropFirst().allSatisfy({ isDigit($0) || ":_.".utf8.contains($0) })
        {
            return true
        }
        // A date: 2001-12-14, with or without a time.
        guard text.count >= 8, text[0..<4].allSatisfy(isDigit), text[4] == UInt8(ascii: "-"), isDigit(text[5]) else {
            return false
        }
        return text.allSatisfy { isDigit($0) || "-:.+TtZz ".utf8.contains($0) }
    }
}
