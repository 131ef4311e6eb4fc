internal import Core

/// A patch as a request carries it.
enum Patch: Sendable {
    case json(JSONValue)
    case merge(JSONValue)
    case strategic(JSONValue)
    case apply(JSONValue)

    /// What a patched object may take; less deep than what is read, so that what is stored can be read again.
    private static let sizeLimit = 3 << 20
    private static let depthLimit = 90

    /// Reads the body by its content type.
    /// - Throws: 415 for another type, 400 for a body that is no patch.
    init(_ request: APIRequest) throws(APIStatus) {
        let type = request.header("Content-Type").flatMap { MediaType(parsing: $0) }?.type ?? ""
        switch type {
        case "application/json-patch+json":
            let value = try Self.parse(request.body)
            guard let operations = value.arrayValue else {
                throw .badRequest("json: cannot unmarshal \(value.kind) into Go value of type jsonpatch.Patch")
            }
            guard operations.count <= 10_000 else {
                throw .tooLarge(
                    "The allowed maximum operations in a JSON patch is 10000, got \(operations.count)")
            }
            self = .json(value)
        case "application/merge-patch+json": self = .merge(try Self.parseObject(request.body))
        case "application/strategic-merge-patch+json" where !request.resource.isCustom:
            self = .strategic(try Self.parseObject(request.body))
        case "application/apply-patch+yaml", "application/apply-patch+json":
            var value = try APIRequest.decodeYAML(request.body)
            try request.checkType(&value)
            self = .apply(value)
        default:
            var accepted = ["application/json-patch+json", "application/merge-patch+json"]
            if !request.resource.isCustom { accepted.append("application/strategic-merge-patch+json") }
            throw .unsupportedMediaType(accepted: accepted + ["application/apply-patch+yaml"])
        }
    }

    /// The object that the patch makes of `value` (server-side apply excepted).
    func applied(to value: JSONValue, schema: Schema) throws(APIStatus) -> JSONValue {
        switch self {
        case .json(let operations):
            var result = value
            for operation in operations.arrayValue ?? [] {
                do {
                    result = try result.applying(jsonPatch: [operation])
                } catch {
                    throw APIStatus(
                        code: 422, reason: "Invalid",
                        message: "the server rejected our request due to an error in our request", details: [:])
                }
                // Every operation can double what there is, so each is looked at.
                guard
                    operation["op"] == "remove" || operation["op"] == "test"
                        || result.isWithin(
                            bytes: Self.sizeLimit, depth: Self.depthLimit)
                else { throw .tooLarge("the patched object would be too large or too deeply nested") }
            }
            return result
        case .merge(let patch): return value.merging(patch: patch)
        case .strategic(let patch): return try StrategicMergePatch.apply(patch, to: value, schema: schema)
        case .apply: return value
        }
    }

    private static func parse(_ body: [UInt8]) throws(APIStatus) -> JSONValue {
        do {
            return try JSONValue(parsing: body, limits: APIRequest.bodyLimits)
        } catch {
            throw .badRequest(
                "error decoding patch: " + (GoJSONError.message(for: body) ?? error.message))
        }
    }

    private static func parseObject(_ body: [UInt8]) throws(APIStatus) -> JSONValue {
        let value = try parse(body)
        guard value.objectValue != nil else {
            throw .badRequest("json: cannot unmarshal \(value.kind) into Go value of type map[string]interface {}")
        }
        return value
    }
}
