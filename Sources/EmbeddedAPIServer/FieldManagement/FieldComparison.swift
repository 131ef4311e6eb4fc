internal import Core

/// What differs between two states of an object, field by field (structured-merge-diff `typed.Comparison`).
struct FieldComparison {
    var added = FieldSet()
    var modified = FieldSet()
    var removed = FieldSet()

    init() {}

    init(_ old: JSONValue?, _ new: JSONValue?, schema: Schema?) {
        var path: [PathElement] = []
        compare(old, new, schema: schema, path: &path)
    }

    /// Whether nothing differs.
    var isSame: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

    /// Leaves out what an endpoint may not change and what nobody owns.
    mutating func restrict(to scope: FieldScope) {
        added.restrict(to: scope)
        modified.restrict(to: scope)
        removed.restrict(to: scope)
    }

    private mutating func compare(_ old: JSONValue?, _ new: JSONValue?, schema: Schema?, path: inout [PathElement]) {
        if old == new { return }
        switch (old ?? .null, new ?? .null) {
        case (.object(let before), .object(let after)):
            compareObjects(before, after, old, new, schema: schema, path: &path)
        case (.object(let before), .null):
            compareObjects(before, [:], old, new, schema: schema, path: &path)
        case (.null, .object(let after)):
            compareObjects([:], after, old, new, schema: schema, path: &path)
        case (.array(let before), .array(let after)):
            compareLists(before, after, old, new, schema: schema, path: &path)
        case (.array(let before), .null):
            compareLists(before, [], old, new, schema: schema, path: &path)
        case (.null, .array(let after)):
            compareLists([], after, old, new, schema: schema, path: &path)
        default: leaf(old, new, path)
        }
    }

    private mutating func leaf(_ old: JSONValue?, _ new: JSONValue?, _ path: [PathElement]) {
        if old == nil {
            added.insert(path[...])
        } else if new == nil {
            removed.insert(path[...])
        } else {
            modified.insert(path[...])
        }
    }

    private mutating func container(_ old: JSONValue?, _ new: JSONValue?, _ path: [PathElement]) {
        guard !path.isEmpty else { return }
        if old == nil { added.insert(path[...]) }
        if new == nil { removed.insert(path[...]) }
    }

    private mutating func compareObjects(
        _ before: [String: JSONValue], _ after: [String: JSONValue], _ old: JSONValue?, _ new: JSONValue?,
        schema: Schema?, path: inout [PathElement]
    ) {
        if schema?.topology == .atomic || (before.isEmpty && after.isEmpty) { return leaf(old, new, path) }
        for (name, value) in before where after[name] != value {
            path.append(.field(name))
            compare(value, after[name], schema: schema?.member(name), path: &path)
            path.removeLast()
        }
        for (name, value) in after where before[name] == nil {
            path.append(.field(name))
            compare(nil, value, schema: schema?.member(name), path: &path)
            path.removeLast()
        }
        container(old, new, path)
    }

    private mutating func compareLists(
        _ before: [JSONValue], _ after: [JSONValue], _ old: JSONValue?, _ new: JSONValue?, schema: Schema?,
        path: inout [PathElement]
    ) {
        guard let schema, let topology = ListTopology(schema), !(before.isEmpty && after.isEmpty) else {
            return leaf(old, new, path)
        }
        let left = Dictionary(before.map { (topology.element(of: $0), $0) }, uniquingKeysWith: { $1 })
        let right = Dictionary(after.map { (topology.element(of: $0), $0) }, uniquingKeysWith: { $1 })
        for (element, value) in left where right[element] != value {
            path.append(element)
            compare(value, right[element], schema: schema.items, path: &path)
            path.removeLast()
        }
        for (element, value) in right where left[element] == nil {
            path.append(element)
            compare(nil, value, schema: schema.items, path: &path)
            path.removeLast()
        }
        container(old, new, path)
    }
}

/// How the elements of a list that is no single value are told apart.
struct ListTopology {
    private let keys: [String]?

    /// nil for lists that are replaced as a whole.
    init?(_ schema: Schema) {
        guard schema.type == .array else { return nil }
        switch schema.topology {
        case .set: keys = nil
        case .keyed(let names): keys = names
        default: return nil
        }
    }

    func element(of value: JSONValue) -> PathElement {
        if let keys { .key(value.projected(to: keys)) } else { .value(value) }
    }
}
