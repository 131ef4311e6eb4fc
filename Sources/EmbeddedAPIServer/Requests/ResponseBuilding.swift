internal import Core
internal import HTTPServing
internal import YAMLCoding

extension HTTPServerResponse {
    static func json(_ status: Int, _ bytes: [UInt8], headers: HTTPFields = [:]) -> HTTPServerResponse {
        var fields = headers
        fields["Content-Type"] = fields["Content-Type"] ?? "application/json"
        fields["Cache-Control"] = fields["Cache-Control"] ?? "no-cache, private"
        return HTTPServerResponse(status: status, headers: fields, body: .bytes(bytes))
    }

    static func json(_ status: Int, _ value: JSONValue, headers: HTTPFields = [:]) -> HTTPServerResponse {
        .json(status, value.serialized(), headers: headers)
    }

    static func status(_ status: APIStatus) -> HTTPServerResponse {
        var response = HTTPServerResponse.json(status.code, status.object)
        if let seconds = status.details?["retryAfterSeconds"]?.integerValue {
            response.headers["Retry-After"] = String(seconds)
        }
        return response
    }

    static let pageNotFound = HTTPServerResponse.text(404, "404 page not found")

    /// Adds one `Warning` header per text (RFC 7234, section 5.5, as kube-apiserver words it).
    mutating func addWarnings(_ texts: [String]) {
        for text in texts.prefix(64) {
            var quoted = ""
            for scalar in text.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7f {
                if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
                quoted.unicodeScalars.append(scalar)
            }
            headers.append("Warning", "299 - \"\(quoted)\"")
        }
    }
}

/// Writes single objects in the form a client asked for.
struct ObjectResponse {
    let request: APIRequest
    let now: Timestamp

    func make(_ object: StoredObject, status: Int) throws(APIStatus) -> HTTPServerResponse {
        let resource = request.resource
        if case .object(.json) = try request.representation { return .json(status, resource.bytes(of: object)) }
        return try make(resource.value(of: object), status: status)
    }

    func make(_ value: JSONValue, status: Int) throws(APIStatus) -> HTTPServerResponse {
        switch try request.representation {
        case .object(.json): return .json(status, value)
        case .object(.yaml):
            return .json(
                status, [UInt8](YAML.serialize(value).utf8), headers: ["Content-Type": "application/yaml"])
        case .object(.protobuf):
            return .json(
                status, ProtobufCoding.encode(value, schema: request.resource.schema),
                headers: ["Content-Type": "application/vnd.kubernetes.protobuf"])
        case .table(let version):
            let table = TableBuilder(
                resource: request.resource, version: version, now: now,
                included: try TableBuilder.Included(request.query["includeObject"]))
            return .json(
                status,
                table.table(
                    of: [value],
                    metadata: ["resourceVersion": value.member(at: "metadata", "resourceVersion") ?? ""]))
        case .metadata(let version):
            return .json(status, TableBuilder.partialMetadata(of: value, version: version))
        }
    }
}
