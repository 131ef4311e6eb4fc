package import Core
package import KubernetesAPI

/// Something that answers Kubernetes API requests: a real server behind a client, or a test's stand-in.
package protocol KubernetesAPIServer: Sendable {
    /// Sends a request and gives the JSON of a successful answer.
    func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue
    /// Starts a watch; the events come through the stream until the server ends it.
    func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream
}

/// The events of a running watch. One consumer; dropping it ends the watch.
package struct WatchStream: Sendable {
    private let read: @Sendable () async throws(KubernetesError) -> WatchEvent?

    /// A stream over `read`, which gives nil at the end.
    package init(read: @escaping @Sendable () async throws(KubernetesError) -> WatchEvent?) {
        self.read = read
    }

    /// The next event, or nil when the server ended the watch in order.
    /// - Throws: `KubernetesError` when the connection broke or the server sent what is no event.
    package func next() async throws(KubernetesError) -> WatchEvent? { try await read() }
}

/// Which objects of a resource.
package struct ObjectScope: Sendable, Hashable {
    /// nil = all namespaces.
    package var namespace: String?
    package var labelSelector: LabelSelector
    /// Such as `metadata.name=x`; empty selects everything.
    package var fieldSelector: String
    /// Asks for the metadata only, so that content which is not needed (such as that of Secrets) is not even sent. A server
    /// may send whole objects all the same.
    package var isMetadataOnly: Bool

    /// Everything, unless narrowed.
    package init(
        namespace: String? = nil, labelSelector: LabelSelector = LabelSelector(), fieldSelector: String = "",
        isMetadataOnly: Bool = false
    ) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.isMetadataOnly = isMetadataOnly
    }

    fileprivate func accept(_ kind: String) -> String {
        isMetadataOnly ? "application/json;as=\(kind);g=meta.k8s.io;v=v1,application/json" : "application/json"
    }

    fileprivate var query: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if !labelSelector.isEmpty { query.append(("labelSelector", labelSelector.description)) }
        if !fieldSelector.isEmpty { query.append(("fieldSelector", fieldSelector)) }
        return query
    }
}

/// One page of a list.
package struct ListPage: Sendable {
    package var metadata: ListMeta
    package var items: [JSONValue]

    /// A page from its parts.
    package init(metadata: ListMeta, items: [JSONValue]) {
        self.metadata = metadata
        self.items = items
    }
}

extension KubernetesAPIServer {
    /// The object called `key`.
    /// - Throws: `KubernetesError`; `isNotFound` where there is none.
    package func get<Object: KubernetesObject>(
        _ type: Object.Type, _ key: NamespacedName, lane: APIRequest.Lane = .ordinary
    ) async throws(KubernetesError) -> Object {
        try Object.decode(try await get(Object.resource, key, lane: lane))
    }

    /// The JSON of the object called `key`.
    package func get(
        _ resource: APIResource, _ key: NamespacedName, lane: APIRequest.Lane = .ordinary
    ) async throws(KubernetesError) -> JSONValue {
        try await send(APIRequest("GET", resource.path(of: key), lane: lane))
    }

    /// One page of the objects in `scope`.
    /// - Parameters:
    ///   - limit: objects of a page; nil asks for all at once.
    ///   - continueToken: from the page before; empty for the first.
    package func list(
        _ resource: APIResource, _ scope: ObjectScope = ObjectScope(), limit: Int? = 500, continueToken: String = ""
    ) async throws(KubernetesError) -> ListPage {
        var request = APIRequest("GET", resource.path(namespace: scope.namespace), query: scope.query)
        if let limit { request.query.append(("limit", String(limit))) }
        if !continueToken.isEmpty { request.query.append(("continue", continueToken)) }
        request.accept = scope.accept("PartialObjectMetadataList")
        let json = try await send(request)
        do throws(ObjectDecodingError) {
            let reader = try FieldReader(json)
            return ListPage(metadata: try reader.object("metadata", ListMeta.init), items: try reader.values("items"))
        } catch {
            throw KubernetesError(
                .invalidResponse, "the list of \(resource) cannot be read: \(error)", isRetryable: true)
        }
    }

