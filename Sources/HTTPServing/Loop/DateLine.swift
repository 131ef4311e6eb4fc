internal import Glibc

/// The `Date` line of responses, made anew once a second.
struct DateLine {
    private var second: Int = .min
    private var line: [UInt8] = []

    /// The line with its CRLF, for now.
    mutating func current() -> [UInt8] {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        if time.tv_sec != second {
            second = time.tv_sec
            line = Array("Date: \(Self.text(time.tv_sec))\r\n".utf8)
        }
        return line
    }

    private static func text(_ seconds: Int) -> String {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let weekday = unsafe Int(parts.tm_wday), month = unsafe Int(parts.tm_mon),
            year = unsafe Int(parts.tm_year) + 1900
        let numbers = unsafe [parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = numbers.dropFirst().map(two).joined(separator: ":")
        return "\(days[weekday]), \(two(numbers[0])) \(months[month]) \(year) \(clock) GMT"
    }
}
