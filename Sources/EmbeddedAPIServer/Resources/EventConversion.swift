internal import Core

/// core/v1 events (as they are stored) and events.k8s.io/v1 events, two views of the same objects.
enum EventConversion {
    static let emptyEvent: JSONValue = [
        "involvedObject": [:], "source": [:], "firstTimestamp": .null, "lastTimestamp": .null, "eventTime": .null,
        "reportingComponent": "", "reportingInstance": "",
    ]

    static let emptyEventsEvent: JSONValue = [
        "regarding": [:], "deprecatedSource": [:], "deprecatedFirstTimestamp": .null,
        "deprecatedLastTimestamp": .null, "eventTime": .null,
    ]

    /// Members of core/v1 and their names in events.k8s.io/v1.
    private static let names = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    static func toEvents(_ value: JSONValue) -> JSONValue {
        convert(value, apiVersion: "events.k8s.io/v1", names: names)
    }

    static func toCore(_ value: JSONValue) -> JSONValue {
        convert(value, apiVersion: "v1", names: names.map { ($0.1, $0.0) })
    }

    private static func convert(_ value: JSONValue, apiVersion: String, names: [(String, String)]) -> JSONValue {
        guard var members = value.objectValue else { return value }
        members["apiVersion"] = .string(apiVersion)
        let moved = names.map { ($0.1, members.removeValue(forKey: $0.0)) }
        for (name, member) in moved where member != nil { members[name] = member }
        return .object(members)
    }
}
