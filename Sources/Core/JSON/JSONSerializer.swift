extension JSONValue {
    /// How JSON is written.
    package enum Style: Sendable, Hashable {
        /// One line, no spaces, members sorted by the bytes of their names.
        case compact
        /// Four-space indentation, members sorted by the bytes of their names, no newline at the end.
        case pretty
    }

    /// The JSON text, UTF-8. Only `"`, `\` and control characters are escaped.
    package func serialized(_ style: Style = .compact) -> [UInt8] {
        var writer = JSONWriter(pretty: style == .pretty)
        writer.write(self, level: 0)
        return writer.output
    }

    /// The JSON text; see `serialized(_:)`.
    package func text(_ style: Style = .compact) -> String {
        String(decoding: serialized(style), as: UTF8.self)
    }
}

private struct JSONWriter {
    let pretty: Bool
    var output: [UInt8] = []

    init(pretty: Bool) { self.pretty = pretty }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .integer(let value): write(String(value))
        case .double(let value): write(Self.text(of: value))
        case .string(let value): writeString(value)
        case .array(let elements):
            writeList(elements, open: "[", close: "]", level: level) { writer, element in
                writer.write(element, level: level + 1)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            writeList(sorted, open: "{", close: "}", level: level) { writer, member in
                writer.writeString(member.key)
                writer.write(writer.pretty ? ": " : ":")
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], open: String, close: String, level: Int,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        write(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { write(",") }
            breakLine(level: level + 1)
            writeElement(&self, element)
        }
        if !elements.isEmpty { breakLine(level: level) }
        write(close)
    }

    private mutating func breakLine(level: Int) {
        guard pretty else { return }
        output.append(0x0a)
        output.append(contentsOf: repeatElement(0x20, count: level * 4))
    }

    private mutating func writeString(_ text: String) {
        output.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            output.append(contentsOf: text.utf8)
            output.append(UInt8(ascii: "\""))
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            case 0x0a: write("\\n")
            case 0x0d: write("\\r")
            case 0x09: write("\\t")
            case 0x00...0x1f: write("\\u00" + Hexadecimal.encode([byte]))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }

    private static func text(of value: Double) -> String {
        // JSON has neither infinities nor NaN; as ECMAScript, write null.
        guard value.isFinite else { return "null" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
