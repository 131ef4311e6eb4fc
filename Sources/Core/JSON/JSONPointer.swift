/// A place in a JSON value (RFC 6901).
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The unescaped reference tokens.
    package let tokens: [String]

    /// The place that is reached by `tokens`.
    package init(tokens: [String]) {
        self.tokens = tokens
    }

    /// Parses `/a/b~1c/0`; nil if it neither is empty nor starts with a slash, or has a `~` without `0` or `1` after it.
    package init?(parsing text: String) {
        var tokens: [[UInt8]] = []
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                switch byte {
                case UInt8(ascii: "0"): tokens[tokens.count - 1].append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): tokens[tokens.count - 1].append(UInt8(ascii: "/"))
                default: return nil
                }
                isEscaped = false
            } else if byte == UInt8(ascii: "/") {
                tokens.append([])
            } else if tokens.isEmpty {
                return nil
            } else if byte == UInt8(ascii: "~") {
                isEscaped = true
            } else {
                tokens[tokens.count - 1].append(byte)
            }
        }
        if isEscaped { return nil }
        self.tokens = tokens.map { String(decoding: $0, as: UTF8.self) }
    }

    package var description: String {
        var text: [UInt8] = []
        for token in tokens {
            text.append(UInt8(ascii: "/"))
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): text.append(contentsOf: "~0".utf8)
                case UInt8(ascii: "/"): text.append(contentsOf: "~1".utf8)
                default: text.append(byte)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The array index that `token` spells: digits without superfluous zeros.
    static func index(_ token: String) -> Int? {
        guard !token.isEmpty, token.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            token == "0" || !token.hasPrefix("0")
        else { return nil }
        return Int(token)
    }
}

extension JSONValue {
    /// The value at `pointer`; nil if there is none.
    package func value(at pointer: JSONPointer) -> JSONValue? {
        var value = self
        for token in pointer.tokens {
            switch value {
            case .object(let members):
                guard let member = members[token] else { return nil }
                value = member
            case .array(let elements):
                guard let index = JSONPointer.index(token), index < elements.count else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }
}
