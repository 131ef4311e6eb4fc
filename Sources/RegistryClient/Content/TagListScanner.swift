internal import OCI

/// Reads the answer of `/tags/list` byte by byte, so that a registry that answers all tags at once costs no memory.
///
/// `{"name": …, "tags": ["…", …] | null}`; other members are skipped. Names that are no tags are left out.
struct TagListScanner {
    /// Why the text is no list of tags.
    struct Fault: Error {
        let reason: String
    }

    private enum Expectation {
        case start, memberOrEnd, member, colon, value, commaOrEnd
        case elementOrEnd, element, elementCommaOrEnd, end
    }

    private enum Text { case memberName, tag, skipped }

    private static let maximumName = 128
    private static let maximumDepth = 32

    private var expectation = Expectation.start
    /// Inside a string: what it is, and what is known of it so far.
    private var text: Text?
    private var bytes: [UInt8] = []
    private var isTooLong = false
    private var isEscaped = false
    private var pendingDigits = 0
    /// Inside a skipped value: open brackets, and whether it is a bare word or number.
    private var skippedDepth = 0
    private var isSkippingWord = false
    private var isTagsMember = false

    /// Reads the next bytes and calls `body` with every whole tag among them.
    mutating func consume(_ chunk: [UInt8], _ body: (String) throws -> Void) throws {
        for byte in chunk {
            if let text { try consumeText(byte, text, body) } else { try consumeStructure(byte) }
        }
    }

    /// Checks that the text was whole.
    func finish() throws(Fault) {
        guard case .end = expectation else { throw Fault(reason: "the list of tags is cut off") }
    }

    private mutating func consumeText(_ byte: UInt8, _ kind: Text, _ body: (String) throws -> Void) throws {
        if pendingDigits > 0 {
            pendingDigits -= 1
            return
        }
        if isEscaped {
            isEscaped = false
            // No tag or member name that we look for needs an escape: what has one is none.
            isTooLong = true
            if byte == UInt8(ascii: "u") { pendingDigits = 4 }
            return
        }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "\""):
            text = nil
            try endText(kind, body)
        default:
            guard byte >= 0x20 else { throw Fault(reason: "the list of tags has a control character in a string") }
            if kind != .skipped, !isTooLong {
                bytes.append(byte)
                isTooLong = bytes.count > Self.maximumName
            }
        }
    }

    private mutating func endText(_ kind: Text, _ body: (String) throws -> Void) throws {
        switch kind {
        case .memberName:
            isTagsMember = !isTooLong && bytes.elementsEqual("tags".utf8)
            expectation = .colon
        case .tag:
            let tag = String(decoding: bytes, as: UTF8.self)
            expectation = .elementCommaOrEnd
            if !isTooLong, (try? ManifestReference.validate(tag: tag)) != nil { try body(tag) }
        case .skipped:
            if skippedDepth == 0 { expectation = .commaOrEnd }
        }
    }

    private mutating func begin(_ kind: Text) {
        text = kind
        bytes.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    private mutating func consumeStructure(_ byte: UInt8) throws(Fault) {
        if skippedDepth > 0 { return try consumeSkipped(byte) }
        let isBlank = byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
        if isSkippingWord {
            if !isBlank, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}") {
                guard Self.isWord(byte) else { throw unexpected(byte) }
                return
            }
            isSkippingWord = false
            expectation = .commaOrEnd
        }
        if isBlank { return }
        switch (expectation, byte) {
        case (.start, UInt8(ascii: "{")): expectation = .memberOrEnd
        case (.memberOrEnd, UInt8(ascii: "\"")), (.member, UInt8(ascii: "\"")): begin(.memberName)
        case (.memberOrEnd, UInt8(ascii: "}")), (.commaOrEnd, UInt8(ascii: "}")): expectation = .end
        case (.colon, UInt8(ascii: ":")): expectation = .value
        case (.commaOrEnd, UInt8(ascii: ",")): expectation = .member
        case (.value, UInt8(ascii: "[")) where isTagsMember: expectation = .elementOrEnd
        case (.value, UInt8(ascii: "n")) where isTagsMember: isSkippingWord = true
        case (.value, UInt8(ascii: "\"")) where !isTagsMember: begin(.skipped)
        case (.value, UInt8(ascii: "[")), (.value, UInt8(ascii: "{")):
            guard !isTagsMember else { throw unexpected(byte) }
            skippedDepth = 1
        case (.value, _) where !isTagsMember && Self.isWord(byte): isSkippingWord = true
        case (.elementOrEnd, UInt8(ascii: "\"")), (.element, UInt8(ascii: "\"")): begin(.tag)
        case (.elementOrEnd, UInt8(ascii: "]")), (.elementCommaOrEnd, UInt8(ascii: "]")): expectation = .commaOrEnd
        case (.elementCommaOrEnd, UInt8(ascii: ",")): expectation = .element
        default: throw unexpected(byte)
        }
    }

    private mutating func consumeSkipped(_ byte: UInt8) throws(Fault) {
        switch byte {
        case UInt8(ascii: "\""): begin(.skipped)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            skippedDepth += 1
            guard skippedDepth <= Self.maximumDepth else { throw Fault(reason: "the list of tags is nested too deep") }
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            skippedDepth -= 1
            if skippedDepth == 0 { expectation = .commaOrEnd }
        default: break
        }
    }

    private func unexpected(_ byte: UInt8) -> Fault {
        if case .start = expectation, byte == UInt8(ascii: "<") {
            return Fault(reason: ErrorResponse.notJSON)
        }
        return Fault(reason: "the answer is no list of tags")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte != 0x40
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }
}
