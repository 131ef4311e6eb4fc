/// Why a JSON patch could not be applied.
package struct JSONPatchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Sendable, Hashable {
        /// The patch itself is no JSON patch.
        case malformed
        /// A place does not exist.
        case missingPath
        /// A `test` found another value.
        case testFailed
        /// The result would be too large or too deep, or the patch has too many operations.
        case tooLarge
    }

    package let code: Code
    /// What is wrong, naming the operation and the place.
    package let description: String
}

extension JSONValue {
    /// The value changed by a JSON patch (RFC 6902), all of it or nothing.
    ///
    /// At most 10,000 operations; what the `copy` operations add is limited to about 3 MB, and the depth of the result to
    /// 200 levels, so that a small patch cannot grow without bounds.
    package func applying(jsonPatch patch: JSONValue) throws(JSONPatchError) -> JSONValue {
        guard case .array(let operations) = patch else {
            throw JSONPatchError(
                code: .malformed, description: "a JSON patch is an array of operations, not a \(patch.kind)")
        }
        guard operations.count <= JSONPatcher.operationLimit else {
            throw JSONPatchError(
                code: .tooLarge,
                description: "a JSON patch of \(operations.count) operations; \(JSONPatcher.operationLimit) are allowed"
            )
        }
        var patcher = JSONPatcher(document: self)
        for (index, operation) in operations.enumerated() { try patcher.apply(operation, index: index) }
        return patcher.document
    }

    /// Whether two values are the same JSON: numbers by value, strings and names by bytes.
    package func isSameJSON(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let one), .bool(let two)): return one == two
        case (.integer(let one), .integer(let two)): return one == two
        case (.double(let one), .double(let two)): return one == two
        case (.integer(let whole), .double(let value)), (.double(let value), .integer(let whole)):
            return Int64(exactly: value) == whole
        case (.string(let one), .string(let two)): return one.utf8.elementsEqual(two.utf8)
        case (.array(let one), .array(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { $0.isSameJSON(as: $1) }
        case (.object(let one), .object(let two)):
            return one.count == two.count
                && one.allSatisfy { name, value in
                    guard let index = two.index(forKey: name) else { return false }
                    return two[index].key.utf8.elementsEqual(name.utf8) && two[index].value.isSameJSON(as: value)
                }
        default: return false
        }
    }
}

private struct JSONPatcher {
    static let operationLimit = 10_000
    private static let copyLimit = 3 << 20
    private static let depthLimit = 200

    private(set) var document: JSONValue
    private var copied = 0
    /// The operation at work, for messages.
    private var context = ""

    init(document: JSONValue) {
        self.document = document
    }

    mutating func apply(_ operation: JSONValue, index: Int) throws(JSONPatchError) {
        context = "operation \(index)"
        guard let name = operation["op"]?.stringValue else { throw fault(.malformed, "it has no 'op'") }
        context = "operation \(index) (\(RemoteText.printable(name, limit: 16)))"
        let path = try pointer("path", of: operation)
        switch name {
        case "add": try insert(try value(of: operation), at: path)
        case "remove": _ = try remove(at: path)
        case "replace":
            let value = try value(of: operation)
            try checkDepth(of: value, at: path)
            try edit(path) { _ in value }
        case "move":
            let source = try pointer("from", of: operation)
            guard source == path || !path.tokens.starts(with: source.tokens) else {
                throw fault(.malformed, "'\(shown(source))' cannot move into itself")
            }
            if source == path {
                _ = try existing(source)
            } else {
                try insert(try remove(at: source), at: path)
            }
        case "copy":
            let value = try existing(try pointer("from", of: operation))
            copied += value.weight(upTo: Self.copyLimit)
            guard copied < Self.copyLimit else { throw fault(.tooLarge, "the patch copies more than 3 MB") }
            try insert(value, at: path)
        case "test":
            let expected = try value(of: operation)
            guard try existing(path).isSameJSON(as: expected) else {
                throw fault(.testFailed, "the value at '\(shown(path))' is another one")
            }
        default: throw fault(.malformed, "there is no such operation")
        }
    }

    private func pointer(_ name: String, of operation: JSONValue) throws(JSONPatchError) -> JSONPointer {
        guard let text = operation[name]?.stringValue else { throw fault(.malformed, "it has no '\(name)'") }
        guard let pointer = JSONPointer(parsing: text) else {
            throw fault(.malformed, "'\(RemoteText.printable(text))' is no JSON pointer")
        }
        return pointer
    }

