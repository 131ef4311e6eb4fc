/// The numbers of tar headers: octal text (POSIX.1-1988) or base 256 (GNU, star).
enum TarNumber {
    /// The number in `field`, or nil when it is none or does not fit. An empty field is 0.
    static func parse(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 { return base256(field) }
        var digits = field.drop { $0 == UInt8(ascii: " ") }
        if let end = digits.firstIndex(where: { $0 == 0 || $0 == UInt8(ascii: " ") }) {
            // Behind the terminator only more of it may follow.
            guard digits[end...].allSatisfy({ $0 == 0 || $0 == UInt8(ascii: " ") }) else { return nil }
            digits = digits[..<end]
        }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            guard value <= Int64.max >> 3 else { return nil }
            value = value << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Two's complement, big endian; the marker bit is not part of the number.
    private static func base256(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        let isNegative = first & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (index, byte) in field.enumerated() {
            let digit = index == 0 ? (isNegative ? byte | 0x80 : byte & 0x7f) : byte
            guard value >= Int64.min >> 8, value <= Int64.max >> 8 else { return nil }
            value = value << 8 | Int64(digit)
        }
        return value
    }

    /// Decimal digits as in extended headers, or nil when these are none or too many.
    static func decimal(_ text: ArraySlice<UInt8>) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !overflow, !overflowToo else { return nil }
            value = sum
        }
        return value
    }
}
