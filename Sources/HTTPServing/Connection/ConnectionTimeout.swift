/// What a connection waits for, and until when.
struct ConnectionTimeout {
    enum Wait {
        case none, head, body, idle, write
    }

    /// Nanoseconds of the monotonic clock; max for never.
    var deadline = UInt64.max
    /// When the timer fires; max if it is not running.
    var armedFor = UInt64.max
    private var wait = Wait.head
    private var sentCount: Int64 = -1
    private var dropped = 0

    /// Calls `change` when the wait is a new one: a wait's deadline does not move while bytes trickle in.
    mutating func enter(_ new: Wait) -> Bool {
        sentCount = -1
        if wait == new { return false }
        wait = new
        return true
    }

    /// Whether the client took anything since the last call, so that the deadline for taking more starts again.
    mutating func noteProgress(_ count: Int64) -> Bool {
        wait = .write
        defer { sentCount = count }
        return count != sentCount
    }

    /// Counts bytes that come in after the last response; false when it is enough.
    mutating func mayDrop(_ count: Int) -> Bool {
        dropped += count
        return dropped <= 4_194_304
    }
}
