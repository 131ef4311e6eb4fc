internal import Core

/// The `Link` header of paginated answers (RFC 8288).
enum LinkHeader {
    static let maximumLength = 16 << 10

    /// The target of the first link with the relation `next`.
    static func next(_ headers: HTTPFields) -> String? {
        for line in headers.values(of: "Link") where line.utf8.count <= maximumLength {
            if let target = next(in: Array(line.utf8)) { return target }
        }
        return nil
    }

    private static func next(in bytes: [UInt8]) -> String? {
        var position = 0
        while let open = bytes[position...].firstIndex(of: UInt8(ascii: "<")),
            let close = bytes[open...].firstIndex(of: UInt8(ascii: ">"))
        {
            // Parameters end at the next comma outside of quotes.
            var end = close + 1
            var isQuoted = false
            while end < bytes.count, isQuoted || bytes[end] != UInt8(ascii: ",") {
                if bytes[end] == UInt8(ascii: "\"") { isQuoted.toggle() }
                end += 1
            }
            if isNext(parameters: bytes[(close + 1)..<end]) {
                return String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
            }
            position = end
        }
        return nil
    }

    private static func isNext(parameters: ArraySlice<UInt8>) -> Bool {
        parameters.split(separator: UInt8(ascii: ";")).contains { parameter in
            let text = String(decoding: parameter.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x22 }, as: UTF8.self)
            return text.lowercased() == "rel=next"
        }
    }
}
