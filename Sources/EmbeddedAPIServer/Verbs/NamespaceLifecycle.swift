internal import Core

/// What namespaces mean for what is in them.
struct NamespaceLifecycle: Sendable {
    let store: ObjectStore
    /// Every kind of object that lives in namespaces.
    let namespaced: [StorageIdentity]

    /// Namespaces that cannot be deleted.
    static let permanent: Set<String> = ["default", "kube-system", "kube-public"]

    private var identity: StorageIdentity { BuiltInResources.namespaces.storage }

    /// - Throws: 404 when the namespace does not exist, 403 while it is being deleted.
    func checkCreation(_ resource: APIResource, namespace: String, name: String) throws(APIStatus) {
        guard resource.isNamespaced else { return }
        guard let object = store.object(identity, namespace: "", name: namespace) else {
            throw .notFound(BuiltInResources.namespaces, name: namespace)
        }
        guard object.value.member(at: "metadata", "deletionTimestamp") != nil else { return }
        let text = "unable to create new content in namespace \(namespace) because it is being terminated"
        throw .forbidden(
            resource, name: name, text: text,
            causes: [
                [
                    "reason": "NamespaceTerminating",
                    "message": .string("namespace \(namespace) is being terminated"), "field": "metadata.namespace",
                ]
            ])
    }

    /// Deletes what is in a namespace; what has finalizers is only marked.
    func empty(_ namespace: String, now: String, _ writer: ObjectStore.Writer) throws {
        for kind in namespaced {
            for object in store.objects(kind, namespace: namespace).objects {
                var value = object.value
                if (value.member(at: "metadata", "finalizers")?.arrayValue ?? []).isEmpty {
                    _ = try writer.delete(kind, object, last: value)
                } else if value.member(at: "metadata", "deletionTimestamp") == nil {
                    value["metadata", default: [:]]["deletionTimestamp"] = .string(now)
                    value["metadata", default: [:]]["deletionGracePeriodSeconds"] = 0
                    if let generation = value.member(at: "metadata", "generation")?.integerValue {
                        value["metadata", default: [:]]["generation"] = .integer(generation + 1)
                    }
                    _ = try writer.put(kind, value)
                }
            }
        }
        try finishIfEmpty(namespace, writer)
    }

    /// Removes a namespace that is being deleted once nothing is left in it.
    func finishIfEmpty(_ namespace: String, _ writer: ObjectStore.Writer) throws {
        guard !namespace.isEmpty, let object = store.object(identity, namespace: "", name: namespace) else { return }
        let value = object.value
        guard value.member(at: "metadata", "deletionTimestamp") != nil,
            (value.member(at: "metadata", "finalizers")?.arrayValue ?? []).isEmpty,
            store.isEmpty(namespace: namespace, among: namespaced)
        else { return }
        _ = try writer.delete(identity, object, last: value)
    }
}
