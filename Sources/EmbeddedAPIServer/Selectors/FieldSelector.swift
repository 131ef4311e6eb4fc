internal import Core

/// A field selector: dotted paths that equal or do not equal a value.
struct FieldSelector: Sendable {
    struct Requirement: Sendable {
        let path: String
        let value: String
        let isEqual: Bool
    }

    let requirements: [Requirement]
    var isEmpty: Bool { requirements.isEmpty }

    static let everything = FieldSelector(requirements: [])

    init(requirements: [Requirement]) { self.requirements = requirements }

    /// - Throws: `SelectorError` worded as kube-apiserver's.
    init(parsing text: String, resource: APIResource) throws(SelectorError) {
        var requirements: [Requirement] = []
        for term in Self.terms(text) where !term.isEmpty {
            guard let equals = term.firstIndex(of: "=") else {
                throw SelectorError(message: "invalid selector: '\(text)'; can't understand '\(term)'")
            }
            var path = term[..<equals]
            var rest = term[term.index(after: equals)...]
            var isEqual = true
            if path.hasSuffix("!") {
                path.removeLast()
                isEqual = false
            } else if rest.hasPrefix("=") {
                rest.removeFirst()
            }
            let field = String(path)
            let known =
                field == "metadata.name" || (field == "metadata.namespace" && resource.isNamespaced)
                || resource.selectableFields.contains(field)
            guard known else { throw SelectorError(message: "field label not supported: \(field)") }
            requirements.append(Requirement(path: field, value: Self.unescape(rest), isEqual: isEqual))
        }
        self.requirements = requirements
    }

    /// The name that every match has, if the selector says one.
    var name: String? { requirements.first { $0.path == "metadata.name" && $0.isEqual }?.value }
    /// The namespace that every match has, if the selector says one.
    var namespace: String? { requirements.first { $0.path == "metadata.namespace" && $0.isEqual }?.value }

    func matches(_ object: StoredObject) -> Bool {
        guard !requirements.isEmpty, requirements.allSatisfy({ Self.mayMatch($0, object) }) else {
            return requirements.isEmpty
        }
        var tree: JSONValue?
        for requirement in requirements {
            let actual: String
            switch requirement.path {
            case "metadata.name": actual = object.name
            case "metadata.namespace": actual = object.namespace
            default:
                let value = tree ?? object.value
                tree = value
                actual = Self.field(requirement.path, of: value)
            }
            if (actual.utf8.elementsEqual(requirement.value.utf8)) != requirement.isEqual { return false }
        }
        return true
    }

    /// Whether the object's text has the wanted value at all: looking for it is a lot cheaper than parsing thousands of events.
    private static func mayMatch(_ requirement: Requirement, _ object: StoredObject) -> Bool {
        guard requirement.isEqual, !requirement.value.isEmpty, !requirement.path.hasPrefix("metadata.") else {
            return true
        }
        let wanted = JSONValue.string(requirement.value).serialized()
        // Booleans and numbers have no quotes.
        guard wanted.count > 2, Int(requirement.value) == nil, !["true", "false"].contains(requirement.value) else {
            return true
        }
        let text = object.bytes
        guard text.count >= wanted.count else { return false }
        return (0...(text.count - wanted.count)).contains { start in
            text[start] == wanted[0] && text[start + 1] == wanted[1]
                && text[start..<start + wanted.count].elementsEqual(wanted)
        }
    }

    private static func field(_ path: String, of value: JSONValue) -> String {
        // Events are selected by their source's component under two names.
        if path == "source" { return value.member(at: "source", "component")?.stringValue ?? "" }
        var current = value
        for part in path.split(separator: ".") {
            guard let next = current[String(part)] else { return "" }
            current = next
        }
        switch current {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let number): return String(number)
        default: return ""
        }
    }

    private static func terms(_ text: String) -> [String] {
        var terms: [String] = []
        var term = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                term += "\\" + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," {
                terms.append(term)
                term = ""
            } else {
                term.append(character)
            }
        }
        terms.append(term)
        return terms
    }

    private static func unescape(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
                continue
            }
            result.append(character)
            isEscaped = false
        }
        return result
    }
}
