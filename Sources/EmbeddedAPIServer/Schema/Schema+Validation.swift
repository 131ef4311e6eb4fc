internal import Core
internal import RegularExpressions

extension Schema {
    /// Checks `value` and adds what is wrong with it to `errors`, worded as kube-apiserver does.
    /// - Parameters:
    ///   - field: The path that an error is reported for.
    ///   - name: The path as the message's text has it (relative for the status subresource).
    func validate(_ value: JSONValue, field: String, name: String, errors: inout [FieldError]) {
        guard errors.count < 100 else { return }
        if value.isNull {
            if isNullable || type == nil { return }
            errors.append(typeMismatch(field: field, name: name, actual: "null"))
            return
        }
        guard hasExpectedType(value) else {
            errors.append(typeMismatch(field: field, name: name, actual: value.schemaTypeName))
            return
        }
        switch value {
        case .object(let members): validateObject(members, field: field, name: name, errors: &errors)
        case .array(let elements): validateArray(elements, field: field, name: name, errors: &errors)
        case .string(let text): validateString(text, field: field, name: name, errors: &errors)
        case .integer, .double: validateNumber(value, field: field, name: name, errors: &errors)
        default: break
        }
        if !restrictions.enumeration.isEmpty, !restrictions.enumeration.contains(value) {
            errors.append(.notSupported(field, value, restrictions.enumeration))
        }
    }

    private func hasExpectedType(_ value: JSONValue) -> Bool {
        if isIntegerOrString {
            return value.stringValue != nil || value.integerValue != nil
        }
        switch (type, value) {
        case (nil, _), (.object, .object), (.array, .array), (.string, .string), (.integer, .integer),
            (.number, .integer), (.number, .double), (.boolean, .bool):
            return true
        case (.integer, .double(let number)): return number == number.rounded()
        default: return false
        }
    }

    private func typeMismatch(field: String, name: String, actual: String) -> FieldError {
        .typeInvalid(
            field, .string(actual),
            "\(name) in body must be of type \(type?.rawValue ?? "string"): \"\(actual)\"")
    }

    private func validateObject(
        _ members: [String: JSONValue], field: String, name: String, errors: inout [FieldError]
    ) {
        for key in required where members[key] == nil {
            errors.append(.required(field.isEmpty ? key : "\(field).\(key)"))
        }
        if let limit = restrictions.maximumProperties, members.count > limit {
            errors.append(.tooMany(field, count: members.count, limit: limit))
        }
        if let limit = restrictions.minimumProperties, members.count < limit {
            errors.append(
                .invalid(field, .object(members), "\(name) in body should have at least \(limit) properties"))
        }
        guard !properties.isEmpty || additional != nil else { return }
        for key in members.keys.sorted() {
            guard let schema = member(key), let child = members[key] else { continue }
            schema.validate(
                child, field: field.isEmpty ? key : "\(field).\(key)", name: name.isEmpty ? key : "\(name).\(key)",
                errors: &errors)
        }
    }

    private func validateArray(_ elements: [JSONValue], field: String, name: String, errors: inout [FieldError]) {
        if let limit = restrictions.maximumItems, elements.count > limit {
            errors.append(.tooMany(field, count: elements.count, limit: limit))
        }
        if let limit = restrictions.minimumItems, elements.count < limit {
            errors.append(
                .invalid(
                    field, .integer(Int64(elements.count)), "\(name) in body should have at least \(limit) items"))
        }
        if let items {
            for (index, element) in elements.enumerated() {
                items.validate(
                    element, field: "\(field)[\(index)]", name: "\(name)[\(index)]", errors: &errors)
            }
        }
        validateUniqueness(elements, field: field, errors: &errors)
    }

    private func validateUniqueness(_ elements: [JSONValue], field: String, errors: inout [FieldError]) {
        var seen: Set<JSONValue> = []
        for (index, element) in elements.enumerated() {
            let identity: JSONValue
            switch topology {
            case .set: identity = element
            case .keyed(let keys): identity = element.projected(to: keys)
            default: return
            }
            if !seen.insert(identity).inserted { errors.append(.duplicate("\(field)[\(index)]", identity)) }
        }
    }

    private func validateString(_ text: String, field: String, name: String, errors: inout [FieldError]) {
        let value = JSONValue.string(text)
        if restrictions.minimumLength != nil || restrictions.maximumLength != nil {
            let length = text.unicodeScalars.count
            if let limit = restrictions.maximumLength, length > limit { errors.append(.tooLong(field, limit: limit)) }
            if let limit = restrictions.minimumLength, length < limit {
                errors.append(.invalid(field, value, "\(name) in body should be at least \(limit) chars long"))
            }
        }
        if let pattern = restrictions.pattern, !pattern.matches(anywhereIn: text) {
            errors.append(.invalid(field, value, "\(name) in body should match '\(pattern.pattern)'"))
        }
        if let format = restrictions.format, type == .string, !StringFormat.accepts(text, format: format) {
            errors.append(
                .typeInvalid(field, value, "\(name) in body must be of type \(format): \"\(text.prefix(256))\""))
        }
    }

    private func validateNumber(_ value: JSONValue, field: String, name: String, errors: inout [FieldError]) {
        guard let number = value.numberValue else { return }
        if let limit = restrictions.maximum,
            restrictions.exclusiveMaximum ? number >= limit : number > limit
        {
            let words = restrictions.exclusiveMaximum ? "less than" : "less than or equal to"
            errors.append(
                .invalid(field, value, "\(name) in body should be \(words) \(JSONValue.double(limit).text())"))
        }
        if let limit = restrictions.minimum,
            restrictions.exclusiveMinimum ? number <= limit : number < limit
        {
            let words = restrictions.exclusiveMinimum ? "greater than" : "greater than or equal to"
            errors.append(
                .invalid(field, value, "\(name) in body should be \(words) \(JSONValue.double(limit).text())"))
        }
        if let factor = restrictions.multipleOf, factor != 0,
            number.truncatingRemainder(dividingBy: factor) != 0
        {
            errors.append(
                .invalid(
                    field, value, "\(name) in body should be a multiple of \(JSONValue.double(factor).text())"))
        }
        if restrictions.format == "int32", let whole = value.integerValue, Int32(exactly: whole) == nil {
            errors.append(.typeInvalid(field, value, "\(name) in body must be of type int32: \"\(whole)\""))
        }
    }
}

extension JSONValue {
    /// The OpenAPI name of the value's type, as kube-apiserver's messages have it.
    var schemaTypeName: String {
        switch self {
        case .double: "number"
        default: kind
        }
    }

    /// The object with only the given members.
    func projected(to keys: [String]) -> JSONValue {
        var result: [String: JSONValue] = [:]
        for key in keys { result[key] = self[key] }
        return .object(result)
    }
}
