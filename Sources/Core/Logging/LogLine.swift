/// A field of a log line, encoded once however many lines it appears on.
struct LogField: Sendable {
    /// A field's string value is cut beyond this many bytes of its encoding.
    static let valueLimit = 16 << 10
    private static let reserved: Set<String> = ["level", "ts", "msg"]

    let name: String
    /// `"name":value`.
    let json: [UInt8]

    init(_ name: String, _ value: JSONValue) {
        // A line never has the same member twice.
        self.name = Self.reserved.contains(name) ? "field.\(name)" : name
        var json: [UInt8] = []
        LogText.appendQuoted(self.name, limit: 256, to: &json)
        json.append(UInt8(ascii: ":"))
        Self.append(value, to: &json)
        self.json = json
    }

    private static func append(_ value: JSONValue, to json: inout [UInt8]) {
        switch value {
        case .string(let text): LogText.appendQuoted(text, limit: valueLimit, to: &json)
        case .array(let elements):
            json.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                guard json.count < valueLimit else {
                    LogText.appendQuoted("...", limit: valueLimit, to: &json)
                    break
                }
                append(element, to: &json)
            }
            json.append(UInt8(ascii: "]"))
        case .object(let members):
            json.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, member) in sorted.enumerated() where json.count < valueLimit {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                LogText.appendQuoted(member.key, limit: 256, to: &json)
                json.append(UInt8(ascii: ":"))
                append(member.value, to: &json)
            }
            json.append(UInt8(ascii: "}"))
        default: json.append(contentsOf: value.serialized())
        }
    }
}

extension [LogField] {
    /// Adds `field`; it replaces an earlier one of its name, in that one's place.
    mutating func set(_ field: LogField) {
        if let index = firstIndex(where: { $0.name == field.name }) {
            self[index] = field
        } else {
            append(field)
        }
    }
}

/// One line of the log.
struct LogLine {
    /// A message is cut beyond this many bytes of its encoding.
    private static let messageLimit = 24 << 10

    let level: Logger.Level
    let time: Timestamp
    let message: String
    let fields: [LogField]

    /// The line with its newline, at most `Logger.lineLimit` bytes; fields that do not fit are left out and counted in
    /// `omittedFields`.
    func encoded(_ encoding: Logger.Encoding) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch encoding {
        case .json:
            line.append(
                contentsOf: #"{"level":"\#(level.rawValue)","ts":"\#(time.rfc3339(fractionDigits: 3))","msg":"#.utf8)
            LogText.appendQuoted(message, limit: Self.messageLimit, to: &line)
            appendFields(after: ",", to: &line)
            line.append(contentsOf: "}\n".utf8)
        case .console:
            line.append(contentsOf: "\(time.rfc3339(fractionDigits: 3))\t\(level.rawValue.uppercased())\t".utf8)
            LogText.appendEscaped(message, limit: Self.messageLimit, escapingQuotes: false, to: &line)
            if !fields.isEmpty {
                line.append(contentsOf: "\t{".utf8)
                appendFields(after: "", to: &line)
                line.append(UInt8(ascii: "}"))
            }
            line.append(UInt8(ascii: "\n"))
        }
        return line
    }

    private func appendFields(after separator: String, to line: inout [UInt8]) {
        /// Room for the count of omitted fields and the end of the line.
        let reserve = 64
        var separator = separator
        var omitted = 0
        for field in fields {
            guard line.count + field.json.count + reserve <= Logger.lineLimit else {
                omitted += 1
                continue
            }
            line.append(contentsOf: separator.utf8)
            line.append(contentsOf: field.json)
            separator = ","
        }
        if omitted > 0 { line.append(contentsOf: "\(separator)\"omittedFields\":\(omitted)".utf8) }
    }
}