    /// Watches the objects in `scope` from `resourceVersion` on.
    /// - Parameter timeout: after this long the server ends the watch; whole seconds.
    package func watch(
        _ resource: APIResource, _ scope: ObjectScope = ObjectScope(), resourceVersion: String, timeout: Duration
    ) async throws(KubernetesError) -> WatchStream {
        let query: [(name: String, value: String)] =
            scope.query + [
                ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
                ("timeoutSeconds", String(timeout.components.seconds)),
            ]
        // The server ends the watch itself; only when it has not is the connection taken for dead.
        var request = APIRequest(
            "GET", resource.path(namespace: scope.namespace), query: query, lane: .watch,
            deadline: timeout + .seconds(30))
        request.accept = scope.accept("PartialObjectMetadata")
        return try await watch(request)
    }

    /// Creates `object` and gives it as it was stored.
    /// - Throws: `KubernetesError`; `isAlreadyExists` where one of that name exists.
    @discardableResult
    package func create(
        _ resource: APIResource, namespace: String?, _ object: JSONValue, lane: APIRequest.Lane = .ordinary
    ) async throws(KubernetesError) -> JSONValue {
        try await send(APIRequest("POST", resource.path(namespace: namespace), body: object, lane: lane))
    }

    /// Replaces the object; with a `resourceVersion` in it, only if nobody changed it since.
    @discardableResult
    package func update(
        _ resource: APIResource, _ key: NamespacedName, _ object: JSONValue, subresource: String? = nil,
        lane: APIRequest.Lane = .ordinary
    ) async throws(KubernetesError) -> JSONValue {
        try await send(APIRequest("PUT", resource.path(of: key, subresource), body: object, lane: lane))
    }

    /// Changes parts of the object and gives it as it was stored.
    /// - Parameters:
    ///   - fieldManager: who is noted as the owner of the changed fields.
    @discardableResult
    package func patch(
        _ resource: APIResource, _ key: NamespacedName, _ patch: JSONValue, format: APIRequest.PatchFormat = .merge,
        subresource: String? = nil, fieldManager: String? = nil, lane: APIRequest.Lane = .ordinary
    ) async throws(KubernetesError) -> JSONValue {
        var request = APIRequest(
            "PATCH", resource.path(of: key, subresource), body: patch, contentType: format.rawValue, lane: lane)
        if let fieldManager { request.query.append(("fieldManager", fieldManager)) }
        return try await send(request)
    }

    /// Deletes the object.
    /// - Parameters:
    ///   - uid, resourceVersion: preconditions; where the object has others, the deletion is a conflict.
    @discardableResult
    package func delete(
        _ resource: APIResource, _ key: NamespacedName, uid: String? = nil, resourceVersion: String? = nil
    ) async throws(KubernetesError) -> JSONValue {
        var preconditions: [String: JSONValue] = [:]
        if let uid { preconditions["uid"] = .string(uid) }
        if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion) }
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
        return try await send(APIRequest("DELETE", resource.path(of: key), body: options))
    }
}

extension KubernetesObject {
    /// The object of a server's answer.
    /// - Throws: `KubernetesError` naming the field that does not fit.
    package static func decode(_ json: JSONValue) throws(KubernetesError) -> Self {
        do throws(ObjectDecodingError) {
            return try Self(json: json)
        } catch {
            throw KubernetesError(
                .invalidResponse, "the server's \(resource.kind) cannot be read: \(error)", isRetryable: false)
        }
    }
}

extension APIResource {
    fileprivate func path(of key: NamespacedName, _ subresource: String? = nil) -> String {
        path(namespace: key.namespace.isEmpty ? nil : key.namespace, name: key.name, subresource: subresource)
    }
}
