package import Core

/// What the API server answers when there is no object to answer with, above all for failures (meta/v1 Status).
package struct Status: Sendable, Hashable {
    /// One of several causes of a failure.
    package struct Cause: Sendable, Hashable {
        /// A word for programs, such as `FieldValueInvalid`.
        package var reason: String
        package var message: String
        /// The field at fault, such as `spec.interval`; empty if none.
        package var field: String

        /// A cause from its parts.
        package init(reason: String, message: String, field: String = "") {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// What a failure is about.
    package struct Details: Sendable, Hashable {
        package var name: String
        package var group: String
        package var kind: String
        package var uid: String
        package var causes: [Cause]
        /// How long the client should wait before the next try; 0 if nothing was said.
        package var retryAfterSeconds: Int64

        /// Details from their parts.
        package init(
            name: String = "", group: String = "", kind: String = "", uid: String = "", causes: [Cause] = [],
            retryAfterSeconds: Int64 = 0
        ) {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
            self.causes = causes
            self.retryAfterSeconds = retryAfterSeconds
        }
    }

    package var isSuccess: Bool
    package var message: String
    /// A word for programs, such as `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `Invalid`.
    package var reason: String
    /// The HTTP status code.
    package var code: Int
    package var details: Details?

    /// A status from its parts.
    package init(isSuccess: Bool = false, message: String, reason: String, code: Int, details: Details? = nil) {
        self.isSuccess = isSuccess
        self.message = message
        self.reason = reason
        self.code = code
        self.details = details
    }

    /// Reads a `Status` object.
    /// - Throws: `ObjectDecodingError` if its kind is another or a field does not fit.
    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        guard try reader.stringOrEmpty("kind") == "Status" else {
            throw ObjectDecodingError(path: "kind", message: "must be 'Status'")
        }
        self.init(
            isSuccess: try reader.stringOrEmpty("status") == "Success", message: try reader.stringOrEmpty("message"),
            reason: try reader.stringOrEmpty("reason"),
            code: Int(clamping: try reader.optionalInteger("code") ?? 0),
            details: try reader.optionalObject("details", Details.init))
    }

    /// The JSON object, as kube-apiserver writes it.
    package var json: JSONValue {
        var value: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": isSuccess ? "Success" : "Failure",
        ]
        if !message.isEmpty { value["message"] = .string(message) }
        if !reason.isEmpty { value["reason"] = .string(reason) }
        if let details { value["details"] = details.json }
        if code != 0 { value["code"] = .integer(Int64(code)) }
        return value
    }
}

extension Status.Details {
    fileprivate init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            name: try reader.stringOrEmpty("name"), group: try reader.stringOrEmpty("group"),
            kind: try reader.stringOrEmpty("kind"), uid: try reader.stringOrEmpty("uid"),
            causes: try reader.objects("causes") { cause throws(ObjectDecodingError) in
                Status.Cause(
                    reason: try cause.stringOrEmpty("reason"), message: try cause.stringOrEmpty("message"),
                    field: try cause.stringOrEmpty("field"))
            },
            retryAfterSeconds: try reader.optionalInteger("retryAfterSeconds") ?? 0)
    }

    fileprivate var json: JSONValue {
        var value: JSONValue = [:]
        for (key, text) in [("name", name), ("group", group), ("kind", kind), ("uid", uid)] where !text.isEmpty {
            value[key] = .string(text)
        }
        if !causes.isEmpty {
            value["causes"] = .array(
                causes.map { cause in
                    var json: JSONValue = [:]
                    if !cause.reason.isEmpty { json["reason"] = .string(cause.reason) }
                    if !cause.message.isEmpty { json["message"] = .string(cause.message) }
                    if !cause.field.isEmpty { json["field"] = .string(cause.field) }
                    return json
                })
        }
        if retryAfterSeconds != 0 { value["retryAfterSeconds"] = .integer(retryAfterSeconds) }
        return value
    }
}
