internal import Core

/// The verbs that change objects. Every function runs on the store's writer.
struct WriteVerbs: Sendable {
    let store: ObjectStore
    let request: APIRequest
    let now: Timestamp
    let namespaces: NamespaceLifecycle

    var resource: APIResource { request.resource }
    var nowText: String { now.rfc3339 }

    var scope: FieldScope {
        guard resource.hasStatus else { return .everything }
        return request.subresource == "status" ? .onlyStatus : .withoutStatus
    }

    var fieldManager: FieldManager {
        FieldManager(
            resource: resource, apiVersion: resource.groupVersion, subresource: request.subresource, scope: scope,
            manager: request.fieldManager, now: nowText)
    }

    func live(_ name: String) -> StoredObject? {
        store.object(resource.storage, namespace: request.namespace, name: name)
    }

    /// The live object's tree in the request's version.
    func value(of object: StoredObject) -> JSONValue { resource.value(of: object) }

    // MARK: Create

    func create(_ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        var value = try request.decodeBody()
        try fillIdentity(&value, name: nil)
        let warnings = try Admission(request: request).decode(&value)
        fieldManager.recordUpdate(live: nil, new: &value)
        var outcome = try store(new: value, writer)
        outcome.warnings = warnings
        return outcome
    }

    /// Checks and completes namespace and name of an object that a request carries.
    func fillIdentity(_ value: inout JSONValue, name urlName: String?) throws(APIStatus) {
        guard value["metadata"] == nil || value["metadata"]?.objectValue != nil || value["metadata"]?.isNull == true
        else { throw .badRequest("metadata must be an object") }
        var metadata = value["metadata"]?.objectValue ?? [:]
        if resource.isNamespaced {
            let given = metadata["namespace"]?.stringValue ?? ""
            guard given.isEmpty || given == request.namespace else {
                throw .badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request")
            }
            metadata["namespace"] = .string(request.namespace)
        } else {
            metadata["namespace"] = nil
        }
        if let urlName {
            let given = metadata["name"]?.stringValue ?? ""
            guard given.isEmpty || given == urlName else {
                throw .badRequest("the name of the object (\(given)) does not match the name on the URL (\(urlName))")
            }
            metadata["name"] = .string(urlName)
        } else if (metadata["name"]?.stringValue ?? "").isEmpty,
            let prefix = metadata["generateName"]?.stringValue, !prefix.isEmpty
        {
            metadata["name"] = .string(NameGenerator.name(prefix: prefix))
        }
        value["metadata"] = .object(metadata)
    }

