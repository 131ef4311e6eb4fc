internal import Core

extension Schema {
    /// Brings an object of a built-in kind into the form in which a typed server serialises it: members without value are
    /// left out, structs that are no pointers are always there.
    func normalize(_ value: inout JSONValue) {
        switch value {
        case .object(var members):
            value = .null
            for field in wireFields {
                guard let schema = properties[field.name] else { continue }
                guard var member = members[field.name], !member.isNull else {
                    members[field.name] =
                        field.isAlwaysWritten && field.encoding == .message && !field.isRepeated
                        ? schema.normalized([:]) : nil
                    continue
                }
                if member.isContainer { schema.normalize(&member) }
                members[field.name] = Self.isDropped(member, field) ? nil : member
            }
            value = .object(members)
        case .array(var elements):
            guard let items, !items.wireFields.isEmpty else { return }
            value = .null
            for index in elements.indices { items.normalize(&elements[index]) }
            value = .array(elements)
        default: return
        }
    }

    private func normalized(_ value: JSONValue) -> JSONValue {
        var copy = value
        normalize(&copy)
        return copy
    }

    private static func isDropped(_ value: JSONValue, _ field: WireField) -> Bool {
        switch value {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty && field.encoding != .message && field.encoding != .fields
        case .string(let text): text.isEmpty && field.isAlwaysWritten
        case .integer(let number): number == 0 && field.isAlwaysWritten
        default: false
        }
    }
}
