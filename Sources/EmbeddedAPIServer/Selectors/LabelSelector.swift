/// A label selector in its text form (k8s.io/apimachinery `labels.Parse`).
struct LabelSelector: Sendable {
    enum Operation: Sendable, Hashable {
        case exists, missing
        case isIn([String]), notIn([String])
        case greater(Int), less(Int)
    }

    struct Requirement: Sendable, Hashable {
        let key: String
        let operation: Operation
    }

    let requirements: [Requirement]
    var isEmpty: Bool { requirements.isEmpty }

    static let everything = LabelSelector(requirements: [])

    init(requirements: [Requirement]) { self.requirements = requirements }

    /// - Throws: `SelectorError` worded as kube-apiserver's.
    init(parsing text: String) throws(SelectorError) {
        var parser = LabelSelectorParser(text: text)
        requirements = try parser.parse()
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            let value = labels[requirement.key]
            switch requirement.operation {
            case .exists: return value != nil
            case .missing: return value == nil
            case .isIn(let values): return value.map { values.contains($0) } ?? false
            case .notIn(let values): return value.map { !values.contains($0) } ?? true
            case .greater(let bound): return value.flatMap { Int($0) }.map { $0 > bound } ?? false
            case .less(let bound): return value.flatMap { Int($0) }.map { $0 < bound } ?? false
            }
        }
    }
}

/// Why a selector cannot be understood.
struct SelectorError: Error {
    let message: String
}

private struct LabelSelectorParser {
    private enum Token: Hashable {
        case end, comma, open, close, not, equals, doubleEquals, notEquals, greater, less
        case identifier(String)
        case bad(String)

        var text: String {
            switch self {
            case .end: ""
            case .comma: ","
            case .open: "("
            case .close: ")"
            case .not: "!"
            case .equals: "="
            case .doubleEquals: "=="
            case .notEquals: "!="
            case .greater: ">"
            case .less: "<"
            case .identifier(let text), .bad(let text): text
            }
        }
    }

    private var tokens: [Token] = []
    private var position = 0

    init(text: String) {
        var word = ""
        var symbol = ""
        func flush(_ tokens: inout [Token]) {
            if !word.isEmpty { tokens.append(.identifier(word)) }
            word = ""
            while !symbol.isEmpty {
                let known: [(String, Token)] = [
                    ("==", .doubleEquals), ("!=", .notEquals), ("=", .equals), ("!", .not), (">", .greater),
                    ("<", .less), ("(", .open), (")", .close), (",", .comma),
                ]
                guard let match = known.first(where: { symbol.hasPrefix($0.0) }) else { break }
                tokens.append(match.1)
                symbol.removeFirst(match.0.count)
            }
        }
        for character in text {
            if "=!<>(),".contains(character) {
                if !word.isEmpty { flush(&tokens) }
                symbol.append(character)
            } else if " \t\r\n".contains(character) {
                flush(&tokens)
            } else {
                if !symbol.isEmpty { flush(&tokens) }
                word.append(character)
            }
        }
        flush(&tokens)
    }

    private var current: Token { position < tokens.count ? tokens[position] : .end }

    private mutating func advance() -> Token {
        defer { position += 1 }
        return current
    }

    mutating func parse() throws(SelectorError) -> [LabelSelector.Requirement] {
        var requirements: [LabelSelector.Requirement] = []
        if current == .end { return [] }
        while true {
            switch current {
            case .identifier, .not: requirements.append(try parseRequirement())
            default: throw unexpected(current, expected: "!, identifier, or 'end of string'")
            }
            switch advance() {
            case .end: return requirements
            case .comma:
                switch current {
                case .identifier, .not: continue
                default: throw unexpected(current, expected: "identifier after ','")
                }
            case let other: throw unexpected(other, expected: "',' or 'end of string'")
            }
        }
    }

    private mutating func parseRequirement() throws(SelectorError) -> LabelSelector.Requirement {
        if current == .not {
            _ = advance()
            return LabelSelector.Requirement(key: try parseKey(), operation: .missing)
        }
        let key = try parseKey()
        switch current {
        case .end, .comma: return LabelSelector.Requirement(key: key, operation: .exists)
        default: break
        }
        switch advance() {
        case .identifier("in"): return LabelSelector.Requirement(key: key, operation: .isIn(try parseSet()))
        case .identifier("notin"): return LabelSelector.Requirement(key: key, operation: .notIn(try parseSet()))
        case .equals, .doubleEquals:
            return LabelSelector.Requirement(key: key, operation: .isIn([try parseExactValue()]))
        case .notEquals: return LabelSelector.Requirement(key: key, operation: .notIn([try parseExactValue()]))
        case .greater: return LabelSelector.Requirement(key: key, operation: .greater(try parseNumber()))
        case .less: return LabelSelector.Requirement(key: key, operation: .less(try parseNumber()))
        case let other:
            throw unexpected(other, expected: "in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func parseKey() throws(SelectorError) -> String {
        guard case .identifier(let key) = advance() else {
            throw unexpected(tokens[max(0, min(position, tokens.count) - 1)], expected: "identifier")
        }
        if let problem = MetadataRules.labelKeyProblem(key) {
            throw SelectorError(message: "key: Invalid value: \"\(key)\": \(problem)")
        }
        return key
    }

    private mutating func parseExactValue() throws(SelectorError) -> String {
        guard case .identifier(let value) = current else {
            if current == .end || current == .comma { return "" }
            throw unexpected(current, expected: "identifier")
        }
        _ = advance()
        if let problem = MetadataRules.labelValueProblem(value) {
            throw SelectorError(message: "values[0][]: Invalid value: \"\(value)\": \(problem)")
        }
        return value
    }

    private mutating func parseNumber() throws(SelectorError) -> Int {
        let text = try parseExactValue()
        guard let number = Int(text) else {
            throw SelectorError(
                message: "values[0]: Invalid value: \"\(text)\": for 'Gt', 'Lt' operators, the value must be an integer"
            )
        }
        return number
    }

    private mutating func parseSet() throws(SelectorError) -> [String] {
        guard advance() == .open else {
            throw unexpected(tokens[max(0, min(position, tokens.count) - 1)], expected: "'('")
        }
        var values: [String] = []
        while true {
            switch advance() {
            case .identifier(let value):
                values.append(value)
                if current == .comma { _ = advance() }
            case .close:
                return values.isEmpty ? [""] : values
            case .comma: values.append("")
            case let other: throw unexpected(other, expected: "',', ')' or identifier")
            }
        }
    }

    private func unexpected(_ token: Token, expected: String) -> SelectorError {
        SelectorError(message: "found '\(token.text)', expected: \(expected)")
    }
}
