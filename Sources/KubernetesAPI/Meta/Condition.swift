package import Core

/// One observation of an object's state (meta/v1 Condition).
package struct Condition: Sendable, Hashable {
    /// Whether the condition holds.
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    package var type: String
    package var status: Status
    /// A word for programs.
    package var reason: String
    /// A sentence for people.
    package var message: String
    /// When the condition last changed; whole seconds.
    package var lastTransitionTime: Timestamp
    /// The generation that was observed; 0 if none was said.
    package var observedGeneration: Int64

    /// A condition from its parts; the time's fraction of a second is dropped.
    package init(
        type: String, status: Status, reason: String, message: String, lastTransitionTime: Timestamp,
        observedGeneration: Int64 = 0
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.lastTransitionTime = Timestamp(seconds: lastTransitionTime.seconds)
        self.observedGeneration = observedGeneration
    }

    /// Reads one element of `conditions`.
    package init(_ reader: FieldReader) throws(ObjectDecodingError) {
        guard let status = try reader.optionalChoice("status", of: Status.self) else {
            throw ObjectDecodingError(path: "status", message: "is required")
        }
        self.init(
            type: try reader.string("type"), status: status, reason: try reader.stringOrEmpty("reason"),
            message: try reader.stringOrEmpty("message"),
            lastTransitionTime: try reader.optionalTime("lastTransitionTime") ?? Timestamp(seconds: 0),
            observedGeneration: try reader.optionalInteger("observedGeneration") ?? 0)
    }

    /// The JSON object.
    package var json: JSONValue {
        var value: JSONValue = [
            "type": .string(type), "status": .string(status.rawValue), "reason": .string(reason),
            "message": .string(message), "lastTransitionTime": .string(lastTransitionTime.rfc3339),
        ]
        if observedGeneration != 0 { value["observedGeneration"] = .integer(observedGeneration) }
        return value
    }
}
