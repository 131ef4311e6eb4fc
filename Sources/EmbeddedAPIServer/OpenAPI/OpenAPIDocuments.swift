internal import Core
internal import HTTPServing

/// The OpenAPI documents of the server.
struct OpenAPIDocuments: Sendable {
    let registry: ResourceRegistry

    func respond(to request: HTTPServerRequest, path: [String]) -> HTTPServerResponse? { nil }
}
