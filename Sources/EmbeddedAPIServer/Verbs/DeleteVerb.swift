internal import Core

/// The options of a deletion (`metav1.DeleteOptions`), from body and query.
struct DeleteOptions: Sendable {
    var uid: String?
    var resourceVersion: String?
    var isDryRun: Bool

    init(_ request: APIRequest) throws(APIStatus) {
        isDryRun = try request.isDryRun
        guard !request.body.isEmpty else { return }
        let type = request.header("Content-Type").flatMap { MediaType(parsing: $0) }?.type ?? "application/json"
        let value: JSONValue
        if type == "application/vnd.kubernetes.protobuf" {
            value = try ProtobufCoding.decode(
                request.body, schema: BuiltInSchemas.deleteOptions)
        } else if type == "application/yaml" {
            value = try APIRequest.decodeYAML(request.body)
        } else {
            guard let parsed = try? JSONValue(parsing: request.body, limits: APIRequest.bodyLimits),
                parsed.objectValue != nil
            else { throw .badRequest("the body of the deletion is not a DeleteOptions object") }
            value = parsed
        }
        uid = value.member(at: "preconditions", "uid")?.stringValue
        resourceVersion = value.member(at: "preconditions", "resourceVersion")?.stringValue
        let dryRun = value["dryRun"]?.arrayValue ?? []
        guard dryRun.allSatisfy({ $0 == "All" }) else {
            throw .invalid(
                kind: "DeleteOptions", group: "", name: "",
                errors: [.notSupported("dryRun", .array(dryRun), ["All"])])
        }
        if !dryRun.isEmpty { isDryRun = true }
        let policy = value["propagationPolicy"]?.stringValue ?? request.query["propagationPolicy"]
        // Nothing here has dependents that the server would have to look after, so every policy deletes at once.
        if let policy, !["Background", "Foreground", "Orphan"].contains(policy) {
            throw .invalid(
                kind: "DeleteOptions", group: "", name: "",
                errors: [
                    .notSupported("propagationPolicy", .string(policy), ["Foreground", "Background", "Orphan", "nil"])
                ])
        }
    }
}

extension WriteVerbs {
    func delete(name: String, _ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        let options = try DeleteOptions(request)
        guard let live = live(name) else { throw .notFound(resource, name: name) }
        if let uid = options.uid, uid != live.uid {
            throw .failedPrecondition(
                resource, name: name,
                text: "the UID in the precondition (\(uid)) does not match the UID in record (\(live.uid)). The object "
                    + "might have been deleted and then recreated")
        }
        if let version = options.resourceVersion, version != String(live.resourceVersion) {
            throw .failedPrecondition(
                resource, name: name,
                text:
                    "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(live.resourceVersion)). The object might have been modified")
        }
        if resource.storage == BuiltInResources.namespaces.storage {
            return try deleteNamespace(live, isDryRun: options.isDryRun, writer)
        }
        if let waiting = try markDeleted(live, isDryRun: options.isDryRun, writer) { return waiting }
        if !options.isDryRun { _ = try remove(live, last: value(of: live), writer) }
        return WriteOutcome(
            content: .success([
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
                "details": details(of: live),
            ]))
    }

    private func details(of object: StoredObject) -> JSONValue {
        var details = APIStatus.details(of: resource, name: object.name)
        details["uid"] = .string(object.uid)
        return details
    }

    /// An object with finalizers stays, marked; nil: there are none.
    private func markDeleted(
        _ live: StoredObject, isDryRun: Bool, _ writer: ObjectStore.Writer
    ) throws(APIStatus) -> WriteOutcome? {
        var value = value(of: live)
        guard !(value.member(at: "metadata", "finalizers")?.arrayValue ?? []).isEmpty else { return nil }
        if value.member(at: "metadata", "deletionTimestamp") != nil { return WriteOutcome(content: .stored(live)) }
        value["metadata", default: [:]]["deletionTimestamp"] = .string(nowText)
        value["metadata", default: [:]]["deletionGracePeriodSeconds"] = 0
        if resource.hasGeneration {
            value["metadata", default: [:]]["generation"] = .integer(
                (value.member(at: "metadata", "generation")?.integerValue ?? 0) + 1)
        }
        if isDryRun { return WriteOutcome(content: .value(value)) }
        return WriteOutcome(content: .stored(try put(value, writer)))
    }

    /// Takes an object out of the store for good.
    func remove(
        _ live: StoredObject, last value: JSONValue, _ writer: ObjectStore.Writer
    ) throws(APIStatus) -> StoredObject {
        do {
            let final = try writer.delete(resource.storage, live, last: resource.toStorage(value))
            try namespaces.finishIfEmpty(live.namespace, writer)
            return final
        } catch let status as APIStatus {
            throw status
        } catch {
            throw .internalError("the object could not be deleted: \(error)")
        }
    }

    /// Deletes everything that a selection matches; the answer is the list of it.
    func deleteCollection(_ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        let options = try DeleteOptions(request)
        let selection = try Selection(request)
        let (objects, version) = store.objects(resource.storage, namespace: selection.namespace)
        var items: [JSONValue] = []
        for object in objects where selection.matches(object) {
            items.append(value(of: object))
            if try markDeleted(object, isDryRun: options.isDryRun, writer) != nil || options.isDryRun { continue }
            _ = try remove(object, last: value(of: object), writer)
        }
        var metadata: JSONValue = ["resourceVersion": .string(String(version))]
        if resource.isCustom { metadata["continue"] = "" }
        return WriteOutcome(
            content: .success([
                "kind": .string(resource.listKind), "apiVersion": .string(resource.groupVersion),
                "metadata": metadata, "items": .array(items),
            ]))
    }

    /// A namespace is deleted with everything in it; it goes when the last object's finalizers are gone.
    private func deleteNamespace(
        _ live: StoredObject, isDryRun: Bool, _ writer: ObjectStore.Writer
    ) throws(APIStatus) -> WriteOutcome {
        guard !NamespaceLifecycle.permanent.contains(live.name) else {
            throw .forbidden(resource, name: live.name, text: "this namespace may not be deleted")
        }
        var value = value(of: live)
        if value.member(at: "metadata", "deletionTimestamp") == nil {
            value["metadata", default: [:]]["deletionTimestamp"] = .string(nowText)
            value["status", default: [:]]["phase"] = "Terminating"
        }
        if isDryRun { return WriteOutcome(content: .value(value)) }
        let marked = try put(value, writer)
        do {
            try namespaces.empty(live.name, now: nowText, writer)
        } catch {
            throw .internalError("namespace \(live.name) could not be emptied: \(error)")
        }
        return WriteOutcome(content: .stored(marked))
    }

    /// `namespaces/<name>/finalize`: gives up what the namespace still waits for.
    func finalizeNamespace(name: String, _ writer: ObjectStore.Writer) throws(APIStatus) -> WriteOutcome {
        guard let live = live(name) else { throw .notFound(resource, name: name) }
        let wanted = try request.decodeBody()
        var value = value(of: live)
        value["spec"] = wanted["spec"] ?? [:]
        if try request.isDryRun { return WriteOutcome(content: .value(value)) }
        return WriteOutcome(content: .stored(try put(value, writer)))
    }
}
