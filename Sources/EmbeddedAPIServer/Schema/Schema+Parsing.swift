internal import Core
internal import RegularExpressions

extension Schema {
    /// Reads the `openAPIV3Schema` of a CRD version.
    /// - Throws: `SchemaError` that names the place and what is wrong there.
    convenience init(parsing value: JSONValue, path: String = "openAPIV3Schema", depth: Int = 0) throws(SchemaError) {
        guard depth < 64 else { throw SchemaError(path: path, message: "more than 64 nested schemas") }
        guard let members = value.objectValue else { throw SchemaError(path: path, message: "not an object") }
        var type: ValueType?
        if let text = members["type"]?.stringValue {
            guard let known = ValueType(rawValue: text) else {
                throw SchemaError(path: path, message: "unknown type '\(text)'")
            }
            type = known
        }
        var properties: [String: Schema] = [:]
        for (name, member) in members["properties"]?.objectValue ?? [:] {
            properties[name] = try Schema(parsing: member, path: "\(path).\(name)", depth: depth + 1)
        }
        var additional: Schema?
        if let member = members["additionalProperties"], member.objectValue != nil {
            additional = try Schema(parsing: member, path: "\(path).*", depth: depth + 1)
        }
        var items: Schema?
        if let member = members["items"] {
            items = try Schema(parsing: member, path: "\(path)[]", depth: depth + 1)
        }
        self.init(
            type: type, description: members["description"]?.stringValue ?? "", properties: properties,
            required: (members["required"]?.arrayValue ?? []).compactMap(\.stringValue), additional: additional,
            items: items, restrictions: try Self.restrictions(members, path: path),
            isNullable: members["nullable"]?.boolValue ?? false, defaultValue: members["default"],
            preservesUnknownFields: members["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false,
            isIntegerOrString: members["x-kubernetes-int-or-string"]?.boolValue ?? false,
            topology: Self.topology(members, type: type))
    }

    private static func topology(_ members: [String: JSONValue], type: ValueType?) -> Topology {
        if type == .array {
            switch members["x-kubernetes-list-type"]?.stringValue {
            case "set": return .set
            case "map":
                return .keyed((members["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue))
            default: return .atomic
            }
        }
        return members["x-kubernetes-map-type"]?.stringValue == "atomic" ? .atomic : .granular
    }

    private static func restrictions(
        _ members: [String: JSONValue], path: String
    ) throws(SchemaError) -> Restrictions {
        var result = Restrictions()
        result.format = members["format"]?.stringValue
        result.enumeration = members["enum"]?.arrayValue ?? []
        if let pattern = members["pattern"]?.stringValue {
            do {
                result.pattern = try RegularExpression(pattern)
            } catch {
                throw SchemaError(path: path, message: "pattern '\(pattern)': \(error.description)")
            }
        }
        result.minimum = members["minimum"]?.numberValue
        result.maximum = members["maximum"]?.numberValue
        result.exclusiveMinimum = members["exclusiveMinimum"]?.boolValue ?? false
        result.exclusiveMaximum = members["exclusiveMaximum"]?.boolValue ?? false
        result.multipleOf = members["multipleOf"]?.numberValue
        result.minimumLength = members["minLength"]?.count
        result.maximumLength = members["maxLength"]?.count
        result.minimumItems = members["minItems"]?.count
        result.maximumItems = members["maxItems"]?.count
        result.minimumProperties = members["minProperties"]?.count
        result.maximumProperties = members["maxProperties"]?.count
        return result
    }
}

/// What is wrong with a schema, and where.
struct SchemaError: Error {
    let path: String
    let message: String
}

extension JSONValue {
    /// The value of an integer or double as a double.
    var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    fileprivate var count: Int? { integerValue.flatMap(Int.init(exactly:)) }
}
