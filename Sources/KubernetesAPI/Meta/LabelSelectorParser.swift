/// Parses the string form of label selectors.
struct LabelSelectorParser {
    private enum Token: Equatable {
        case word(String)
        case equals, notEquals, not, comma, open, close, end

        var text: String {
            switch self {
            case .word(let word): "'\(word)'"
            case .equals: "'='"
            case .notEquals: "'!='"
            case .not: "'!'"
            case .comma: "','"
            case .open: "'('"
            case .close: "')'"
            case .end: "the end"
            }
        }
    }

    private let text: [UInt8]
    private var position = 0
    private var token = Token.end

    init(_ text: String) {
        self.text = [UInt8](text.utf8)
    }

    mutating func parse() throws(LabelSelector.ParsingError) -> [LabelSelector.Requirement] {
        guard text.count <= 64 << 10 else { throw fault("the selector is longer than 64 KiB") }
        try advance()
        var requirements: [LabelSelector.Requirement] = []
        guard token != .end else { return requirements }
        while true {
            requirements.append(try parseRequirement())
            if token == .end { return requirements }
            guard token == .comma else { throw unexpected("',' or the end") }
            try advance()
            guard token != .end else { throw unexpected("a label after ','") }
        }
    }

    private mutating func parseRequirement() throws(LabelSelector.ParsingError) -> LabelSelector.Requirement {
        let isNegated = token == .not
        if isNegated { try advance() }
        guard case .word(let key) = token else { throw unexpected("a label") }
        try Self.validateKey(key)
        try advance()
        if isNegated { return .init(key: key, operation: .doesNotExist) }
        switch token {
        case .equals:
            return .init(key: key, operation: .equals(try parseValueAfterOperator()))
        case .notEquals:
            return .init(key: key, operation: .notEquals(try parseValueAfterOperator()))
        case .word("in"): return .init(key: key, operation: .isIn(try parseSet()))
        case .word("notin"): return .init(key: key, operation: .isNotIn(try parseSet()))
        case .comma, .end: return .init(key: key, operation: .exists)
        default: throw unexpected("an operator")
        }
    }

    private mutating func parseValueAfterOperator() throws(LabelSelector.ParsingError) -> String {
        try advance()
        guard case .word(let value) = token else {
            // `key=` asks for the empty value.
            guard token == .comma || token == .end else { throw unexpected("a value") }
            return ""
        }
        try Self.validateValue(value)
        try advance()
        return value
    }

    private mutating func parseSet() throws(LabelSelector.ParsingError) -> Set<String> {
        try advance()
        guard token == .open else { throw unexpected("'('") }
        try advance()
        var values: Set<String> = []
        while true {
            if case .word(let value) = token {
                try Self.validateValue(value)
                values.insert(value)
                try advance()
            } else {
                values.insert("")
            }
            if token == .close {
                try advance()
                return values
            }
            guard token == .comma else { throw unexpected("',' or ')'") }
            try advance()
        }
    }

    private mutating func advance() throws(LabelSelector.ParsingError) {
        while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
        guard position < text.count else {
            token = .end
            return
        }
        switch text[position] {
        case UInt8(ascii: ","): take(.comma, 1)
        case UInt8(ascii: "("): take(.open, 1)
        case UInt8(ascii: ")"): take(.close, 1)
        case UInt8(ascii: "="): take(.equals, follows("==") ? 2 : 1)
        case UInt8(ascii: "!"): follows("!=") ? take(.notEquals, 2) : take(.not, 1)
        default:
            let word = text[position...].prefix { !",()=! \t\r\n".utf8.contains($0) }
            take(.word(String(decoding: word, as: UTF8.self)), word.count)
        }
    }

    private func follows(_ expected: String) -> Bool { text[position...].starts(with: expected.utf8) }

    private mutating func take(_ token: Token, _ count: Int) {
        self.token = token
        position += count
    }

    private func unexpected(_ expected: String) -> LabelSelector.ParsingError {
        fault("found \(token.text), expected \(expected)")
    }

    private func fault(_ message: String) -> LabelSelector.ParsingError {
        LabelSelector.ParsingError(description: "unable to parse label selector: \(message)")
    }

    private static func validateKey(_ key: String) throws(LabelSelector.ParsingError) {
        guard LabelSyntax.isKey(key) else {
            throw LabelSelector.ParsingError(
                description:
                    "invalid label key '\(key.prefix(100))': expected [prefix/]name, the name at most 63 letters, "
                    + "digits, '-', '_' and '.'")
        }
    }

    private static func validateValue(_ value: String) throws(LabelSelector.ParsingError) {
        guard LabelSyntax.isValue(value) else {
            throw LabelSelector.ParsingError(
                description:
                    "invalid label value '\(value.prefix(100))': at most 63 letters, digits, '-', '_' and '.', "
                    + "starting and ending with a letter or digit")
        }
    }
}

/// The syntax of label keys and values (Kubernetes API conventions).
package enum LabelSyntax {
    /// Whether `text` is `[prefix/]name` with a DNS subdomain as prefix.
    package static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isName(parts[0].utf8)
        case 2: return isSubdomain(parts[0].utf8) && isName(parts[1].utf8)
        default: return false
        }
    }

    /// Whether `text` may be a label's value; empty is one.
    package static func isValue(_ text: String) -> Bool { text.isEmpty || isName(text[...].utf8) }

    private static func isName(_ text: Substring.UTF8View) -> Bool {
        guard (1...63).contains(text.count), let first = text.first, let last = text.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isSubdomain(_ text: Substring.UTF8View) -> Bool {
        guard (1...253).contains(text.count) else { return false }
        return text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && part.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
