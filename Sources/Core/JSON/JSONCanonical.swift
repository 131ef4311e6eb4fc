/// A value that has no canonical form.
package struct JSONCanonicalizationError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

extension JSONValue {
    /// The JSON Canonicalization Scheme (RFC 8785) for values without fractions: no white space, members sorted by the
    /// UTF-16 code units of their names, escapes as in ECMAScript.
    /// - Throws: `JSONCanonicalizationError` for numbers with a fraction, or beyond 2^53 where a double is not exact.
    package func canonical() throws(JSONCanonicalizationError) -> [UInt8] {
        var writer = CanonicalWriter(form: .rfc8785)
        try writer.write(self)
        return writer.output
    }

    /// OLPC canonical JSON, as The Update Framework signs it: no white space, members sorted by the bytes of their names;
    /// in strings only `"` and `\` are escaped, control characters stand as they are.
    /// - Throws: `JSONCanonicalizationError` for numbers that are no integers.
    package func olpcCanonical() throws(JSONCanonicalizationError) -> [UInt8] {
        var writer = CanonicalWriter(form: .olpc)
        try writer.write(self)
        return writer.output
    }
}

private struct CanonicalWriter {
    enum Form { case rfc8785, olpc }

    /// Integers up to here are exact in ECMAScript.
    private static let exactLimit: Int64 = 1 << 53

    let form: Form
    private(set) var output: [UInt8] = []

    init(form: Form) {
        self.form = form
    }

    mutating func write(_ value: JSONValue) throws(JSONCanonicalizationError) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .integer(let value): try write(value)
        case .double(let value):
            guard form == .rfc8785, let whole = Int64(exactly: value) else {
                throw JSONCanonicalizationError(
                    description: "the number \(value) is no integer; canonical JSON has no others here")
            }
            try write(whole)
        case .string(let text): write(quoted: text)
        case .array(let elements):
            write("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { write(",") }
                try write(element)
            }
            write("]")
        case .object(let members):
            write("{")
            for (index, member) in sorted(members).enumerated() {
                if index > 0 { write(",") }
                write(quoted: member.key)
                write(":")
                try write(member.value)
            }
            write("}")
        }
    }

    private func sorted(_ members: [String: JSONValue]) -> [(key: String, value: JSONValue)] {
        switch form {
        case .rfc8785: members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
        case .olpc: members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    private mutating func write(_ value: Int64) throws(JSONCanonicalizationError) {
        guard form == .olpc || value.magnitude <= Self.exactLimit else {
            throw JSONCanonicalizationError(
                description: "the integer \(value) is beyond 2^53, where canonical JSON is not exact")
        }
        write(String(value))
    }

    private mutating func write(quoted text: String) {
        write("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            case 0x00...0x1f where form == .rfc8785: writeEscape(of: byte)
            default: output.append(byte)
            }
        }
        write("\"")
    }

    private mutating func writeEscape(of control: UInt8) {
        switch control {
        case 0x08: write("\\b")
        case 0x09: write("\\t")
        case 0x0a: write("\\n")
        case 0x0c: write("\\f")
        case 0x0d: write("\\r")
        default: write("\\u00" + Hexadecimal.encode([control]))
        }
    }

    private mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }
}
