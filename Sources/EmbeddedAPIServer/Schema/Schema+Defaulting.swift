internal import Core

extension Schema {
    /// Fills in the defaults of missing members and drops nulls of members that have a default and are not nullable.
    func applyDefaults(to value: inout JSONValue) {
        guard hasDefaults else { return }
        switch value {
        case .object(var members):
            value = .null
            for (name, schema) in properties where schema.hasDefaults {
                if members[name] == .null, !schema.isNullable, schema.defaultValue != nil { members[name] = nil }
                if members[name] == nil, let defaultValue = schema.defaultValue { members[name] = defaultValue }
                if members[name] != nil { schema.applyDefaults(to: &members[name, default: .null]) }
            }
            if let additional, additional.hasDefaults {
                for name in members.keys where properties[name] == nil {
                    additional.applyDefaults(to: &members[name, default: .null])
                }
            }
            value = .object(members)
        case .array(var elements):
            guard let items, items.hasDefaults else { return }
            value = .null
            for index in elements.indices { items.applyDefaults(to: &elements[index]) }
            value = .array(elements)
        default: return
        }
    }
}
