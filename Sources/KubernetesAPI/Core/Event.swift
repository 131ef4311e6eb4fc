package import Core

/// A core/v1 Event: something worth telling a person about an object.
package struct Event: KubernetesObject, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package static let resource = APIResource(group: "", version: "v1", plural: "events", kind: "Event")
    package var metadata: ObjectMeta
    package var involvedObject: ObjectReference
    package var type: Kind
    package var reason: String
    package var message: String
    /// `source.component` and `reportingComponent`.
    package var component: String
    /// `reportingInstance`: which process.
    package var instance: String
    package var count: Int64
    package var firstTimestamp: Timestamp
    package var lastTimestamp: Timestamp

    /// An event from its parts.
    package init(
        metadata: ObjectMeta, involvedObject: ObjectReference, type: Kind, reason: String, message: String,
        component: String, instance: String, count: Int64 = 1, firstTimestamp: Timestamp, lastTimestamp: Timestamp
    ) {
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.type = type
        self.reason = reason
        self.message = message
        self.component = component
        self.instance = instance
        self.count = count
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        metadata = try reader.object("metadata", ObjectMeta.init)
        involvedObject = try reader.object("involvedObject") { object throws(ObjectDecodingError) in
            ObjectReference(
                apiVersion: try object.stringOrEmpty("apiVersion"), kind: try object.stringOrEmpty("kind"),
                namespace: try object.stringOrEmpty("namespace"), name: try object.stringOrEmpty("name"),
                uid: try object.stringOrEmpty("uid"), resourceVersion: try object.stringOrEmpty("resourceVersion"))
        }
        type = try reader.optionalChoice("type", of: Kind.self) ?? .normal
        reason = try reader.stringOrEmpty("reason")
        message = try reader.stringOrEmpty("message")
        component = try reader.stringOrEmpty("reportingComponent")
        instance = try reader.stringOrEmpty("reportingInstance")
        count = try reader.optionalInteger("count") ?? 1
        firstTimestamp = try reader.optionalTime("firstTimestamp") ?? Timestamp(seconds: 0)
        lastTimestamp = try reader.optionalTime("lastTimestamp") ?? Timestamp(seconds: 0)
    }

    /// The JSON object, ready to be created.
    package var json: JSONValue {
        var meta: JSONValue = ["name": .string(metadata.name), "namespace": .string(metadata.namespace)]
        if !metadata.annotations.isEmpty {
            meta["annotations"] = .object(metadata.annotations.mapValues { .string($0) })
        }
        return [
            "apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": involvedObject.json,
            "type": .string(type.rawValue), "reason": .string(reason), "message": .string(message),
            "source": ["component": .string(component)], "reportingComponent": .string(component),
            "reportingInstance": .string(instance), "count": .integer(count),
            "firstTimestamp": .string(firstTimestamp.rfc3339), "lastTimestamp": .string(lastTimestamp.rfc3339),
        ]
    }
}
