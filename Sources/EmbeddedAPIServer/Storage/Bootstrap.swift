internal import Core

/// Puts the objects in place that every server starts with.
struct Bootstrap {
    let store: ObjectStore
    let now: Timestamp

    func run(namespaces: [String], definitions: [JSONValue]) throws {
        try store.changeBeforeUse { writer in
            for name in namespaces {
                let identity = BuiltInResources.namespaces.storage
                guard store.object(identity, namespace: "", name: name) == nil else { continue }
                _ = try writer.put(
                    identity,
                    [
                        "apiVersion": "v1", "kind": "Namespace",
                        "metadata": [
                            "name": .string(name), "uid": .string(NameGenerator.uid()),
                            "creationTimestamp": .string(now.rfc3339),
                            "labels": ["kubernetes.io/metadata.name": .string(name)],
                        ],
                        "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"],
                    ])
            }
            for definition in definitions {
                let identity = BuiltInResources.customResourceDefinitions.storage
                guard let name = definition.member(at: "metadata", "name")?.stringValue else { continue }
                let old = store.object(identity, namespace: "", name: name)?.value
                let created = old?.member(at: "metadata", "creationTimestamp")?.stringValue ?? now.rfc3339
                let value = APIResource.establishedDefinition(
                    definition, now: created,
                    uid: old?.member(at: "metadata", "uid")?.stringValue ?? NameGenerator.uid())
                var comparable = old
                comparable?["metadata", default: [:]]["resourceVersion"] = nil
                if comparable != value { _ = try writer.put(identity, value) }
            }
        }
    }
}
