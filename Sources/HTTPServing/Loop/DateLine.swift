internal import Core
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
            line = Array("Date: \(Timestamp(seconds: Int64(second)).httpDate)\r\n".utf8)
        }
        return line
    }
}
