import Core

/// The system's clocks, with a time of day that a test sets.
final class SettableTime: TimeSource {
    private let day = Locked(Timestamp(seconds: 1_795_168_160))

    var now: Timestamp { day.current }
    var uptime: Duration { SystemTime().uptime }

    func set(_ time: Timestamp) { day.withLock { $0 = max($0, time) } }

    func sleep(for duration: Duration) async throws { try await SystemTime().sleep(for: duration) }
}

extension JSONValue {
    /// The latest time that an answer says something happened at.
    var latestTime: Timestamp? {
        switch self {
        case .array(let elements): return elements.compactMap(\.latestTime).max()
        case .object(let members):
            return members.compactMap { name, value -> Timestamp? in
                if ["creationTimestamp", "time", "deletionTimestamp"].contains(name) {
                    return value.stringValue.flatMap { Timestamp(rfc3339: $0) }
                }
                return name == "annotations" ? nil : value.latestTime
            }.max()
        default: return nil
        }
    }
}
