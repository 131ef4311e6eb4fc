extension JSONValue {
    /// Parses one JSON text strictly (RFC 8259): UTF-8 only, no duplicate member names (nor names that are canonically
    /// equivalent in Unicode), nothing after the value, integers outside of 64 bits and numbers outside of a double
    /// refused.
    /// - Parameter equivalentNames: what becomes of member names that are other bytes but the same name to Swift.
    /// - Throws: `JSONError` with the place of the first fault.
    package init(
        parsing bytes: [UInt8], limits: JSONLimits = JSONLimits(), equivalentNames: JSONEquivalentNames = .refused
    ) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, limits: limits, equivalentNames: equivalentNames)
        self = try parser.parseText()
    }

    /// Parses one JSON text strictly; see `init(parsing:limits:)`.
    package init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: [UInt8](text.utf8), limits: limits)
    }
}

struct JSONParser {
    /// Digits that always fit into 64 bits.
    private static let safeDigits = 18
    private static let numberLimit = 400

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private let equivalentNames: JSONEquivalentNames
    private var position = 0
    private var depth = 0
    private var values = 0

    init(bytes: [UInt8], limits: JSONLimits, equivalentNames: JSONEquivalentNames) {
        self.bytes = bytes
        self.limits = limits
        self.equivalentNames = equivalentNames
    }

    mutating func parseText() throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.bytes else {  // check: json-bytes
            throw fault(
                "the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)", at: 0, isSize: true)
        }
        skipSpace()
        let value = try parseValue()
        skipSpace()
        guard position == bytes.count else {  // check: json-trailing
            throw fault("unexpected text after the value", at: position)
        }
        return value
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.values else {  // check: json-values
            throw fault("more than \(limits.values) values", at: position, isSize: true)
        }
        guard position < bytes.count else { throw fault("unexpected end of the text", at: position) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw fault("unexpected \(Self.describe(bytes[position])) where a value should start", at: position)
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        try enter()
        var members: [String: JSONValue] = [:]
        skipSpace()
        if consume(UInt8(ascii: "}")) {
            depth -= 1
            return .object(members)
        }
        while true {
            skipSpace()
            let start = position
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw fault("expected a member name in double quotes", at: position)
            }
            let name = try parseString()
            skipSpace()
            guard consume(UInt8(ascii: ":")) else { throw fault("expected ':' after the member name", at: position) }
            skipSpace()
            // One look-up does both: the insertion says whether the name was there.
            let earlier = members.updateValue(try parseValue(), forKey: name)
            guard earlier == nil || isOtherName(name, in: members) else {  // check: json-duplicate
                throw fault("duplicate member '\(RemoteText.printable(name, limit: 80))'", at: start)
            }
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "}")) else { throw fault("expected ',' or '}' in an object", at: position) }
            depth -= 1
            return .object(members)
        }
    }

    /// Whether the member that `name` replaced has a name of other bytes, and that is to be put up with.
    private func isOtherName(_ name: String, in members: [String: JSONValue]) -> Bool {
        guard equivalentNames == .lastWins, let index = members.index(forKey: name) else { return false }
        // An update leaves the key as it was.
        return !members[index].key.utf8.elementsEqual(name.utf8)
    }

    private mutating func parseArray() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        skipSpace()
        if consume(UInt8(ascii: "]")) {
            depth -= 1
            return .array(elements)
        }
        while true {
            skipSpace()
            elements.append(try parseValue())
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "]")) else { throw fault("expected ',' or ']' in an array", at: position) }
            depth -= 1
            return .array(elements)
        }
    }

    private mutating func parseLiteral(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let start = position
        for byte in word.utf8 where !consume(byte) { throw fault("expected '\(word)'", at: start) }
        return value
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= limits.depth else {  // check: json-depth
            throw fault("more than \(limits.depth) nested values", at: position)
        }
        position += 1
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func parseNumber() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = consume(UInt8(ascii: "-"))
        let digits = position
        var magnitude: Int64 = 0
        while let digit = digit() {
            magnitude = magnitude &* 10 &+ Int64(digit)
            position += 1
        }
        let count = position - digits
        guard count > 0 else { throw fault("expected a digit", at: position) }
        guard count == 1 || bytes[digits] != UInt8(ascii: "0") else {
            throw fault("a number must not start with a superfluous 0", at: start)
        }

        var isInteger = true
        if consume(UInt8(ascii: ".")) {
            isInteger = false
            try consumeDigits()
        }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            isInteger = false
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            try consumeDigits()
        }
        if isInteger && count <= Self.safeDigits { return .integer(isNegative ? -magnitude : magnitude) }

        guard position - start <= Self.numberLimit else {
            throw fault("a number of \(position - start) characters", at: start)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            guard let value = Int64(text) else { throw fault("integer outside of 64 bits", at: start) }
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else { throw fault("number out of range", at: start) }
        return .double(value)
    }

    private func digit() -> UInt8? {
        guard position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") else {
            return nil
        }
        return bytes[position] - UInt8(ascii: "0")
    }

    private mutating func consumeDigits() throws(JSONError) {
        guard digit() != nil else { throw fault("expected a digit", at: position) }
        while digit() != nil { position += 1 }
    }
}

