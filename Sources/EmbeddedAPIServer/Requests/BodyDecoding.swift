internal import Core
internal import YAMLCoding

extension APIRequest {
    static let bodyLimits = JSONLimits(bytes: 3 << 20, depth: 100, values: 500_000)

    /// The object of the body.
    /// - Throws: 400 for text that is no object, 415 for a type that is not understood.
    func decodeBody() throws(APIStatus) -> JSONValue {
        let type = header("Content-Type").flatMap { MediaType(parsing: $0) }?.type ?? "application/json"
        var value: JSONValue
        switch type {
        case "application/json", "application/octet-stream", "application/x-www-form-urlencoded":
            value = try decodeJSON()
        case "application/yaml": value = try Self.decodeYAML(body)
        case "application/vnd.kubernetes.protobuf" where resource.hasProtobuf:
            value = try ProtobufCoding.decode(body, resource: resource)
        default:
            var accepted = ["application/json", "application/yaml"]
            if resource.hasProtobuf { accepted.append("application/vnd.kubernetes.protobuf") }
            throw .unsupportedMediaType(accepted: accepted)
        }
        try checkType(&value)
        return value
    }

    private func decodeJSON() throws(APIStatus) -> JSONValue {
        do {
            let value = try JSONValue(parsing: body, limits: Self.bodyLimits)
            guard value.objectValue != nil else {
                throw unrecognized("json: cannot unmarshal \(value.kind) into Go value of type struct")
            }
            return value
        } catch let error as JSONError {
            if error.message.hasPrefix("duplicate member '") {
                let field = error.message.dropFirst("duplicate member '".count).dropLast()
                throw .badRequest(
                    "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): strict "
                        + "decoding error: duplicate field \"\(field)\"")
            }
            throw unrecognized(
                "couldn't get version/kind; json parse error: \(GoJSONError.message(for: body) ?? error.message)")
        } catch let status as APIStatus {
            throw status
        } catch {
            throw .internalError("\(error)")
        }
    }

    private func unrecognized(_ reason: String) -> APIStatus {
        .badRequest(
            "the object provided is unrecognized (must be of type \(resource.kind)): \(reason) (\(Self.summary(body)))")
    }

    private static func summary(_ body: [UInt8]) -> String {
        guard let first = body.first else { return "<empty>" }
        guard first == UInt8(ascii: "{") else {
            let text = Hexadecimal.encode(Array(body.prefix(32)))
            return text.utf8.count > 30 ? String(text.prefix(30)) + " ..." : text
        }
        let text = String(decoding: body.prefix(30), as: UTF8.self)
        return body.count > 30 ? text + " ..." : text
    }

    static func decodeYAML(_ body: [UInt8]) throws(APIStatus) -> JSONValue {
        do {
            let value = try YAML.parseSingle(body, fileName: "request")
            guard value.objectValue != nil else { throw APIStatus.badRequest("error decoding YAML: not an object") }
            return value
        } catch let error as YAMLError {
            throw .badRequest("error decoding YAML: \(error)")
        } catch let status as APIStatus {
            throw status
        } catch {
            throw .badRequest("error decoding YAML: \(error)")
        }
    }

    /// Sees to it that the body is of the resource's type; a missing type is filled in.
    func checkType(_ value: inout JSONValue) throws(APIStatus) {
        if value["kind"] == nil, value["apiVersion"] == nil {
            guard !resource.isCustom else { throw unrecognized("Object 'Kind' is missing in '\(Self.summary(body))'") }
            value["kind"] = .string(resource.kind)
            value["apiVersion"] = .string(resource.groupVersion)
        }
        let version = value["apiVersion"]?.stringValue ?? ""
        guard version == resource.groupVersion else {
            throw .badRequest(
                "the API version in the data (\(version)) does not match the expected API version (\(resource.groupVersion))"
            )
        }
        let kind = value["kind"]?.stringValue ?? ""
        guard kind == resource.kind else {
            guard resource.isCustom else {
                throw .badRequest(
                    "\(kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): no kind "
                        + "\"\(kind)\" is registered for version \"\(version)\"")
            }
            throw .invalid(
                kind: kind, group: resource.group, name: value.member(at: "metadata", "name")?.stringValue ?? "",
                errors: [.invalid("kind", .string(kind), "must be \(resource.kind)")])
        }
    }
}
