package import Core
package import KubernetesAPI

/// Decides what becomes of an event, without I/O, as client-go's correlator does: a repeat raises the count of the event
/// there is, many similar ones become one, and an object that has too many loses the rest for a while.
package struct EventCorrelation: Sendable {
    /// What to do with a record.
    package enum Decision: Sendable, Hashable {
        /// Create this event.
        case create(Event)
        /// Set count, time and message of the event called `name` in the object's namespace; `fallback` is created instead
        /// if that event is gone.
        case update(name: String, patch: JSONValue, fallback: Event)
        /// The object has too many events.
        case drop
    }

    private struct Group: Hashable {
        let object: ObjectReference
        let type: Event.Kind
        let reason: String

        init(_ record: EventRecord) {
            object = record.object.identity
            type = record.type
            reason = record.reason
        }
    }

    private struct Identity: Hashable {
        let group: Group
        let message: String
    }

    private struct Known {
        var event: Event
        var seen: Duration
    }

    private struct Similar {
        var messages: Set<String> = []
        var since: Duration
    }

    /// Distinct messages of a group, within the window, that are still told apart.
    private static let similarLimit = 10
    private static let similarWindow: Duration = .seconds(600)
    /// Events of an object at once, and how many for each second from then on.
    private static let burst = 25
    private static let rate = 1.0 / 300
    /// After this long without a repeat an event counts as new.
    private static let memory: Duration = .seconds(3000)

    private let component: String
    private let instance: String
    private let capacity: Int
    private var known: [Identity: Known] = [:]
    private var similar: [Group: Similar] = [:]
    private var buckets: [ObjectReference: (bucket: TokenBucket, used: Duration)] = [:]
    private var serial: UInt64 = 0

    /// A correlation that knows no events.
    /// - Parameters:
    ///   - component: `source.component` and `reportingComponent` of the events.
    ///   - instance: `reportingInstance`.
    ///   - capacity: events and objects that are remembered.
    package init(component: String, instance: String, capacity: Int = 4096) {
        self.component = component
        self.instance = instance
        self.capacity = capacity
    }

    /// What becomes of `record`.
    /// - Parameter now: a reading of `TimeSource.uptime`.
    package mutating func decide(_ record: EventRecord, now: Duration) -> Decision {
        forget(now: now)
        let group = Group(record)
        var bucket = buckets[group.object]?.bucket ?? TokenBucket(rate: Self.rate, burst: Self.burst)
        let isAllowed = bucket.reserve(at: now) == .zero
        if !isAllowed { bucket.cancelReservation(at: now) }
        buckets[group.object] = (bucket, now)
        guard isAllowed else { return .drop }

        let isCombined = isOneOfMany(record, group, now: now)
        let message = isCombined ? "(combined from similar events): \(record.message)" : record.message
        let identity = Identity(group: group, message: isCombined ? "" : record.message)
        // Older ones the server may have dropped by now: it keeps events for an hour.
        if var entry = known[identity], now - entry.seen < Self.memory {
            entry.event.count += 1
            // What was told late happened before.
            entry.event.lastTimestamp = max(entry.event.lastTimestamp, record.date)
            entry.event.message = message
            entry.seen = now
            known[identity] = entry
            return .update(
                name: entry.event.metadata.name,
                patch: [
                    "count": .integer(entry.event.count), "lastTimestamp": .string(entry.event.lastTimestamp.rfc3339),
                    "message": .string(message),
                ], fallback: entry.event)
        }
        let event = makeEvent(record, message)
        known[identity] = Known(event: event, seen: now)
        return .create(event)
    }

    /// The event was not stored: a repeat must not count it up.
    package mutating func forget(_ event: Event) {
        for (identity, entry) in known where entry.event.metadata.name == event.metadata.name {
            known[identity] = nil
        }
    }

    private mutating func isOneOfMany(_ record: EventRecord, _ group: Group, now: Duration) -> Bool {
        var state = similar[group] ?? Similar(since: now)
        if now - state.since > Self.similarWindow { state = Similar(since: now) }
        if state.messages.count <= Self.similarLimit { state.messages.insert(record.message) }
        similar[group] = state
        return state.messages.count > Self.similarLimit
    }

    private mutating func makeEvent(_ record: EventRecord, _ message: String) -> Event {
        serial += 1
        // As client-go names them: the object's name and a time in hexadecimal; the serial keeps equal times apart.
        let nanoseconds =
            UInt64(bitPattern: record.date.seconds) &* 1_000_000_000
            &+ UInt64(record.date.nanoseconds) &+ serial
        // A cut must not leave a dot or a hyphen before the one that follows: no server takes such a name.
        let start = String(record.object.name.utf8.prefix(230)) ?? ""
        let stem = start.reversed().drop { $0 == "." || $0 == "-" }.reversed()
        let name = "\(String(stem)).\(String(nanoseconds, radix: 16))"
        let namespace = record.object.namespace.isEmpty ? "default" : record.object.namespace
        return Event(
            metadata: ObjectMeta(name: name, namespace: namespace, annotations: record.annotations),
            involvedObject: record.object, type: record.type, reason: record.reason, message: message,
            component: component, instance: instance, firstTimestamp: record.date, lastTimestamp: record.date)
    }

    private mutating func forget(now: Duration) {
        guard known.count >= capacity || buckets.count >= capacity || similar.count >= capacity else { return }
        known = known.filter { now - $0.value.seen < Self.memory }
        similar = similar.filter { now - $0.value.since <= Self.similarWindow }
        buckets = buckets.filter { now - $0.value.used < .seconds(7500) }
        // Still full: start anew rather than grow. Counts begin at one again, nothing else is lost.
        if known.count >= capacity { known = [:] }
        if similar.count >= capacity { similar = [:] }
        if buckets.count >= capacity { buckets = [:] }
    }
}

extension ObjectReference {
    /// The reference without the version, which changes all the time.
    fileprivate var identity: ObjectReference {
        var identity = self
        identity.resourceVersion = ""
        return identity
    }
}
