internal import Core

/// The head of a response as it comes in, line by line, within limits.
struct ResponseHeadParser {
    /// The head of the final response.
    struct Head: Sendable {
        var status: Int
        var version: String
        var headers: HTTPFields
    }

    enum Problem: Error {
        case tooLarge(bytes: Int)
        case tooManyFields(Int)
        case malformed
    }

    private let maximumBytes: Int
    private let maximumFields: Int
    private var bytes = 0
    private var lines = 0
    private var status: Int?
    private var version = ""
    private var fields: [HTTPFields.Field] = []
    private var isComplete = false

    init(maximumBytes: Int, maximumFields: Int) {
        self.maximumBytes = maximumBytes
        self.maximumFields = maximumFields
    }

    /// Takes one line, its end included; returns the head once the empty line after it has come. Interim responses
    /// (1xx) are skipped, but count: the limits are for all lines of an exchange, trailers too.
    mutating func take(_ line: [UInt8]) throws(Problem) -> Head? {
        bytes += line.count
        lines += 1
        guard bytes <= maximumBytes else { throw .tooLarge(bytes: maximumBytes) }
        guard lines <= maximumFields else { throw .tooManyFields(maximumFields) }
        // A line without an end is what a broken connection left.
        if isComplete || line.last != 0x0A { return nil }
        var text = line[...]
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        guard let first = text.first else { return try finish() }
        if text.starts(with: "HTTP/".utf8) {
            try begin(text)
        } else if first == 0x20 || first == 0x09 {
            // An obsolete folded line (RFC 9112, section 5.2).
            guard !fields.isEmpty else { throw .malformed }
            fields[fields.count - 1].value += " " + Self.trimmed(text)
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex {
            let name = String(decoding: text[..<colon], as: UTF8.self)
            fields.append(.init(name: name, value: Self.trimmed(text[(colon + 1)...])))
        } else {
            throw .malformed
        }
        return nil
    }

    private mutating func begin(_ line: ArraySlice<UInt8>) throws(Problem) {
        let parts = line.split(separator: 0x20, maxSplits: 2)
        guard parts.count >= 2, let code = Int(String(decoding: parts[1], as: UTF8.self)), (100...999).contains(code)
        else { throw .malformed }
        status = code
        version = String(decoding: parts[0].dropFirst(5), as: UTF8.self)
        if version == "2.0" { version = "2" }
        fields.removeAll()
    }

    private mutating func finish() throws(Problem) -> Head? {
        guard let status else { throw .malformed }
        if status < 200 {
            self.status = nil
            return nil
        }
        isComplete = true
        return Head(status: status, version: version, headers: HTTPFields(fields))
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> String {
        var text = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
