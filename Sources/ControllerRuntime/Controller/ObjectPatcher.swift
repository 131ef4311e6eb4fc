package import Core
package import KubernetesAPI
package import KubernetesClient

/// An object whose status this project writes.
package protocol StatusCarrying: KubernetesObject {
    /// The status fields that this project knows, as JSON.
    var statusJSON: JSONValue { get }
}

extension OCIRepository: StatusCarrying {
    package var statusJSON: JSONValue { status.json }
}

/// Writes what changed of an object, and nothing else: merge patches that carry only our fields, the object's UID and its
/// `resourceVersion`. A write on top of a version that is no longer the newest is refused by the server, whoever made the
/// newer one; then the object is read again and the change made anew on top of it. So nobody writes over what another
/// wrote unseen; that a former leader writes at all is what `LeaderOnlyServer` is against.
package struct ObjectPatcher: Sendable {
    private let server: any KubernetesAPIServer
    private let fieldManager: String
    private let attempts: Int

    /// A patcher that notes `fieldManager` as the owner of what it writes and tries `attempts` times on conflicts.
    package init(server: any KubernetesAPIServer, fieldManager: String, attempts: Int = 5) {
        self.server = server
        self.fieldManager = fieldManager
        self.attempts = attempts
    }

    /// Makes the status of `object` what `desired` says, by a patch of what differs; no request if nothing does.
    /// - Parameter desired: the whole status for a given state of the object; called again with the newest state after a
    ///   conflict. nil gives up: the newest state is no longer one to write a status for.
    /// - Returns: the object as the server has it now.
    /// - Throws: `KubernetesError`; `isNotFound` also where an object of that name is another one by now.
    package func patchStatus<Object: StatusCarrying>(
        of object: Object, _ desired: (Object) -> JSONValue?
    ) async throws(KubernetesError) -> Object {
        try await patch(object, subresource: "status") { current in
            guard let wanted = desired(current) else { return nil }
            return MergePatch.difference(from: current.statusJSON, to: wanted).map { ["status": $0] }
        }
    }

    /// Adds the finalizer unless the object has it.
    /// - Returns: the object as the server has it now.
    package func addFinalizer<Object: KubernetesObject>(
        _ finalizer: String, to object: Object
    ) async throws(KubernetesError) -> Object {
        try await patch(object) { current in
            guard !current.metadata.finalizers.contains(finalizer) else { return nil }
            let all = current.metadata.finalizers + [finalizer]
            return ["metadata": ["finalizers": .array(all.map { .string($0) })]]
        }
    }

    /// Removes the finalizer if the object has it; an object that is gone by then is no failure.
    package func removeFinalizer<Object: KubernetesObject>(
        _ finalizer: String, from object: Object
    ) async throws(KubernetesError) {
        try await removeFinalizer(finalizer, from: object.metadata, of: Object.resource)
    }

    /// Removes the finalizer if the object that says `metadata` of itself has it. Nothing else of the object is read, so
    /// that it need not be readable; one that is gone by then is no failure.
    package func removeFinalizer(
        _ finalizer: String, from metadata: ObjectMeta, of resource: APIResource
    ) async throws(KubernetesError) {
        do throws(KubernetesError) {
            _ = try await patch(MetadataObject(metadata: metadata), in: resource) { current in
                guard current.metadata.finalizers.contains(finalizer) else { return nil }
                let rest = current.metadata.finalizers.filter { $0 != finalizer }
                return ["metadata": ["finalizers": rest.isEmpty ? .null : .array(rest.map { .string($0) })]]
            }
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    private func patch<Object: KubernetesObject>(
        _ object: Object, in resource: APIResource = Object.resource, subresource: String? = nil,
        _ change: (Object) -> JSONValue?
    ) async throws(KubernetesError) -> Object {
        var current = object
        var attempt = 1
        while true {
            guard var body = change(current) else { return current }
            var metadata = body["metadata"] ?? [:]
            metadata["uid"] = .string(current.metadata.uid)
            metadata["resourceVersion"] = .string(current.metadata.resourceVersion)
            body["metadata"] = metadata
            do throws(KubernetesError) {
                let stored = try await server.patch(
                    resource, current.key, body, subresource: subresource, fieldManager: fieldManager)
                return try Object.decode(stored)
            } catch {
                guard error.isConflict, attempt < attempts else { throw error }
            }
            attempt += 1
            current = try Object.decode(try await server.get(resource, object.key))
            guard current.metadata.uid == object.metadata.uid else {
                throw KubernetesError(
                    status: Status(
                        message: "\(resource.kind) '\(object.key)' was replaced by another one of the same name",
                        reason: "NotFound", code: 404))
            }
        }
    }
}
