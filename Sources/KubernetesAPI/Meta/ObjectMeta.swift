package import Core

/// What every Kubernetes object says about itself (meta/v1 ObjectMeta, the fields in use).
package struct ObjectMeta: Sendable, Hashable {
    package var name: String
    /// Empty outside of namespaces.
    package var namespace: String
    package var uid: String
    /// Opaque: compared for equality and sent back. Only the informer's store also asks which of two is older, where both
    /// are numbers.
    package var resourceVersion: String
    /// Counts changes of the spec; 0 where the server does not count.
    package var generation: Int64
    package var creationTimestamp: Timestamp?
    /// Set while the object waits for its finalizers.
    package var deletionTimestamp: Timestamp?
    package var finalizers: [String]
    package var labels: [String: String]
    package var annotations: [String: String]

    /// Metadata from its parts.
    package init(
        name: String, namespace: String = "", uid: String = "", resourceVersion: String = "", generation: Int64 = 0,
        creationTimestamp: Timestamp? = nil, deletionTimestamp: Timestamp? = nil, finalizers: [String] = [],
        labels: [String: String] = [:], annotations: [String: String] = [:]
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.finalizers = finalizers
        self.labels = labels
        self.annotations = annotations
    }

    /// Reads the `metadata` object.
    package init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            name: try reader.string("name"), namespace: try reader.stringOrEmpty("namespace"),
            uid: try reader.stringOrEmpty("uid"), resourceVersion: try reader.stringOrEmpty("resourceVersion"),
            generation: try reader.optionalInteger("generation") ?? 0,
            creationTimestamp: try reader.optionalTime("creationTimestamp"),
            deletionTimestamp: try reader.optionalTime("deletionTimestamp"),
            finalizers: try reader.strings("finalizers"), labels: try reader.stringMap("labels"),
            annotations: try reader.stringMap("annotations"))
    }

    /// Whether the object is being deleted.
    package var isBeingDeleted: Bool { deletionTimestamp != nil }
}

/// A list's own metadata (meta/v1 ListMeta).
package struct ListMeta: Sendable, Hashable {
    /// The version that a watch resumes from.
    package var resourceVersion: String
    /// Asks for the next page; empty on the last one.
    package var continueToken: String

    /// Reads the `metadata` object of a list.
    package init(_ reader: FieldReader) throws(ObjectDecodingError) {
        resourceVersion = try reader.stringOrEmpty("resourceVersion")
        continueToken = try reader.stringOrEmpty("continue")
    }
}

/// Which object something is about (core/v1 ObjectReference, the fields in use).
package struct ObjectReference: Sendable, Hashable {
    package var apiVersion: String
    package var kind: String
    package var namespace: String
    package var name: String
    package var uid: String
    package var resourceVersion: String

    /// A reference from its parts.
    package init(
        apiVersion: String, kind: String, namespace: String, name: String, uid: String = "",
        resourceVersion: String = ""
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
    }

    /// A reference to `object`.
    package init<Object: KubernetesObject>(_ object: Object) {
        let meta = object.metadata
        self.init(
            apiVersion: Object.resource.apiVersion, kind: Object.resource.kind, namespace: meta.namespace,
            name: meta.name, uid: meta.uid, resourceVersion: meta.resourceVersion)
    }

    /// The JSON object; empty fields are left out.
    package var json: JSONValue {
        let fields = [
            "apiVersion": apiVersion, "kind": kind, "namespace": namespace, "name": name, "uid": uid,
            "resourceVersion": resourceVersion,
        ]
        return .object(fields.filter { !$0.value.isEmpty }.mapValues { .string($0) })
    }
}
