internal import Core

extension TableColumn {
    static let event: [TableColumn] = [
        TableColumn(
            name: "Last Seen", type: "string",
            description: "The time at which the most recent occurrence of this event was recorded.",
            cell: { value, now in .string(EventTimes(value).lastSeen(now: now)) }),
        TableColumn(
            name: "Type", type: "string",
            description: "Type of this event (Normal, Warning), new types could be added in the future",
            cell: { value, _ in value["type"] ?? "" }),
        TableColumn(
            name: "Reason", type: "string",
            description:
                "This should be a short, machine understandable string that gives the reason for the transition into the "
                + "object's current status.",
            cell: { value, _ in value["reason"] ?? "" }),
        TableColumn(
            name: "Object", type: "string", description: "The object that this event is about.",
            cell: { value, _ in
                let reference = value["involvedObject"]
                let kind = reference?["kind"]?.stringValue?.lowercased() ?? ""
                let name = reference?["name"]?.stringValue ?? ""
                return .string(name.isEmpty ? kind : "\(kind)/\(name)")
            }),
        TableColumn(
            name: "Subobject", type: "string",
            description:
                "If referring to a piece of an object instead of an entire object, this string should contain a valid "
                + "JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the "
                + "object reference is to a container within a pod, this would take on a value like: "
                + "\"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the "
                + "event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this "
                + "pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.",
            priority: 1,
            cell: { value, _ in value.member(at: "involvedObject", "fieldPath") ?? "" }),
        TableColumn(
            name: "Source", type: "string",
            description: "The component reporting this event. Should be a short machine understandable string.",
            priority: 1,
            cell: { value, _ in
                var component = value.member(at: "source", "component")?.stringValue ?? ""
                if component.isEmpty { component = value["reportingComponent"]?.stringValue ?? "" }
                var host = value.member(at: "source", "host")?.stringValue ?? ""
                if host.isEmpty { host = value["reportingInstance"]?.stringValue ?? "" }
                return .string(host.isEmpty ? component : "\(component), \(host)")
            }),
        TableColumn(
            name: "Message", type: "string",
            description: "A human-readable description of the status of this operation.",
            cell: { value, _ in
                // As kubectl has it, without line breaks at the ends.
                var text = Substring(value["message"]?.stringValue ?? "")
                while let last = text.last, last.isWhitespace { text.removeLast() }
                while let first = text.first, first.isWhitespace { text.removeFirst() }
                return .string(String(text))
            }),
        TableColumn(
            name: "First Seen", type: "string",
            description:
                "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)", priority: 1,
            cell: { value, now in .string(EventTimes(value).firstSeen(now: now)) }),
        TableColumn(
            name: "Count", type: "string", description: "The number of times this event has occurred.", priority: 1,
            cell: { value, _ in
                .integer(value.member(at: "series", "count")?.integerValue ?? value["count"]?.integerValue ?? 1)
            }),
        TableColumn(
            name: "Name", type: "string", format: "name", description: BuiltInSchemas.nameText, priority: 1,
            cell: { value, _ in value.member(at: "metadata", "name") ?? "" }),
    ]
}

/// The times of a core/v1 event, of which newer and older clients fill in different ones.
private struct EventTimes {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    func firstSeen(now: Timestamp) -> String {
        Age.text(since: text("firstTimestamp") ?? text("eventTime"), now: now)
    }

    func lastSeen(now: Timestamp) -> String {
        if let series = value["series"], !series.isNull {
            return Age.text(since: series["lastObservedTime"]?.stringValue, now: now)
        }
        return Age.text(since: text("lastTimestamp") ?? text("firstTimestamp") ?? text("eventTime"), now: now)
    }

    private func text(_ name: String) -> String? { value[name]?.stringValue }
}
