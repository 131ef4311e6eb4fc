/// The query of a request, decoded.
struct QueryParameters: Sendable {
    private var values: [String: [String]] = [:]

    init(_ query: String?) {
        for pair in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true) else { continue }
            let value = parts.count > 1 ? PercentEncoding.decode(parts[1], plusIsSpace: true) : ""
            if let value { values[name, default: []].append(value) }
        }
    }

    /// The first value of a parameter; nil for a missing and an empty one.
    subscript(name: String) -> String? {
        guard let value = values[name]?.first, !value.isEmpty else { return nil }
        return value
    }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether a parameter is there, even without a value.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// A boolean as Go's `strconv.ParseBool` reads it, but an empty value is true, as for `?watch`.
    func flag(_ name: String) -> Bool {
        guard let value = values[name]?.first else { return false }
        return ["", "1", "t", "T", "true", "TRUE", "True"].contains(value)
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The decoded text; nil for a bad escape or bytes that are not UTF-8.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            switch byte {
            case UInt8(ascii: "%"):
                var value: UInt8 = 0
                for _ in 0..<2 {
                    guard index != text.endIndex, let digit = hexadecimal(text[index]) else { return nil }
                    value = value << 4 | digit
                    text.formIndex(after: &index)
                }
                bytes.append(value)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
