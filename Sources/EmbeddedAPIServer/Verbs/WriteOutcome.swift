internal import Core
internal import HTTPServing

/// What came of a request that changes objects.
struct WriteOutcome: Sendable {
    enum Content: Sendable {
        case stored(StoredObject)
        /// An object that is not stored (dry runs, subresources), in the request's version.
        case value(JSONValue)
        /// A success without an object.
        case success(JSONValue)
    }

    var status = 200
    let content: Content
    var warnings: [String] = []

    func response(to request: APIRequest, now: Timestamp) throws(APIStatus) -> HTTPServerResponse {
        let writer = ObjectResponse(request: request, now: now)
        var response: HTTPServerResponse
        switch content {
        case .stored(let object): response = try writer.make(object, status: status)
        case .value(let value): response = try writer.make(value, status: status)
        case .success(let value):
            if try request.representation == .object(.protobuf) {
                response = .json(
                    status, ProtobufCoding.encode(value, schema: BuiltInSchemas.status),
                    headers: ["Content-Type": "application/vnd.kubernetes.protobuf"])
            } else {
                response = .json(status, value)
            }
        }
        response.addWarnings(warnings)
        return response
    }
}