    private func value(of operation: JSONValue) throws(JSONPatchError) -> JSONValue {
        guard let value = operation["value"] else { throw fault(.malformed, "it has no 'value'") }
        return value
    }

    private func existing(_ path: JSONPointer) throws(JSONPatchError) -> JSONValue {
        guard let value = document.value(at: path) else { throw missing(path) }
        return value
    }

    private mutating func insert(_ value: JSONValue, at path: JSONPointer) throws(JSONPatchError) {
        try checkDepth(of: value, at: path)
        guard let last = path.tokens.last else {
            document = value
            return
        }
        let failure = missing(path)
        try edit(JSONPointer(tokens: path.tokens.dropLast()), or: failure) { parent throws(JSONPatchError) in
            switch parent {
            case .object(var members):
                members[last] = value
                return .object(members)
            case .array(var elements):
                guard let index = last == "-" ? elements.count : JSONPointer.index(last), index <= elements.count else {
                    throw failure
                }
                elements.insert(value, at: index)
                return .array(elements)
            default: throw failure
            }
        }
    }

    private mutating func remove(at path: JSONPointer) throws(JSONPatchError) -> JSONValue {
        let removed = try existing(path)
        guard let last = path.tokens.last else {
            document = .null
            return removed
        }
        try edit(JSONPointer(tokens: path.tokens.dropLast())) { parent in
            switch parent {
            case .object(var members):
                members[last] = nil
                return .object(members)
            case .array(var elements):
                // The index was checked by `existing`.
                if let index = JSONPointer.index(last) { elements.remove(at: index) }
                return .array(elements)
            default: return parent
            }
        }
        return removed
    }

    /// Replaces the value at `path` by what `change` makes of it.
    private mutating func edit(
        _ path: JSONPointer, or failure: JSONPatchError? = nil,
        _ change: (JSONValue) throws(JSONPatchError) -> JSONValue
    ) throws(JSONPatchError) {
        let failure = failure ?? missing(path)
        document = try Self.edited(document, path.tokens[...], failure, change)
    }

    private static func edited(
        _ value: JSONValue, _ tokens: ArraySlice<String>, _ failure: JSONPatchError,
        _ change: (JSONValue) throws(JSONPatchError) -> JSONValue
    ) throws(JSONPatchError) -> JSONValue {
        guard let token = tokens.first else { return try change(value) }
        switch value {
        case .object(var members):
            guard let member = members[token] else { throw failure }
            members[token] = try edited(member, tokens.dropFirst(), failure, change)
            return .object(members)
        case .array(var elements):
            guard let index = JSONPointer.index(token), index < elements.count else { throw failure }
            elements[index] = try edited(elements[index], tokens.dropFirst(), failure, change)
            return .array(elements)
        default: throw failure
        }
    }

    private func checkDepth(of value: JSONValue, at path: JSONPointer) throws(JSONPatchError) {
        guard path.tokens.count + value.depth <= Self.depthLimit else {
            throw fault(.tooLarge, "the result would have more than \(Self.depthLimit) nested values")
        }
    }

    private func missing(_ path: JSONPointer) -> JSONPatchError {
        fault(.missingPath, "there is nothing at '\(shown(path))'")
    }

    private func shown(_ path: JSONPointer) -> String { RemoteText.printable(path.description) }

    private func fault(_ code: JSONPatchError.Code, _ message: String) -> JSONPatchError {
        JSONPatchError(code: code, description: "JSON patch, \(context): \(message)")
    }
}

extension JSONValue {
    /// The number of arrays and objects nested in each other.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.lazy.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.values.lazy.map(\.depth).max() ?? 0)
        default: 0
        }
    }

    /// About the size of the value's text; counting stops beyond `limit`.
    fileprivate func weight(upTo limit: Int) -> Int {
        var total = 8
        switch self {
        case .string(let text): total += text.utf8.count
        case .array(let elements):
            for element in elements where total < limit { total += element.weight(upTo: limit - total) }
        case .object(let members):
            for (name, value) in members where total < limit {
                total += name.utf8.count + value.weight(upTo: limit - total)
            }
        default: break
        }
        return total
    }
}
