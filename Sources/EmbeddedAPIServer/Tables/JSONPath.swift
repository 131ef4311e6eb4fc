internal import Core

/// The simple JSONPath of printer columns: members, indexes, wildcards and `[?(@.a=="b")]`.
struct JSONPath: Sendable {
    private enum Step: Sendable {
        case member(String)
        case index(Int)
        case all
        case filter([String], String, isEqual: Bool)
    }

    private let steps: [Step]

    /// nil for what is not understood.
    init?(parsing text: String) {
        var steps: [Step] = []
        var rest = Substring(text)
        if rest.hasPrefix("$") { rest.removeFirst() }
        while let first = rest.first {
            rest.removeFirst()
            switch first {
            case ".":
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { continue }
                rest.removeFirst(name.count)
                steps.append(name == "*" ? .all : .member(String(name)))
            case "[":
                guard let end = Self.closing(rest) else { return nil }
                guard let step = Self.bracket(rest[..<end]) else { return nil }
                rest = rest[rest.index(after: end)...]
                steps.append(step)
            default: return nil
            }
        }
        self.steps = steps
    }

    func values(in root: JSONValue) -> [JSONValue] {
        var current = [root]
        for step in steps {
            current = current.flatMap { value -> [JSONValue] in
                switch step {
                case .member(let name): return value[name].map { [$0] } ?? []
                case .index(let index):
                    guard let elements = value.arrayValue else { return [] }
                    let position = index < 0 ? elements.count + index : index
                    return elements.indices.contains(position) ? [elements[position]] : []
                case .all: return value.arrayValue ?? (value.objectValue.map { Array($0.values) } ?? [])
                case .filter(let path, let text, let isEqual):
                    return (value.arrayValue ?? []).filter { element in
                        var found: JSONValue? = element
                        for name in path { found = found?[name] }
                        guard let found else { return false }
                        return ((found.stringValue ?? found.text()) == text) == isEqual
                    }
                }
            }
        }
        return current
    }

    private static func closing(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        var depth = 0
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "[" {
                depth += 1
            } else if character == "]" {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }

    private static func bracket(_ text: Substring) -> Step? {
        if text == "*" { return .all }
        if let index = Int(text) { return .index(index) }
        if let first = text.first, first == "'" || first == "\"", text.last == first, text.count >= 2 {
            return .member(String(text.dropFirst().dropLast()))
        }
        guard text.hasPrefix("?("), text.hasSuffix(")") else { return nil }
        let condition = text.dropFirst(2).dropLast()
        for (operation, isEqual) in [("==", true), ("!=", false)] {
            guard let range = condition.firstRange(of: operation) else { continue }
            let left = condition[..<range.lowerBound].filter { $0 != " " }
            var right = condition[range.upperBound...].drop { $0 == " " }
            while right.last == " " { right.removeLast() }
            if let first = right.first, first == "'" || first == "\"", right.last == first, right.count >= 2 {
                right = right.dropFirst().dropLast()
            }
            guard left.hasPrefix("@.") else { return nil }
            return .filter(left.dropFirst(2).split(separator: ".").map(String.init), String(right), isEqual: isEqual)
        }
        return nil
    }
}
