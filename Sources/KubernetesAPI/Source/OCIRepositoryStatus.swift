package import Core

/// What was observed of an OCIRepository.
package struct OCIRepositoryStatus: Sendable, Hashable {
    /// The generation that was last reconciled to an end; -1 for none.
    package var observedGeneration: Int64
    /// Every condition that was written, those of other writers among them.
    package var conditions: [Condition]
    /// The URL of the link to the newest artifact.
    package var url: String?
    package var artifact: Artifact?
    package var observedIgnore: String?
    package var observedLayerSelector: OCIRepositorySpec.LayerSelector?
    /// The value of the requested-at annotation that was last acted on.
    package var lastHandledReconcileAt: String?

    /// A status from its parts.
    package init(
        observedGeneration: Int64 = -1, conditions: [Condition] = [], url: String? = nil, artifact: Artifact? = nil,
        observedIgnore: String? = nil, observedLayerSelector: OCIRepositorySpec.LayerSelector? = nil,
        lastHandledReconcileAt: String? = nil
    ) {
        self.observedGeneration = observedGeneration
        self.conditions = conditions
        self.url = url
        self.artifact = artifact
        self.observedIgnore = observedIgnore
        self.observedLayerSelector = observedLayerSelector
        self.lastHandledReconcileAt = lastHandledReconcileAt
    }

    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            observedGeneration: try reader.optionalInteger("observedGeneration") ?? 0,
            conditions: try reader.objects("conditions", Condition.init), url: try reader.nonEmptyString("url"),
            artifact: try reader.optionalObject("artifact", Artifact.init),
            observedIgnore: try reader.optionalString("observedIgnore"),
            observedLayerSelector: try reader.optionalObject(
                "observedLayerSelector", OCIRepositorySpec.LayerSelector.init),
            lastHandledReconcileAt: try reader.nonEmptyString("lastHandledReconcileAt"))
    }

    /// The condition of the given type.
    package func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }

    /// The JSON object. An `observedGeneration` of 0 is left out, as Go's clients do.
    package var json: JSONValue {
        var value: JSONValue = [:]
        if observedGeneration != 0 { value["observedGeneration"] = .integer(observedGeneration) }
        if !conditions.isEmpty { value["conditions"] = .array(conditions.map(\.json)) }
        if let url { value["url"] = .string(url) }
        if let artifact { value["artifact"] = artifact.json }
        if let observedIgnore { value["observedIgnore"] = .string(observedIgnore) }
        if let observedLayerSelector { value["observedLayerSelector"] = observedLayerSelector.json }
        if let lastHandledReconcileAt { value["lastHandledReconcileAt"] = .string(lastHandledReconcileAt) }
        return value
    }
}
