/// A date and time of day in the proleptic Gregorian calendar, UTC.
struct CivilTime: Hashable {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to the length of the month.
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0

    private static let secondsPerDay: Int64 = 86_400
    /// Days of 400 Gregorian years, after which the calendar repeats.
    private static let daysPerEra: Int64 = 146_097
    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysToEpoch: Int64 = 719_468

    init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The civil time of `seconds` since 1970-01-01T00:00:00Z.
    init(seconds: Int64) {
        let (days, timeOfDay) = Self.floorDivide(seconds, Self.secondsPerDay)
        // Years are counted from March, so that the leap day is a year's last.
        let (era, dayOfEra) = Self.floorDivide(days + Self.daysToEpoch, Self.daysPerEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        hour = Int(timeOfDay / 3_600)
        minute = Int(timeOfDay / 60 % 60)
        second = Int(timeOfDay % 60)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    var seconds: Int64 {
        let marchYear = Int64(month <= 2 ? year - 1 : year)
        let (era, yearOfEra) = Self.floorDivide(marchYear, 400)
        let marchMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * marchMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * Self.daysPerEra + dayOfEra - Self.daysToEpoch
        return days * Self.secondsPerDay + Int64(hour * 3_600 + minute * 60 + second)
    }

    /// The day of the week, 0 = Sunday.
    var weekday: Int {
        // 1970-01-01 was a Thursday.
        let (days, _) = Self.floorDivide(seconds, Self.secondsPerDay)
        return Int(Self.floorDivide(days + 4, 7).remainder)
    }

    /// Whether every part is within its range; leap seconds are not.
    var isValid: Bool {
        (1...12).contains(month) && (1...Self.days(inMonth: month, of: year)).contains(day)
            && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
