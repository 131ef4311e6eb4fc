package import Core

/// Reads the members of one JSON object; every fault names the member. A member that is `null` counts as missing, as in
/// Kubernetes. Unknown members are ignored.
package struct FieldReader {
    private let members: [String: JSONValue]

    /// A reader over `value`.
    /// - Throws: `ObjectDecodingError` if it is no object.
    package init(_ value: JSONValue) throws(ObjectDecodingError) {
        guard case .object(let members) = value else {
            throw ObjectDecodingError(message: "must be an object, not \(value.kind)")
        }
        self.members = members
    }

    /// The whole object.
    package var json: JSONValue { .object(members) }

    private func member(_ name: String) -> JSONValue? {
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    private static func missing(_ name: String) -> ObjectDecodingError {
        ObjectDecodingError(path: name, message: "is required")
    }

    private static func wrongKind(_ name: String, _ expected: String, _ value: JSONValue) -> ObjectDecodingError {
        ObjectDecodingError(path: name, message: "must be \(expected), not \(value.kind)")
    }

    /// The string called `name`, or nil if it is missing.
    package func optionalString(_ name: String) throws(ObjectDecodingError) -> String? {
        guard let value = member(name) else { return nil }
        guard case .string(let text) = value else { throw Self.wrongKind(name, "a string", value) }
        return text
    }

    /// The string called `name`.
    package func string(_ name: String) throws(ObjectDecodingError) -> String {
        guard let text = try optionalString(name) else { throw Self.missing(name) }
        return text
    }

    /// The string called `name`, or `""` if it is missing.
    package func stringOrEmpty(_ name: String) throws(ObjectDecodingError) -> String {
        try optionalString(name) ?? ""
    }

    /// The boolean called `name`; a missing one is false.
    package func bool(_ name: String) throws(ObjectDecodingError) -> Bool {
        guard let value = member(name) else { return false }
        guard case .bool(let flag) = value else { throw Self.wrongKind(name, "a boolean", value) }
        return flag
    }

    /// The integer called `name`, or nil if it is missing.
    package func optionalInteger(_ name: String) throws(ObjectDecodingError) -> Int64? {
        guard let value = member(name) else { return nil }
        guard case .integer(let number) = value else { throw Self.wrongKind(name, "an integer", value) }
        return number
    }

    /// The RFC 3339 time called `name`, or nil if it is missing.
    package func optionalTime(_ name: String) throws(ObjectDecodingError) -> Timestamp? {
        guard let text = try optionalString(name) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw ObjectDecodingError(path: name, message: "must be an RFC 3339 time")
        }
        return time
    }

    /// The Go duration called `name`, or nil if it is missing.
    package func optionalDuration(_ name: String) throws(ObjectDecodingError) -> Duration? {
        guard let text = try optionalString(name) else { return nil }
        do throws(GoDuration.ParsingError) {
            return try GoDuration(parsing: text).duration
        } catch {
            // API servers check only the form. An object that cannot be read could not even be deleted.
            if error.isOutOfRange, !text.hasPrefix("-") { return .nanoseconds(Int64.max) }
            throw ObjectDecodingError(path: name, message: "\(error)")
        }
    }

    /// The member called `name` as one of the raw values of an enumeration, or nil if it is missing or empty.
    package func optionalChoice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) throws(ObjectDecodingError) -> Choice? where Choice.RawValue == String {
        guard let text = try optionalString(name), !text.isEmpty else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw ObjectDecodingError(path: name, message: "must be one of \(names)")
        }
        return choice
    }

    /// The map of strings called `name`; a missing one is empty.
    package func stringMap(_ name: String) throws(ObjectDecodingError) -> [String: String] {
        guard let value = member(name) else { return [:] }
        guard case .object(let object) = value else { throw Self.wrongKind(name, "an object", value) }
        guard !object.isEmpty else { return [:] }
        var map: [String: String] = [:]
        map.reserveCapacity(object.count)
        for (key, value) in object {
            guard case .string(let text) = value else { throw Self.wrongKind("\(name)[\(key)]", "a string", value) }
            map[key] = text
        }
        return map
    }

    /// The list of strings called `name`; a missing one is empty.
    package func strings(_ name: String) throws(ObjectDecodingError) -> [String] {
        try values(name).enumerated().map { index, value throws(ObjectDecodingError) in
            guard case .string(let text) = value else { throw Self.wrongKind("\(name)[\(index)]", "a string", value) }
            return text
        }
    }

    /// The elements of the list called `name`; a missing one is empty.
    package func values(_ name: String) throws(ObjectDecodingError) -> [JSONValue] {
        guard let value = member(name) else { return [] }
        guard case .array(let elements) = value else { throw Self.wrongKind(name, "a list", value) }
        return elements
    }

    /// What `build` makes of the object called `name`, or nil if it is missing.
    package func optionalObject<Result>(
        _ name: String, _ build: (FieldReader) throws(ObjectDecodingError) -> Result
    ) throws(ObjectDecodingError) -> Result? {
        guard let value = member(name) else { return nil }
        do throws(ObjectDecodingError) {
            return try build(try FieldReader(value))
        } catch {
            throw error.inside(name)
        }
    }

    /// What `build` makes of the object called `name`.
    package func object<Result>(
        _ name: String, _ build: (FieldReader) throws(ObjectDecodingError) -> Result
    ) throws(ObjectDecodingError) -> Result {
        guard let result = try optionalObject(name, build) else { throw Self.missing(name) }
        return result
    }

    /// What `build` makes of each object of the list called `name`; a missing list is empty.
    package func objects<Result>(
        _ name: String, _ build: (FieldReader) throws(ObjectDecodingError) -> Result
    ) throws(ObjectDecodingError) -> [Result] {
        var results: [Result] = []
        for (index, value) in try values(name).enumerated() {
            do throws(ObjectDecodingError) {
                results.append(try build(try FieldReader(value)))
            } catch {
                throw error.inside(index: index).inside(name)
            }
        }
        return results
    }
}
