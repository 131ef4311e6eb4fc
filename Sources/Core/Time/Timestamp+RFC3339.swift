extension Timestamp {
    /// Parses an RFC 3339 date-time: any number of fraction digits (those beyond nanoseconds are cut), `Z` or an offset.
    /// Leap seconds are refused, as Go's `time.Parse` does.
    package init?(rfc3339 text: some StringProtocol) {
        guard text.utf8.count <= 64 else { return nil }
        var scanner = DateScanner(text.utf8)
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), scanner.any(of: "Tt") != nil, let time = scanner.timeOfDay()
        else { return nil }
        let civil = CivilTime(
            year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
        guard civil.isValid else { return nil }

        var nanoseconds: Int32 = 0
        if scanner.skip(".") {
            var count = 0
            while let digit = scanner.digits(1) {
                if count < 9 { nanoseconds = nanoseconds * 10 + Int32(digit) }
                count += 1
            }
            guard count > 0 else { return nil }
            for _ in min(count, 9)..<9 { nanoseconds *= 10 }
        }

        var offset: Int64 = 0
        if scanner.any(of: "Zz") == nil {
            guard let sign = scanner.any(of: "+-"), let hours = scanner.digits(2), hours <= 23, scanner.skip(":"),
                let minutes = scanner.digits(2), minutes <= 59
            else { return nil }
            offset = Int64(hours * 3_600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
        }
        guard scanner.isAtEnd else { return nil }
        self.init(seconds: civil.seconds - offset, nanoseconds: nanoseconds)
    }

    /// RFC 3339 in UTC, whole seconds: `2026-11-20T09:49:46Z` (Kubernetes `Time`).
    package var rfc3339: String { rfc3339(fractionDigits: 0) }

    /// RFC 3339 in UTC with six fraction digits: `2026-11-20T09:49:46.000000Z` (Kubernetes `MicroTime`).
    package var rfc3339Micro: String { rfc3339(fractionDigits: 6) }

    /// RFC 3339 in UTC with `fractionDigits` (0 to 9) digits after the point; the rest is cut, not rounded.
    package func rfc3339(fractionDigits: Int) -> String {
        let civil = CivilTime(seconds: min(max(seconds, Self.firstFormattable), Self.lastFormattable))
        var text: [UInt8] = []
        text.reserveCapacity(31)
        Decimal.append(civil.year, width: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Decimal.append(civil.month, width: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        Decimal.append(civil.day, width: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        Decimal.append(civil, to: &text)
        let digits = min(max(fractionDigits, 0), 9)
        if digits > 0 {
            text.append(UInt8(ascii: "."))
            var fraction: [UInt8] = []
            Decimal.append(Int(nanoseconds), width: 9, to: &fraction)
            text.append(contentsOf: fraction.prefix(digits))
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// 0000-01-01T00:00:00Z: RFC 3339 has no earlier time; earlier ones are written as this one.
    private static let firstFormattable = CivilTime(year: 0, month: 1, day: 1).seconds
    /// 9999-12-31T23:59:59Z: RFC 3339 has no later time; later ones are written as this one.
    private static let lastFormattable =
        CivilTime(year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59).seconds
}

/// Decimal text of fixed width.
enum Decimal {
    /// Appends `value` (not negative), padded with zeros to `width` digits.
    static func append(_ value: Int, width: Int, to text: inout [UInt8]) {
        let digits = String(value).utf8
        text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, width - digits.count)))
        text.append(contentsOf: digits)
    }

    /// Appends the time of day, `hh:mm:ss`.
    static func append(_ civil: CivilTime, to text: inout [UInt8]) {
        append(civil.hour, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(civil.minute, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(civil.second, width: 2, to: &text)
    }
}