    /// Stores a value that has no predecessor.
    func store(new incoming: JSONValue, _ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        var value = incoming
        var metadata = value["metadata"] ?? [:]
        if let version = metadata["resourceVersion"]?.stringValue, !version.isEmpty, version != "0" {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        for name in ["resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            metadata[name] = nil
        }
        metadata["uid"] = .string(NameGenerator.uid())
        metadata["creationTimestamp"] = .string(nowText)
        if resource.hasGeneration { metadata["generation"] = 1 }
        value["metadata"] = metadata
        if resource.isCustom, resource.hasStatus {
            value["status"] = nil
            resource.schema.applyDefaults(to: &value)
        }
        KindRules.prepareForCreate(&value, resource: resource)
        let name = metadata["name"]?.stringValue ?? ""
        try Admission(request: request).validate(value, old: nil)
        try namespaces.checkCreation(resource, namespace: request.namespace, name: name)
        if live(name) != nil { throw .alreadyExists(resource, name: name) }
        if try request.isDryRun { return WriteOutcome(status: 201, content: .value(value)) }
        return WriteOutcome(status: 201, content: .stored(try put(value, writer)))
    }

    func put(_ value: JSONValue, _ writer: ObjectStore.Writer) throws(APIStatus) -> StoredObject {
        guard value.isWithin(bytes: 3 << 20, depth: 90) else {
            throw .tooLarge("the object is too large or too deeply nested: the limits are 3 MiB and 90 levels")
        }
        do {
            return try writer.put(resource.storage, resource.toStorage(value))
        } catch {
            throw .internalError("the object could not be stored: \(error)")
        }
    }

    // MARK: Update

    func update(name: String, _ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        var value = try request.decodeBody()
        try fillIdentity(&value, name: name)
        let warnings = try Admission(request: request).decode(&value)
        guard let live = live(name) else {
            guard resource.allowsCreateOnUpdate, request.subresource.isEmpty else {
                throw .notFound(resource, name: name)
            }
            fieldManager.recordUpdate(live: nil, new: &value)
            var outcome = try store(new: value, writer)
            outcome.warnings = warnings
            return outcome
        }
        let version = value.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
        if version.isEmpty, !resource.allowsUnconditionalUpdate {
            throw .invalid(
                kind: resource.plural, group: resource.group, name: name,
                errors: [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
        }
        let uid = value.member(at: "metadata", "uid")?.stringValue ?? ""
        if !uid.isEmpty, uid != live.uid {
            throw .conflict(
                resource, name: name,
                text: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(live.uid)")
        }
        var outcome = try replace(live, self.value(of: live), by: value, writer)
        outcome.warnings = warnings
        return outcome
    }

    /// Stores the next state of an object, if it is one.
    /// - Parameters:
    ///   - old: The tree of `live`, in the request's version.
    ///   - isApplied: The managed fields of `incoming` are up to date already.
    private func replace(
        _ live: StoredObject, _ old: JSONValue, by incoming: JSONValue, _ writer: ObjectStore.Writer,
        isApplied: Bool = false
    ) throws(APIStatus) -> WriteOutcome {
        var new = incoming
        let version = new.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
        guard version.isEmpty || version == String(live.resourceVersion) else {
            throw .modified(resource, name: live.name)
        }
        try keepWhatIsNotToChange(&new, old: old)
        if !isApplied { fieldManager.recordUpdate(live: old, new: &new) }
        if resource.hasGeneration, Self.specDiffers(old, new) {
            new["metadata", default: [:]]["generation"] = .integer(
                (old.member(at: "metadata", "generation")?.integerValue ?? 0) + 1)
        }
        try Admission(request: request).validate(new, old: old)
        if Self.isSame(old, new) { return WriteOutcome(content: .stored(live)) }
        if try request.isDryRun { return WriteOutcome(content: .value(new)) }
        let isFinalized =
            new.member(at: "metadata", "deletionTimestamp") != nil
            && (new.member(at: "metadata", "finalizers")?.arrayValue ?? []).isEmpty && resource.kind != "Namespace"
        if isFinalized {
            return WriteOutcome(content: .stored(try remove(live, last: new, writer)))
        }
        return WriteOutcome(content: .stored(try put(new, writer)))
    }

    /// Resets what this endpoint may not change to its old value.
    private func keepWhatIsNotToChange(_ new: inout JSONValue, old: JSONValue) throws(APIStatus) {
        if request.subresource == "status" {
            var kept = old
            kept["status"] = new["status"]
            kept["metadata", default: [:]]["managedFields"] = new.member(at: "metadata", "managedFields")
            new = kept
            return
        }
        if resource.hasStatus { new["status"] = old["status"] }
        var metadata = new["metadata"] ?? [:]
        let before = old["metadata"] ?? [:]
        metadata["resourceVersion"] = before["resourceVersion"]
        metadata["generation"] = before["generation"]
        metadata["selfLink"] = nil
        for name in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]
        where (metadata[name] ?? .null).isNull {
            metadata[name] = before[name]
        }
        new["metadata"] = metadata
        KindRules.prepareForUpdate(&new, old: old, resource: resource)
    }

    private static func specDiffers(_ old: JSONValue, _ new: JSONValue) -> Bool {
        let before = old.objectValue ?? [:]
        let after = new.objectValue ?? [:]
        let names = Set(before.keys).union(after.keys).subtracting(["metadata", "status", "apiVersion"])
        return names.contains { before[$0] != after[$0] }
    }

    /// Whether nothing but the times of managed fields differs.
    private static func isSame(_ old: JSONValue, _ new: JSONValue) -> Bool {
        guard old.withoutManagedFields == new.withoutManagedFields else { return false }
        func owners(_ value: JSONValue) -> Set<ManagedFieldsEntry>? {
            ManagedFields(of: value).map { managed in
                Set(
                    managed.entries.map { entry in
                        var copy = entry
                        copy.time = nil
                        return copy
                    })
            }
        }
        return owners(old) == owners(new)
    }

    // MARK: Patch

    func patch(name: String, _ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        let patch = try Patch(request)
        if case .apply(let configuration) = patch { return try apply(configuration, name: name, writer) }
        guard let live = live(name) else { throw .notFound(resource, name: name) }
        let old = value(of: live)
        var new = try patch.applied(to: old, schema: resource.schema)
        guard new["kind"] == old["kind"], new["apiVersion"] == old["apiVersion"] else {
            throw .badRequest("a patch may not change apiVersion or kind of \(resource.qualifiedName) \"\(name)\"")
        }
        try fillIdentity(&new, name: name)
        let warnings = try Admission(request: request).decode(&new, patch: request.body)
        var outcome = try replace(live, old, by: new, writer)
        outcome.warnings = warnings
        return outcome
    }

    private func apply(
        _ configuration: JSONValue, name: String, _ writer: ObjectStore.Writer
    ) throws(APIStatus) -> WriteOutcome {
        guard request.query["fieldManager"] != nil else {
            throw .invalid(
                kind: "PatchOptions", group: "meta.k8s.io", name: "",
                errors: [.required("fieldManager", "is required for apply patch")])
        }
        var applied = configuration
        try fillIdentity(&applied, name: name)
        guard (applied.member(at: "metadata", "managedFields")?.arrayValue ?? []).isEmpty else {
            throw .badRequest("metadata.managedFields must be nil")
        }
        if let first = resource.schema.prune(&applied).first {
            throw APIStatus(
                code: 500, reason: "",
                message: "failed to create typed patch object (\(request.namespace)/\(name); \(resource.groupVersion), "
                    + "Kind=\(resource.kind)): .\(first): field not declared in schema", details: nil)
        }
        if !resource.isCustom { KindRules.decode(&applied, resource: resource) }
        let live = live(name)
        let force = request.query.flag("force")
        if let live {
            let uid = applied.member(at: "metadata", "uid")?.stringValue ?? ""
            if !uid.isEmpty, uid != live.uid {
                throw .conflict(
                    resource, name: name,
                    text: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(live.uid)")
            }
            let old = value(of: live)
            let version = applied.member(at: "metadata", "resourceVersion")
            applied["metadata", default: [:]]["resourceVersion"] = nil
            var result = try fieldManager.apply(applied, to: old, force: force)
            if let version { result["metadata", default: [:]]["resourceVersion"] = version }
            _ = try Admission(request: request).decode(&result)
            return try replace(live, old, by: result, writer, isApplied: true)
        }
        guard request.subresource.isEmpty else { throw .notFound(resource, name: name) }
        var result = try fieldManager.apply(applied, to: nil, force: force)
        _ = try Admission(request: request).decode(&result)
        return try store(new: result, writer)
    }
}
