internal import Core
internal import HTTPServing

/// The OpenAPI documents of the server: one of version 2 for everything, one of version 3 per group version.
///
/// Documents are made when they are asked for and not kept: they are large, and clients keep them by their entity tags.
struct OpenAPIDocuments: Sendable {
    let registry: ResourceRegistry
    private let hashes = Locked<[String: String]>([:])

    init(registry: ResourceRegistry) { self.registry = registry }

    private static let binaryType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    func respond(to request: HTTPServerRequest, path: [String]) -> HTTPServerResponse? {
        switch (path.count, path.count > 1 ? path[1] : "") {
        case (2, "v2"): return version2(request)
        case (2, "v3"): return index()
        case (3..., "v3"): return version3(request, name: path.dropFirst(2).joined(separator: "/"))
        default: return nil
        }
    }

    // MARK: Version 3

    /// `api/v1`, `apis/<group>/<version>`, each with its group and version.
    private var names: [(name: String, group: String, version: String)] {
        ([""] + registry.groups).flatMap { group in
            registry.versions(of: group).map { version in
                (group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)", group, version)
            }
        }
    }

    private func index() -> HTTPServerResponse {
        var paths: JSONValue = [:]
        for (name, group, version) in names {
            let hash = hash(of: name) { document3(group: group, version: version) }
            paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)?hash=\(hash)")]
        }
        // As kube-apiserver has it, JSON that says it is text.
        return .json(
            200, (["paths": paths] as JSONValue).serialized(),
            headers: ["Content-Type": "text/plain; charset=utf-8"])
    }

    private func version3(_ request: HTTPServerRequest, name: String) -> HTTPServerResponse? {
        guard let (_, group, version) = names.first(where: { $0.name == name }) else { return nil }
        let hash = hash(of: name) { document3(group: group, version: version) }
        var headers: HTTPFields = [:]
        if let wanted = QueryParameters(request.query)["hash"] {
            guard wanted == hash else {
                return HTTPServerResponse(
                    status: 301, headers: ["Location": "/openapi/v3/\(name)?hash=\(hash)"])
            }
            headers["Cache-Control"] = "public, immutable"
        }
        if let known = request.headers["If-None-Match"], known.contains(hash) {
            return ETag.respond(to: request, bytes: [], hash: hash, contentType: "", headers: headers)
        }
        return ETag.respond(
            to: request, bytes: document3(group: group, version: version), hash: hash,
            contentType: "application/json", headers: headers)
    }

    private func document3(group: String, version: String) -> [UInt8] {
        let writer = OpenAPISchemaWriter(dialect: .v3)
        var schemas = writer.common
        var paths: [String: JSONValue] = [:]
        for resource in registry.resources(group: group, version: version) {
            schemas.merge(writer.schemas(of: resource)) { _, new in new }
            paths.merge(OpenAPIPaths(dialect: .v3).paths(of: resource)) { _, new in new }
        }
        let document: JSONValue = [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.0+embedded"],
            "paths": .object(paths), "components": ["schemas": .object(schemas)],
        ]
        return document.serialized()
    }

    // MARK: Version 2

    private func version2(_ request: HTTPServerRequest) -> HTTPServerResponse {
        let clauses = MediaType.accepted(request.headers["Accept"])
        let isBinary = clauses.first.map { $0.type.hasPrefix("application/com.github.proto-openapi.spec.v2") } ?? false
        let type = isBinary ? Self.binaryType : "application/json"
        let hash = hash(of: type) { document2(isBinary: isBinary) }
        if let known = request.headers["If-None-Match"], known.contains(hash) {
            return ETag.respond(to: request, bytes: [], hash: hash, contentType: "")
        }
        return ETag.respond(to: request, bytes: document2(isBinary: isBinary), hash: hash, contentType: type)
    }

    private func document2(isBinary: Bool) -> [UInt8] {
        let writer = OpenAPISchemaWriter(dialect: .v2)
        var definitions = writer.common
        var paths: [String: JSONValue] = [:]
        for resource in registry.resources {
            definitions.merge(writer.schemas(of: resource)) { _, new in new }
            paths.merge(OpenAPIPaths(dialect: .v2).paths(of: resource)) { _, new in new }
        }
        let document: JSONValue = [
            "swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1.36.0+embedded"],
            "paths": .object(paths), "definitions": .object(definitions),
        ]
        return isBinary ? GnosticCoding.encode(document) : document.serialized()
    }

    private func hash(of name: String, _ make: () -> [UInt8]) -> String {
        if let known = hashes.withLock({ $0[name] }) { return known }
        let hash = ETag.hash(make())
        hashes.withLock { $0[name] = hash }
        return hash
    }
}
