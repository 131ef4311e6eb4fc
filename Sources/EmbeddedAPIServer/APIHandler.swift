internal import Core
internal import HTTPServing

/// Routes requests to what answers them.
struct APIHandler: Sendable {
    let registry: ResourceRegistry
    let store: ObjectStore
    let time: any TimeSource
    let logger: Logger
    private let discovery: Discovery
    private let openAPI: OpenAPIDocuments

    init(registry: ResourceRegistry, store: ObjectStore, time: any TimeSource, logger: Logger) {
        self.registry = registry
        self.store = store
        self.time = time
        self.logger = logger
        discovery = Discovery(registry: registry)
        openAPI = OpenAPIDocuments(registry: registry)
    }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        if let refusal = RequestGuard.refusal(of: request.headers) {
            return .status(APIStatus(code: 403, reason: "Forbidden", message: refusal, details: nil))
        }
        if let response = HealthAndVersion.respond(to: request) { return response }
        do throws(APIStatus) {
            guard request.body.count <= EmbeddedAPIServer.maximumBodyBytes else {
                throw .tooLarge("Request entity too large: limit is \(EmbeddedAPIServer.maximumBodyBytes)")
            }
            return try await route(request)
        } catch {
            if error.code >= 500 {
                logger.error(
                    "request failed",
                    [
                        "method": .string(request.method), "path": .string(String(request.path.prefix(256))),
                        "status": error.object,
                    ])
            }
            return .status(error)
        }
    }

    private func route(_ http: HTTPServerRequest) async throws(APIStatus) -> HTTPServerResponse {
        var path = http.path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        if path.isEmpty { path = [""] }
        if path[0] == "openapi" {
            guard http.method == "GET" || http.method == "HEAD" else { throw .methodNotAllowed }
            return openAPI.respond(to: http, path: path) ?? .pageNotFound
        }
        if (path[0] == "api" && path.count <= 2) || (path[0] == "apis" && path.count <= 3) {
            guard http.method == "GET" || http.method == "HEAD" else { throw .methodNotAllowed }
            return discovery.respond(to: http, path: path) ?? .pageNotFound
        }
        guard let target = RequestTarget(path: http.path), let plural = target.resource,
            let resource = registry.resource(group: target.group, version: target.version, plural: plural)
        else { return .pageNotFound }
        if target.namespace != nil, !resource.isNamespaced { return .pageNotFound }
        if target.name != nil, target.namespace == nil, resource.isNamespaced { return .pageNotFound }
        let request = APIRequest(
            resource: resource, namespace: target.namespace ?? "", hasNamespace: target.namespace != nil,
            name: target.name, subresource: target.subresource ?? "", query: QueryParameters(http.query), http: http)
        var response: HTTPServerResponse
        do throws(APIStatus) {
            response = try await respond(to: request)
        } catch {
            response = .status(error)
        }
        if let warning = resource.deprecationWarning { response.addWarnings([warning]) }
        return response
    }

    private func respond(to request: APIRequest) async throws(APIStatus) -> HTTPServerResponse {
        let verbs = Set(request.resource.verbs)
        func require(_ verb: String) throws(APIStatus) {
            if !verbs.contains(verb) { throw .methodNotAllowed }
        }
        guard request.subresource.isEmpty else { return try await respondForSubresource(request) }
        switch (request.http.method, request.name) {
        case ("GET", let name), ("HEAD", let name):
            if request.query.flag("watch") {
                try require("watch")
                return try WatchVerb(store: store, request: request, time: time).respond()
            }
            if let name { return try GetVerb(store: store, request: request, now: time.now).respond(name: name) }
            return try ListVerb(store: store, request: request, now: time.now).respond()
        case ("POST", nil):
            try require("create")
            guard request.hasNamespace == request.resource.isNamespaced else { throw .methodNotAllowed }
            return try await write(request) { verbs, writer throws(APIStatus) in try verbs.create(writer) }
        case ("PUT", .some(let name)):
            try require("update")
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.update(name: name, writer)
            }
        case ("PATCH", .some(let name)):
            try require("patch")
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.patch(name: name, writer)
            }
        case ("DELETE", .some(let name)):
            try require("delete")
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.delete(name: name, writer)
            }
        case ("DELETE", nil):
            try require("deletecollection")
            guard request.hasNamespace == request.resource.isNamespaced else { throw .methodNotAllowed }
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.deleteCollection(writer)
            }
        default: throw .methodNotAllowed
        }
    }

    private func respondForSubresource(_ request: APIRequest) async throws(APIStatus) -> HTTPServerResponse {
        guard let name = request.name,
            let subresource = Subresource.all(of: request.resource).first(where: { $0.name == request.subresource })
        else { return .pageNotFound }
        switch (request.http.method, subresource.name) {
        case ("GET", "status"), ("HEAD", "status"):
            return try GetVerb(store: store, request: request, now: time.now).respond(name: name)
        case ("PUT", "status"):
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.update(name: name, writer)
            }
        case ("PATCH", "status"):
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.patch(name: name, writer)
            }
        case ("PUT", "finalize"):
            return try await write(request) { verbs, writer throws(APIStatus) in
                try verbs.finalizeNamespace(name: name, writer)
            }
        case ("POST", "token"):
            return try TokenVerb(store: store, request: request, now: time.now).respond(account: name)
        default: throw .methodNotAllowed
        }
    }

    /// Runs `body` on the store's writer.
    private func write(
        _ request: APIRequest,
        _ body: @escaping @Sendable (WriteVerbs, ObjectStore.Writer) throws(APIStatus) -> WriteOutcome
    ) async throws(APIStatus) -> HTTPServerResponse {
        // Bad options are refused before anything else is looked at.
        _ = try request.isDryRun
        _ = try request.fieldValidation
        let now = time.now
        let verbs = WriteVerbs(
            store: store, request: request, now: now,
            namespaces: NamespaceLifecycle(store: store, namespaced: registry.namespacedIdentities))
        do {
            return try await store.change { writer in
                try body(verbs, writer).response(to: request, now: now)
            }
        } catch let status as APIStatus {
            throw status
        } catch {
            throw .internalError("\(error)")
        }
    }
}
