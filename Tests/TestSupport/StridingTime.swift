package import Core

/// A clock that nobody moves and that is further on at every look: whatever is measured with two looks has taken a stride.
package struct StridingTime: TimeSource {
    private let looks = Locked(0)
    private let stride: Duration

    /// A clock that goes on by `stride` with each look at it.
    package init(stride: Duration) { self.stride = stride }

    package var now: Timestamp { Timestamp(seconds: 1_795_168_186) + uptime }
    package var uptime: Duration {
        let count = looks.withLock { looks in
            looks += 1
            return looks
        }
        return stride * count
    }

    /// Returns at once.
    package func sleep(for duration: Duration) async throws {}
}
