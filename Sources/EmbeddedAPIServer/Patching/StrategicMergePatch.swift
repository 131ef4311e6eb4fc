internal import Core

/// Strategic merge patches of the built-in kinds (k8s.io/apimachinery `strategicpatch`).
enum StrategicMergePatch {
    /// - Throws: 400 for a directive that is not understood or has the wrong shape.
    static func apply(_ patch: JSONValue, to value: JSONValue, schema: Schema?) throws(APIStatus) -> JSONValue {
        guard case .object(var changes) = patch else { return patch }
        var members = value.objectValue ?? [:]
        switch changes.removeValue(forKey: "$patch")?.stringValue {
        case nil, "merge": break
        case "replace": return .object(changes)
        case "delete": return [:]
        case .some(let other):
            throw .badRequest("Unknown directive type '\(other.prefix(80))' in a strategic merge patch")
        }
        if let kept = changes.removeValue(forKey: "$retainKeys")?.arrayValue?.compactMap(\.stringValue) {
            members = members.filter { kept.contains($0.key) }
        }
        var orders: [String: [JSONValue]] = [:]
        for (key, change) in changes where key.hasPrefix("$setElementOrder/") {
            orders[String(key.dropFirst("$setElementOrder/".count))] = change.arrayValue ?? []
            changes[key] = nil
        }
        for (key, change) in changes where key.hasPrefix("$deleteFromPrimitiveList/") {
            let name = String(key.dropFirst("$deleteFromPrimitiveList/".count))
            let removed = change.arrayValue ?? []
            members[name] = members[name]?.arrayValue.map { .array($0.filter { !removed.contains($0) }) }
            changes[key] = nil
        }
        for (name, change) in changes {
            let nested = schema?.member(name)
            if change.isNull {
                members[name] = nil
            } else if case .array(let elements) = change, let key = nested?.mergeKey {
                members[name] = .array(
                    try mergeList(
                        elements, into: members[name]?.arrayValue ?? [], key: key, items: nested?.items))
            } else if change.objectValue != nil {
                members[name] = try apply(change, to: members[name] ?? [:], schema: nested)
            } else {
                members[name] = change
            }
        }
        for (name, order) in orders {
            guard let elements = members[name]?.arrayValue, let key = schema?.member(name)?.mergeKey else { continue }
            members[name] = .array(sorted(elements, by: order, key: key))
        }
        return .object(members)
    }

    private static func mergeList(
        _ changes: [JSONValue], into elements: [JSONValue], key: String, items: Schema?
    ) throws(APIStatus) -> [JSONValue] {
        if key.isEmpty { return elements + changes.filter { !elements.contains($0) } }
        if changes.contains(where: { $0["$patch"] == "replace" && $0[key] == nil }) {
            return changes.filter { $0["$patch"] == nil }
        }
        var result = elements
        for change in changes {
            guard let identity = change[key] else {
                throw .badRequest("map: \(change.text().prefix(200)) does not contain declared merge key: \(key)")
            }
            let index = result.firstIndex { $0[key] == identity }
            if change["$patch"] == "delete" {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = try apply(change, to: result[index], schema: items)
            } else {
                var added = change
                added["$patch"] = nil
                result.append(added)
            }
        }
        return result
    }

    private static func sorted(_ elements: [JSONValue], by order: [JSONValue], key: String) -> [JSONValue] {
        func identity(_ element: JSONValue) -> JSONValue? { key.isEmpty ? element : element[key] }
        let wanted = order.compactMap(identity)
        let listed = wanted.compactMap { want in elements.first { identity($0) == want } }
        let others = elements.filter { element in !wanted.contains { $0 == identity(element) } }
        return listed + others
    }
}
