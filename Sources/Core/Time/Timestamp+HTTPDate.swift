extension Timestamp {
    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let longDayNames = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// IMF-fixdate (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    package var httpDate: String {
        let civil = CivilTime(seconds: seconds)
        var text = [UInt8]("\(Self.dayNames[civil.weekday]), ".utf8)
        Decimal.append(civil.day, width: 2, to: &text)
        text.append(contentsOf: " \(Self.monthNames[civil.month - 1]) ".utf8)
        Decimal.append(max(civil.year, 0), width: 4, to: &text)
        text.append(UInt8(ascii: " "))
        Decimal.append(civil, to: &text)
        text.append(contentsOf: " GMT".utf8)
        return String(decoding: text, as: UTF8.self)
    }

    /// Parses an HTTP date (RFC 9110, section 5.6.7): IMF-fixdate and the obsolete RFC 850 and asctime forms. The name
    /// of the day is not compared with the date.
    /// - Parameter now: decides the century of RFC 850's two-digit year: at most 50 years in the future.
    package init?(httpDate text: some StringProtocol, now: Timestamp = SystemTime().now) {
        guard text.utf8.count <= 64 else { return nil }
        let civil =
            Self.parseFixdate(DateScanner(text.utf8)) ?? Self.parseRFC850(DateScanner(text.utf8), now: now)
            ?? Self.parseAsctime(DateScanner(text.utf8))
        guard let civil, civil.isValid else { return nil }
        self.init(seconds: civil.seconds)
    }

    private static func parseFixdate(_ start: DateScanner) -> CivilTime? {
        var scanner = start
        guard scanner.name(in: dayNames) != nil, scanner.skip(", "), let day = scanner.digits(2), scanner.skip(" "),
            let month = scanner.name(in: monthNames), scanner.skip(" "), let year = scanner.digits(4),
            scanner.skip(" "), let time = scanner.timeOfDay(), scanner.skip(" GMT"), scanner.isAtEnd
        else { return nil }
        return CivilTime(
            year: year, month: month + 1, day: day, hour: time.hour, minute: time.minute, second: time.second)
    }

    private static func parseRFC850(_ start: DateScanner, now: Timestamp) -> CivilTime? {
        var scanner = start
        guard scanner.name(in: longDayNames) != nil, scanner.skip(", "), let day = scanner.digits(2),
            scanner.skip("-"), let month = scanner.name(in: monthNames), scanner.skip("-"),
            let shortYear = scanner.digits(2), scanner.skip(" "), let time = scanner.timeOfDay(),
            scanner.skip(" GMT"), scanner.isAtEnd
        else { return nil }
        let thisYear = CivilTime(seconds: now.seconds).year
        var year = thisYear - thisYear % 100 + shortYear
        if year > thisYear + 50 { year -= 100 }
        return CivilTime(
            year: year, month: month + 1, day: day, hour: time.hour, minute: time.minute, second: time.second)
    }

    private static func parseAsctime(_ start: DateScanner) -> CivilTime? {
        var scanner = start
        guard scanner.name(in: dayNames) != nil, scanner.skip(" "), let month = scanner.name(in: monthNames),
            scanner.skip(" "), let day = scanner.skip(" ") ? scanner.digits(1) : scanner.digits(2),
            scanner.skip(" "), let time = scanner.timeOfDay(), scanner.skip(" "), let year = scanner.digits(4),
            scanner.isAtEnd
        else { return nil }
        return CivilTime(
            year: year, month: month + 1, day: day, hour: time.hour, minute: time.minute, second: time.second)
    }
}
