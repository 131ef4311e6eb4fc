internal import Core

/// How a string is best written: the analysis that keeps every string readable and unchanged.
struct YAMLStringForm {
    enum Style { case plain, singleQuoted, doubleQuoted, literal }

    let text: [UInt8]
    let style: Style

    init(_ text: [UInt8], isKey: Bool) {
        self.text = text
        style = Self.style(of: text, isKey: isKey)
    }

    private static func style(of text: [UInt8], isKey: Bool) -> Style {
        guard let first = text.first, let last = text.last else { return .doubleQuoted }
        if YAMLScalarResolution.needsQuotes(text) || hasSpecialScalars(text) { return .doubleQuoted }
        let hasSpaceBeforeBreak = zip(text, text.dropFirst()).contains { $0 == 0x20 && $1 == 0x0a }
        if text.contains(0x0a) {
            return isKey || hasSpaceBeforeBreak || last == 0x20 ? .doubleQuoted : .literal
        }
        if isKey && text.count > 120 { return .doubleQuoted }
        let isEdged = first == 0x20 || last == 0x20
        return isEdged || startsWithIndicator(text) || hasInnerIndicator(text) ? .singleQuoted : .plain
    }

    /// Indicators that may not start a plain scalar (YAML 1.2.2, section 7.3.3).
    private static func startsWithIndicator(_ text: [UInt8]) -> Bool {
        if text.starts(with: "---".utf8) || text.starts(with: "...".utf8) { return true }
        switch text[0] {
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): return text.count == 1 || text[1] == 0x20
        default: return "#,[]{}&*!|>'\"%@`".utf8.contains(text[0])
        }
    }

    /// `: ` and a final `:` would start a value, ` #` a comment.
    private static func hasInnerIndicator(_ text: [UInt8]) -> Bool {
        if text.last == UInt8(ascii: ":") { return true }
        return zip(text, text.dropFirst()).contains { pair in
            pair == (UInt8(ascii: ":"), 0x20) || pair == (0x20, UInt8(ascii: "#"))
        }
    }

    /// Characters that only an escape can carry: controls (a tab among them), line separators, a byte order mark, and, as
    /// kubectl does, everything beyond the basic plane.
    private static func hasSpecialScalars(_ text: [UInt8]) -> Bool {
        YAMLScalarResolution.string(text).unicodeScalars.contains(where: isSpecial)
    }

    private static func isSpecial(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0a, 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd: false
        default: true
        }
    }

    /// The double-quoted form, on one line.
    var doubleQuoted: String {
        var result = "\""
        for scalar in YAMLScalarResolution.string(text).unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0": result += "\\0"
            case _ where Self.isSpecial(scalar): result += Self.escape(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func escape(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let (letter, width) = value <= 0xff ? ("x", 2) : value <= 0xffff ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
