/// A duration as Go writes it (`time.Duration`): a signed 64-bit number of nanoseconds, about 292 years either way.
package struct GoDuration: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Why a text is no duration; the message is Go's.
    package struct ParsingError: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
        /// Whether it would be one, were it not longer than Go's durations can be.
        package var isOutOfRange = false
    }

    /// The whole duration.
    package let nanoseconds: Int64

    /// `duration` cut to whole nanoseconds; durations beyond Go's range become its ends.
    package init(_ duration: Duration) {
        let parts = duration.components
        let (scaled, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, overflowToo) = scaled.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
        nanoseconds = overflow || overflowToo ? (parts.seconds < 0 ? .min : .max) : total
    }

    private init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The same as the standard library's type.
    package var duration: Duration { .nanoseconds(nanoseconds) }

    package static func < (one: GoDuration, other: GoDuration) -> Bool { one.nanoseconds < other.nanoseconds }
}

// MARK: - Parsing

extension GoDuration {
    private static let signBit: UInt64 = 1 << 63

    /// Parses as Go's `time.ParseDuration`: an optional sign, then numbers with optional fractions, each with a unit
    /// `ns`, `us`, `µs`, `ms`, `s`, `m` or `h`; or `0`.
    /// - Throws: `ParsingError` with Go's message.
    package init(parsing text: some StringProtocol) throws(ParsingError) {
        var scanner = Scanner(text.utf8)
        let invalid = ParsingError(description: "time: invalid duration \(Self.quoted(text))")
        var outOfRange = invalid
        outOfRange.isOutOfRange = true
        let isNegative = scanner.peek == UInt8(ascii: "-")
        if isNegative || scanner.peek == UInt8(ascii: "+") { scanner.advance() }
        if scanner.rest.elementsEqual("0".utf8) {
            self.init(nanoseconds: 0)
            return
        }
        guard scanner.peek != nil else { throw invalid }

        var total: UInt64 = 0
        while let next = scanner.peek {
            guard next == UInt8(ascii: ".") || Scanner.isDigit(next) else { throw invalid }
            let start = scanner.position
            guard let whole = scanner.integer() else { throw outOfRange }
            var hasDigits = scanner.position != start
            var fraction: (value: UInt64, scale: Double) = (0, 1)
            if scanner.peek == UInt8(ascii: ".") {
                scanner.advance()
                let start = scanner.position
                fraction = scanner.fraction()
                hasDigits = hasDigits || scanner.position != start
            }
            guard hasDigits else { throw invalid }

            let name = scanner.unitName()
            guard !name.isEmpty else {
                throw ParsingError(description: "time: missing unit in duration \(Self.quoted(text))")
            }
            guard let unit = Self.unit(named: name) else {
                let unit = Self.quoted(String(decoding: name, as: UTF8.self))
                throw ParsingError(description: "time: unknown unit \(unit) in duration \(Self.quoted(text))")
            }
            guard whole <= Self.signBit / unit else { throw outOfRange }
            var value = whole * unit
            if fraction.value > 0 {
                value += UInt64(Double(fraction.value) * (Double(unit) / fraction.scale))
                guard value <= Self.signBit else { throw outOfRange }
            }
            // Both are at most 2^63, so that the sum can only just wrap.
            let (sum, overflow) = total.addingReportingOverflow(value)
            guard !overflow, sum <= Self.signBit else { throw outOfRange }
            total = sum
        }

        if isNegative {
            self.init(nanoseconds: Int64(truncatingIfNeeded: 0 &- total))
        } else {
            guard total < Self.signBit else { throw outOfRange }
            self.init(nanoseconds: Int64(total))
        }
    }

    private static func unit(named name: ArraySlice<UInt8>) -> UInt64? {
        switch String(decoding: name, as: UTF8.self) {
        case "ns": 1
        case "us", "\u{b5}s", "\u{3bc}s": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// Go's quoting of the offending text, bounded to 128 bytes of it: hostile text reaches messages through here.
    private static func quoted(_ text: some StringProtocol) -> String {
        var quoted = "\""
        for byte in text.utf8.prefix(128) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += "\\" + String(Unicode.Scalar(byte))
            case 0x20...0x7e: quoted += String(Unicode.Scalar(byte))
            default: quoted += "\\x" + Hexadecimal.encode([byte])
            }
        }
        return quoted + (text.utf8.count > 128 ? "...\"" : "\"")
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private(set) var position = 0

        init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
        var rest: ArraySlice<UInt8> { bytes[position...] }

        mutating func advance() { position += 1 }

        /// The digits that come next as a number, 0 if there are none; nil beyond 2^63.
        mutating func integer() -> UInt64? {
            var value: UInt64 = 0
            while let byte = peek, Self.isDigit(byte) {
                guard value <= signBit / 10 else { return nil }
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
                guard value <= signBit else { return nil }
                position += 1
            }
            return value
        }

        /// The digits after a point; digits that no longer fit are skipped.
        mutating func fraction() -> (value: UInt64, scale: Double) {
            var value: UInt64 = 0
            var scale = 1.0
            var isFull = false
            while let byte = peek, Self.isDigit(byte) {
                position += 1
                guard !isFull, value <= (signBit - 1) / 10 else {
                    isFull = true
                    continue
                }
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
                scale *= 10
            }
            return (value, scale)
        }

        mutating func unitName() -> ArraySlice<UInt8> {
            let start = position
            while let byte = peek, byte != UInt8(ascii: "."), !Self.isDigit(byte) { position += 1 }
            return bytes[start..<position]
        }

        static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    }
}

// MARK: - Formatting

extension GoDuration {
    /// As Go's `Duration.String`: `1h0m0.5s`, `1.5ms`, `0s`.
    package var description: String {
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        switch magnitude {
        case 0: return "0s"
        case ..<1_000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + Self.decimal(magnitude, unit: 1_000) + "\u{b5}s"
        case ..<1_000_000_000: return sign + Self.decimal(magnitude, unit: 1_000_000) + "ms"
        default:
            let minutes = magnitude / 60_000_000_000
            var text = Self.decimal(magnitude % 60_000_000_000, unit: 1_000_000_000) + "s"
            if minutes > 0 { text = "\(minutes % 60)m" + text }
            if minutes >= 60 { text = "\(minutes / 60)h" + text }
            return sign + text
        }
    }

    /// `value / unit` in decimal without superfluous zeros.
    private static func decimal(_ value: UInt64, unit: UInt64) -> String {
        let fraction = value % unit
        guard fraction > 0 else { return String(value / unit) }
        // The unit is a power of ten: adding it keeps the leading zeros of the fraction, behind a 1.
        var digits = String(fraction + unit).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / unit).\(digits)"
    }
}
