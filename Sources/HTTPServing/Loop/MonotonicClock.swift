internal import Glibc

/// Nanoseconds of the monotonic clock, to about 4 ms: enough for time-outs, and it costs no system call.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

extension Duration {
    /// Whole nanoseconds, within 0 and about 290 years.
    var nanoseconds: UInt64 {
        let parts = components
        guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
        let seconds = UInt64(min(parts.seconds, 9_000_000_000))
        return seconds * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
    }
}
