internal import Core

/// Merging, measuring and pruning of applied configurations (structured-merge-diff `merge.Updater`).
enum FieldMerge {
    /// `applied` laid over `live`: objects and keyed lists member by member, everything else replaced.
    static func merge(_ live: JSONValue, _ applied: JSONValue, schema: Schema?) -> JSONValue {
        switch (live, applied) {
        case (.object(var before), .object(let after)):
            if schema?.topology == .atomic { return applied }
            for (name, value) in after {
                before[name] = before[name].map { merge($0, value, schema: schema?.member(name)) } ?? value
            }
            return .object(before)
        case (.array(let before), .array(let after)):
            guard let schema, let topology = ListTopology(schema) else { return applied }
            var result = before
            for value in after {
                let element = topology.element(of: value)
                if let index = result.firstIndex(where: { topology.element(of: $0) == element }) {
                    result[index] = merge(result[index], value, schema: schema.items)
                } else {
                    result.append(value)
                }
            }
            return .array(result)
        default: return applied
        }
    }

    /// The paths that an applied configuration states an opinion about.
    static func fieldSet(of value: JSONValue, schema: Schema?) -> FieldSet {
        var set = FieldSet()
        collect(value, schema: schema, path: [], into: &set)
        return set
    }

    private static func collect(_ value: JSONValue, schema: Schema?, path: [PathElement], into set: inout FieldSet) {
        switch value {
        case .object(let members) where schema?.topology != .atomic && !members.isEmpty:
            for (name, member) in members {
                let next = path + [.field(name)]
                collect(member, schema: schema?.member(name), path: next, into: &set)
                if schema?.properties[name] == nil { set.insert(next[...]) }
            }
        case .array(let elements) where !elements.isEmpty:
            guard let schema, let topology = ListTopology(schema) else { return set.insert(path[...]) }
            for element in elements {
                let next = path + [topology.element(of: element)]
                collect(element, schema: schema.items, path: next, into: &set)
                set.insert(next[...])
            }
        default:
            set.insert(path[...])
        }
    }

    /// Takes the paths of `set` out of `value`, and containers that this empties unless they are in `kept`.
    static func remove(_ set: FieldSet, keeping kept: FieldSet, from value: inout JSONValue, schema: Schema?) {
        switch value {
        case .object(var members):
            for element in set.members {
                if case .field(let name) = element, kept.children[element] == nil, set.children[element] == nil {
                    members[name] = nil
                }
            }
            for (element, child) in set.children {
                guard case .field(let name) = element, var nested = members[name] else { continue }
                remove(
                    child, keeping: kept.children[element] ?? FieldSet(), from: &nested, schema: schema?.member(name))
                members[name] = nested.isEmptyContainer && !kept.members.contains(element) ? nil : nested
            }
            value = .object(members)
        case .array(let elements):
            guard let schema, let topology = ListTopology(schema) else { return }
            value = .array(
                elements.compactMap { item in
                    let element = topology.element(of: item)
                    if set.members.contains(element), kept.children[element] == nil, !kept.members.contains(element) {
                        return nil
                    }
                    guard let child = set.children[element] else { return item }
                    var copy = item
                    remove(
                        child, keeping: kept.children[element] ?? FieldSet(), from: &copy, schema: schema.items)
                    return copy
                })
        default: return
        }
    }
}

extension JSONValue {
    fileprivate var isEmptyContainer: Bool {
        switch self {
        case .object(let members): members.isEmpty
        case .array(let elements): elements.isEmpty
        default: false
        }
    }
}
