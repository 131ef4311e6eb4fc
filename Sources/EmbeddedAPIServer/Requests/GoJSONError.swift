/// The words in which Go's encoding/json refuses a text, which are part of kube-apiserver's messages.
enum GoJSONError {
    /// What is wrong with `bytes`; nil: nothing that this scanner sees.
    static func message(for bytes: [UInt8]) -> String? {
        var scanner = Scanner(bytes: bytes)
        guard scanner.value(depth: 0) else { return scanner.message }
        scanner.skipSpace()
        guard let next = scanner.current else { return nil }
        return "invalid character \(describe(next)) after top-level value"
    }

    static func describe(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"): return #"'\''"#
        case UInt8(ascii: "\""): return #"'"'"#
        case UInt8(ascii: "\\"): return #"'\\'"#
        case UInt8(ascii: "\n"): return #"'\n'"#
        case UInt8(ascii: "\r"): return #"'\r'"#
        case UInt8(ascii: "\t"): return #"'\t'"#
        case 0x20...0x7e: return "'\(Character(Unicode.Scalar(byte)))'"
        default:
            let digits = String(byte, radix: 16)
            return "'\\x\(digits.count == 1 ? "0" : "")\(digits)'"
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var message = "unexpected end of JSON input"

        var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func skipSpace() {
            while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
        }

        private mutating func fail(_ context: String) -> Bool {
            if let byte = current { message = "invalid character \(describe(byte)) \(context)" }
            return false
        }

        mutating func value(depth: Int) -> Bool {
            skipSpace()
            guard depth < 10_000, let byte = current else { return false }
            switch byte {
            case UInt8(ascii: "{"): return object(depth: depth)
            case UInt8(ascii: "["): return array(depth: depth)
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "t"): return literal("true")
            case UInt8(ascii: "f"): return literal("false")
            case UInt8(ascii: "n"): return literal("null")
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
            default: return fail("looking for beginning of value")
            }
        }

        private mutating func object(depth: Int) -> Bool {
            position += 1
            skipSpace()
            if current == UInt8(ascii: "}") {
                position += 1
                return true
            }
            while true {
                skipSpace()
                guard current == UInt8(ascii: "\"") else { return fail("looking for beginning of object key string") }
                guard string() else { return false }
                skipSpace()
                guard current == UInt8(ascii: ":") else { return fail("after object key") }
                position += 1
                guard value(depth: depth + 1) else { return false }
                skipSpace()
                if current == UInt8(ascii: "}") {
                    position += 1
                    return true
                }
                guard current == UInt8(ascii: ",") else { return fail("after object key:value pair") }
                position += 1
            }
        }

        private mutating func array(depth: Int) -> Bool {
            position += 1
            skipSpace()
            if current == UInt8(ascii: "]") {
                position += 1
                return true
            }
            while true {
                guard value(depth: depth + 1) else { return false }
                skipSpace()
                if current == UInt8(ascii: "]") {
                    position += 1
                    return true
                }
                guard current == UInt8(ascii: ",") else { return fail("after array element") }
                position += 1
            }
        }

        private mutating func string() -> Bool {
            position += 1
            while let byte = current {
                if byte == UInt8(ascii: "\"") {
                    position += 1
                    return true
                }
                if byte < 0x20 { return fail("in string literal") }
                position += 1
                guard byte == UInt8(ascii: "\\") else { continue }
                guard let escape = current else { return false }
                guard "\"\\/bfnrtu".utf8.contains(escape) else { return fail("in string escape code") }
                position += 1
            }
            return false
        }

        private mutating func literal(_ word: StaticString) -> Bool {
            let text = [UInt8](word.description.utf8)
            for (index, expected) in text.enumerated() {
                guard current == expected else {
                    return index == 0
                        ? fail("looking for beginning of value")
                        : fail("in literal \(word) (expecting \(describe(expected)))")
                }
                position += 1
            }
            return true
        }

        private mutating func number() -> Bool {
            if current == UInt8(ascii: "-") { position += 1 }
            guard let byte = current, (0x30...0x39).contains(byte) else { return fail("in numeric literal") }
            while let byte = current, (0x30...0x39).contains(byte) || ".eE+-".utf8.contains(byte) { position += 1 }
            return true
        }
    }
}
