/// What a `Range` field asks for (RFC 9110, section 14), for content of a known size.
enum ByteRangeRequest: Equatable {
    /// Nothing that is served in parts: another unit, a malformed field, or several ranges. The whole content answers it.
    case whole
    case part(Range<Int64>)
    /// One range, but none of its bytes exist.
    case unsatisfiable

    init(parsing field: String, size: Int64) {
        self = .whole
        let unit = "bytes="
        guard field.utf8.count >= unit.utf8.count, String(field.prefix(unit.count)).lowercased() == unit else { return }
        let range = field.utf8.dropFirst(unit.utf8.count).drop(while: \.isBlank).reversed().drop(while: \.isBlank)
            .reversed()
        guard let dash = range.firstIndex(of: UInt8(ascii: "-")) else { return }
        let first = range[..<dash]
        let last = range[range.index(after: dash)...]
        guard first.allSatisfy(\.isDigit), last.allSatisfy(\.isDigit) else { return }
        if first.isEmpty {
            guard !last.isEmpty else { return }
            let count = min(Self.number(last), size)
            self = count == 0 ? .unsatisfiable : .part((size - count)..<size)
            return
        }
        let start = Self.number(first)
        let end = last.isEmpty ? Int64.max : Self.number(last)
        guard start <= end else { return }
        guard start < size else {
            self = .unsatisfiable
            return
        }
        self = .part(start..<(min(end, size - 1) + 1))
    }

    /// The value of the digits; what is too large is as large as can be.
    private static func number(_ digits: some Collection<UInt8>) -> Int64 {
        Int64(String(decoding: digits, as: UTF8.self)) ?? .max
    }
}
