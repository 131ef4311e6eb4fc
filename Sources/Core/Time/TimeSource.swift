internal import Glibc

/// Where code gets the time from and how it waits: the system's, or one that a test drives.
package protocol TimeSource: Sendable {
    /// The time of day.
    var now: Timestamp { get }
    /// Time since some fixed point; never goes back and is not set.
    var uptime: Duration { get }
    /// Waits at least `duration`.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The system's clocks.
package struct SystemTime: TimeSource {
    private static let start = ContinuousClock.now

    /// The system's clocks.
    package init() {}

    package var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    package var uptime: Duration { Self.start.duration(to: .now) }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
