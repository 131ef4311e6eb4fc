/// A point in time: seconds and nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
package struct Timestamp: Sendable, Hashable, Comparable {
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanoseconds: Int32

    /// A time from its parts; `nanoseconds` is clamped to its range.
    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = min(max(nanoseconds, 0), 999_999_999)
    }

    package static func < (one: Timestamp, other: Timestamp) -> Bool {
        (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
    }

    /// The time `duration` later (earlier if negative); saturates at the ends of the range.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let parts = duration.components
        var nanoseconds = Int64(time.nanoseconds) + parts.attoseconds / 1_000_000_000
        var carry: Int64 = 0
        if nanoseconds < 0 {
            nanoseconds += 1_000_000_000
            carry = -1
        } else if nanoseconds >= 1_000_000_000 {
            nanoseconds -= 1_000_000_000
            carry = 1
        }
        let (sum, overflow) = time.seconds.addingReportingOverflow(parts.seconds)
        let (total, overflowToo) = sum.addingReportingOverflow(carry)
        if overflow || overflowToo { return Timestamp(seconds: parts.seconds < 0 ? .min : .max) }
        return Timestamp(seconds: total, nanoseconds: Int32(nanoseconds))
    }

    /// How much later `later` is than `earlier`.
    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .seconds(later.seconds) - .seconds(earlier.seconds)
            + .nanoseconds(Int64(later.nanoseconds) - Int64(earlier.nanoseconds))
    }
}
