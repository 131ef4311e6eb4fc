internal import Core

/// One error about one field of an object, worded as k8s.io/apimachinery's `field.Error`.
struct FieldError: Error, Hashable {
    enum Kind: String {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case duplicate = "FieldValueDuplicate"
    }

    let kind: Kind
    /// Path such as `spec.tags[0]`.
    let field: String
    /// The text without the path: `Invalid value: "x": ...`.
    let detail: String

    var message: String { field.isEmpty ? detail : "\(field): \(detail)" }

    static func required(_ field: String, _ text: String = "") -> FieldError {
        FieldError(kind: .required, field: field, detail: text.isEmpty ? "Required value" : "Required value: \(text)")
    }

    static func invalid(_ field: String, _ value: JSONValue, _ text: String) -> FieldError {
        FieldError(kind: .invalid, field: field, detail: "Invalid value: \(quoted(value)): \(text)")
    }

    static func typeInvalid(_ field: String, _ value: JSONValue, _ text: String) -> FieldError {
        FieldError(kind: .typeInvalid, field: field, detail: "Invalid value: \(quoted(value)): \(text)")
    }

    static func notSupported(_ field: String, _ value: JSONValue, _ supported: [JSONValue]) -> FieldError {
        let list = supported.map(quoted).joined(separator: ", ")
        return FieldError(
            kind: .notSupported, field: field, detail: "Unsupported value: \(quoted(value)): supported values: \(list)")
    }

    static func forbidden(_ field: String, _ text: String) -> FieldError {
        FieldError(kind: .forbidden, field: field, detail: "Forbidden: \(text)")
    }

    static func tooLong(_ field: String, limit: Int) -> FieldError {
        FieldError(kind: .tooLong, field: field, detail: "Too long: may not be more than \(limit) bytes")
    }

    static func tooMany(_ field: String, count: Int, limit: Int) -> FieldError {
        FieldError(kind: .tooMany, field: field, detail: "Too many: \(count): must have at most \(limit) items")
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(kind: .duplicate, field: field, detail: "Duplicate value: \(quoted(value))")
    }

    private static func quoted(_ value: JSONValue) -> String {
        let text = value.text()
        return text.utf8.count <= 4096 ? text : String(decoding: text.utf8.prefix(4096), as: UTF8.self) + "..."
    }
}
