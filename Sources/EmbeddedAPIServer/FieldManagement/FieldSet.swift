internal import Core

/// A set of paths into an object (structured-merge-diff `fieldpath.Set`), the value of `fieldsV1`.
struct FieldSet: Hashable, Sendable {
    /// Elements that are themselves in the set.
    var members: Set<PathElement> = []
    /// What is in the set below an element; never an empty set.
    var children: [PathElement: FieldSet] = [:]

    var isEmpty: Bool { members.isEmpty && children.isEmpty }

    init() {}

    /// Reads `fieldsV1`; nil when it is malformed or nested too deeply.
    init?(parsing value: JSONValue, depth: Int = 0) {
        guard depth < 64, let object = value.objectValue else { return nil }
        for (key, nested) in object where key != "." {
            guard let element = PathElement(parsing: key), let below = nested.objectValue,
                let child = FieldSet(parsing: nested, depth: depth + 1)
            else { return nil }
            if below.isEmpty || below["."] != nil { members.insert(element) }
            if !child.isEmpty { children[element] = child }
        }
    }

    /// The `fieldsV1` object.
    var json: JSONValue {
        var object: [String: JSONValue] = [:]
        for element in members where children[element] == nil { object[element.text] = [:] }
        for (element, child) in children {
            var value = child.json
            if members.contains(element) { value["."] = [:] }
            object[element.text] = value
        }
        return .object(object)
    }

    mutating func insert(_ path: ArraySlice<PathElement>) {
        guard let first = path.first else { return }
        if path.count == 1 {
            members.insert(first)
        } else {
            children[first, default: FieldSet()].insert(path.dropFirst())
        }
    }

    func contains(_ path: ArraySlice<PathElement>) -> Bool {
        guard let first = path.first else { return false }
        return path.count == 1 ? members.contains(first) : children[first]?.contains(path.dropFirst()) ?? false
    }

    mutating func formUnion(_ other: FieldSet) {
        members.formUnion(other.members)
        for (element, child) in other.children { children[element, default: FieldSet()].formUnion(child) }
    }

    func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.formUnion(other)
        return result
    }

    mutating func subtract(_ other: FieldSet) {
        if !other.members.isEmpty { members.subtract(other.members) }
        for (element, child) in other.children {
            guard var mine = children[element] else { continue }
            children[element] = nil
            mine.subtract(child)
            if !mine.isEmpty { children[element] = mine }
        }
    }

    func subtracting(_ other: FieldSet) -> FieldSet {
        var result = self
        result.subtract(other)
        return result
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = members.intersection(other.members)
        for (element, child) in children {
            guard let theirs = other.children[element] else { continue }
            let common = child.intersection(theirs)
            if !common.isEmpty { result.children[element] = common }
        }
        return result
    }

    /// Every path of the set, sorted by text at each level.
    func forEachPath(_ body: ([PathElement]) -> Void) { forEachPath(prefix: [], body) }

    private func forEachPath(prefix: [PathElement], _ body: ([PathElement]) -> Void) {
        let elements = members.union(children.keys)
        for element in elements.sorted(by: { $0.text < $1.text }) {
            let path = prefix + [element]
            if members.contains(element) { body(path) }
            children[element]?.forEachPath(prefix: path, body)
        }
    }

    // MARK: What is never owned

    /// Removes what the system sets: type, identity and bookkeeping.
    mutating func stripSystemFields() {
        members.subtract([.field("apiVersion"), .field("kind"), .field("metadata")])
        children[.field("apiVersion")] = nil
        children[.field("kind")] = nil
        guard var metadata = children[.field("metadata")] else { return }
        children[.field("metadata")] = nil
        for name in Self.systemMetadata {
            metadata.members.remove(.field(name))
            metadata.children[.field(name)] = nil
        }
        if !metadata.isEmpty { children[.field("metadata")] = metadata }
    }

    private static let systemMetadata = [
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
        "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
    ]

    /// Keeps only (or drops) what is below one top-level member.
    mutating func restrict(to scope: FieldScope) {
        switch scope {
        case .everything: return
        case .withoutStatus:
            members.remove(.field("status"))
            children[.field("status")] = nil
        case .onlyStatus:
            members = members.filter { $0 == .field("status") }
            children = children.filter { $0.key == .field("status") }
        }
    }
}

/// Which part of an object an endpoint may change.
enum FieldScope: Sendable {
    case everything, withoutStatus, onlyStatus
}
