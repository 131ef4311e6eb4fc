internal import Core

extension Schema {
    /// Removes the members that the schema does not know and adds their paths (`spec.a[0].b`), sorted, to `unknown`.
    func prune(_ value: inout JSONValue, path: String, unknown: inout [String]) {
        switch value {
        case .object(let members):
            if preservesUnknownFields && properties.isEmpty { return }
            for name in members.keys.sorted() {
                let place = path.isEmpty ? name : "\(path).\(name)"
                if let schema = member(name) {
                    guard case .some(let child) = members[name], child.isContainer else { continue }
                    var copy = child
                    let before = unknown.count
                    schema.prune(&copy, path: place, unknown: &unknown)
                    if unknown.count != before { value[name] = copy }
                } else if !preservesUnknownFields, type == .object {
                    unknown.append(place)
                    value[name] = nil
                }
            }
        case .array(let elements):
            guard let items else { return }
            var copies = elements
            let before = unknown.count
            for index in copies.indices where copies[index].isContainer {
                items.prune(&copies[index], path: "\(path)[\(index)]", unknown: &unknown)
            }
            if unknown.count != before { value = .array(copies) }
        default: return
        }
    }
}

extension JSONValue {
    /// Whether the value is an object or an array.
    var isContainer: Bool {
        switch self {
        case .object, .array: true
        default: false
        }
    }
}