// MARK: - Strings

extension JSONParser {
    private mutating func parseString() throws(JSONError) -> String {
        let start = position
        position += 1
        let end = try endOfPlainText()
        if bytes[end] == UInt8(ascii: "\"") {
            // The usual case: nothing to unescape, so the text is made from the bytes where they are.
            let text = bytes[position..<end]
            position = end + 1
            guard let string = String(validating: text, as: UTF8.self) else {
                throw fault("a string that is not valid UTF-8", at: start)
            }
            return string
        }
        var text: [UInt8] = []
        while true {
            let end = try endOfPlainText()
            text.append(contentsOf: bytes[position..<end])
            position = end + 1
            if bytes[end] == UInt8(ascii: "\"") { break }
            try parseEscape(into: &text)
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw fault("a string that is not valid UTF-8", at: start)
        }
        return string
    }

    /// The place of the next quote or backslash.
    private func endOfPlainText() throws(JSONError) -> Int {
        var end = position
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return end }
            guard byte >= 0x20 else { throw fault("a control character in a string; write it as an escape", at: end) }
            end += 1
        }
        throw fault("a string without its closing quote", at: bytes.count)
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw fault("unexpected end of the text", at: position) }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try parseUnicodeEscape(into: &text)
        default: throw fault("unknown escape: a backslash before \(Self.describe(letter))", at: position - 2)
        }
    }

    private mutating func parseUnicodeEscape(into text: inout [UInt8]) throws(JSONError) {
        let start = position - 2
        var code = try parseFourDigits()
        if (0xd800...0xdbff).contains(code) {
            guard consume(UInt8(ascii: "\\")), consume(UInt8(ascii: "u")) else {
                throw fault("half a surrogate pair", at: start)
            }
            let low = try parseFourDigits()
            guard (0xdc00...0xdfff).contains(low) else { throw fault("half a surrogate pair", at: start) }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair", at: start) }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func parseFourDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for offset in 0..<4 {
            guard position + offset < bytes.count, let digit = Self.hexadecimalValue(bytes[position + offset]) else {
                throw fault("'\\u' needs four hexadecimal digits", at: position)
            }
            code = code << 4 | digit
        }
        position += 4
        return code
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

// MARK: - Faults

extension JSONParser {
    private func fault(_ message: String, at offset: Int, isSize: Bool = false) -> JSONError {
        var line = 1
        var lineStart = 0
        for (index, byte) in bytes.prefix(offset).enumerated() where byte == 0x0a {
            line += 1
            lineStart = index + 1
        }
        return JSONError(message: message, offset: offset, line: line, column: offset - lineStart + 1, isSize: isSize)
    }

    private static func describe(_ byte: UInt8) -> String {
        (0x21...0x7e).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(Hexadecimal.encode([byte]))"
    }
}
