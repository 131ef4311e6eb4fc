internal import Core

extension Schema {
    /// Removes the members that the schema does not know. Their paths (`spec.a[0].b`), sorted, are the answer.
    func prune(_ value: inout JSONValue) -> [String] {
        var unknown: [String] = []
        prune(&value, path: [], unknown: &unknown)
        return unknown.sorted()
    }

    private func prune(_ value: inout JSONValue, path: [String], unknown: inout [String]) {
        switch value {
        case .object(let members):
            if preservesUnknownFields && properties.isEmpty { return }
            for (name, child) in members {
                if let schema = member(name) {
                    guard child.isContainer else { continue }
                    var copy = child
                    let before = unknown.count
                    schema.prune(&copy, path: path + [path.isEmpty ? name : ".\(name)"], unknown: &unknown)
                    if unknown.count != before { value[name] = copy }
                } else if !preservesUnknownFields, type == .object {
                    unknown.append((path + [path.isEmpty ? name : ".\(name)"]).joined())
                    value[name] = nil
                }
            }
        case .array(let elements):
            guard let items else { return }
            var copies = elements
            let before = unknown.count
            for index in copies.indices where copies[index].isContainer {
                items.prune(&copies[index], path: path + ["[\(index)]"], unknown: &unknown)
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
