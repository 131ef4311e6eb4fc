internal import Core

/// An answer of kind `Status` (k8s.io/apimachinery `metav1.Status`) that ends a request.
struct APIStatus: Error {
    var code: Int
    /// Empty: no reason.
    var reason: String
    var message: String
    /// nil: no details.
    var details: JSONValue?
    var metadata: JSONValue = [:]

    /// The JSON object of the status.
    var object: JSONValue {
        var value: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": .string(message), "code": .integer(Int64(code)),
        ]
        if !reason.isEmpty { value["reason"] = .string(reason) }
        if let details { value["details"] = details }
        return value
    }

    static func details(of resource: APIResource, name: String) -> JSONValue {
        details(group: resource.group, kind: resource.plural, name: name)
    }

    static func details(group: String, kind: String, name: String) -> JSONValue {
        var value: JSONValue = [:]
        if !name.isEmpty { value["name"] = .string(name) }
        if !group.isEmpty { value["group"] = .string(group) }
        if !kind.isEmpty { value["kind"] = .string(kind) }
        return value
    }

    static func notFound(_ resource: APIResource, name: String) -> APIStatus {
        APIStatus(
            code: 404, reason: "NotFound", message: "\(resource.qualifiedName) \"\(name)\" not found",
            details: details(of: resource, name: name))
    }

    static func alreadyExists(_ resource: APIResource, name: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "AlreadyExists", message: "\(resource.qualifiedName) \"\(name)\" already exists",
            details: details(of: resource, name: name))
    }

    static func modified(_ resource: APIResource, name: String) -> APIStatus {
        conflict(
            resource, name: name,
            text: "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func conflict(_ resource: APIResource, name: String, text: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": \(text)",
            details: details(of: resource, name: name))
    }

    /// A failed precondition of a deletion: named by kind, as kube-apiserver does.
    static func failedPrecondition(_ resource: APIResource, name: String, text: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource.qualifiedKind) \"\(name)\": \(text)",
            details: details(group: resource.group, kind: resource.kind, name: name))
    }

    static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, reason: "BadRequest", message: message, details: nil)
    }

    static func forbidden(_ resource: APIResource, name: String, text: String, causes: [JSONValue] = []) -> APIStatus {
        var info = details(of: resource, name: name)
        if !causes.isEmpty { info["causes"] = .array(causes) }
        return APIStatus(
            code: 403, reason: "Forbidden",
            message: "\(resource.qualifiedName) \"\(name)\" is forbidden: \(text)", details: info)
    }

    /// 422 with one cause per error. `kind` and `group` name the kind that is invalid.
    static func invalid(kind: String, group: String, name: String, errors: [FieldError]) -> APIStatus {
        let qualified = group.isEmpty ? kind : "\(kind).\(group)"
        var info = details(group: group, kind: kind, name: name)
        info["causes"] = .array(
            errors.map { error in
                [
                    "reason": .string(error.kind.rawValue), "message": .string(error.detail),
                    "field": .string(error.field),
                ]
            })
        let list = errors.map(\.message)
        let text = list.count == 1 ? list[0] : "[" + list.joined(separator: ", ") + "]"
        return APIStatus(
            code: 422, reason: "Invalid", message: "\(qualified) \"\(name)\" is invalid: \(text)", details: info)
    }

    static func unsupportedMediaType(accepted: [String]) -> APIStatus {
        APIStatus(
            code: 415, reason: "UnsupportedMediaType",
            message:
                "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", "), details: nil)
    }

    static func notAcceptable(_ accepted: [String]) -> APIStatus {
        APIStatus(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: " + accepted.joined(separator: ", "), details: nil)
    }

    static let methodNotAllowed = APIStatus(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: [:])

    static func tooLarge(_ message: String) -> APIStatus {
        APIStatus(code: 413, reason: "RequestEntityTooLarge", message: message, details: nil)
    }

    static func internalError(_ message: String) -> APIStatus {
        APIStatus(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(message)",
            details: ["causes": [["message": .string(message)]]])
    }

    static func expired(_ message: String) -> APIStatus {
        APIStatus(code: 410, reason: "Expired", message: message, details: nil)
    }

    /// 504: the client asked for a version that does not exist yet.
    static func tooLargeResourceVersion(_ wanted: UInt64, current: UInt64) -> APIStatus {
        APIStatus(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(wanted), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }
}
