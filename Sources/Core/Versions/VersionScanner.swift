/// Reads versions and constraints, as the grammar of github.com/Masterminds/semver v3 has them.
struct VersionScanner {
    /// The parts of a version: one to three segments, pre-release and build metadata.
    struct Parts {
        var segments: [ArraySlice<UInt8>] = []
        var prerelease: ArraySlice<UInt8> = []
        var metadata: ArraySlice<UInt8> = []
    }

    let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var isAtEnd: Bool { position >= bytes.count }
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Skips white space and says whether there was any.
    @discardableResult
    mutating func skipSpace() -> Bool {
        let start = position
        while let byte = peek, [0x20, 0x09, 0x0a, 0x0c, 0x0d].contains(byte) { position += 1 }
        return position > start
    }

    /// Consumes `byte` if it is next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// Consumes the longest of `texts` (longer ones first) that is next.
    mutating func skip(oneOf texts: [String]) -> String? {
        for text in texts where bytes[position...].starts(with: text.utf8) {
            position += text.utf8.count
            return text
        }
        return nil
    }

    /// A version whose segments are made of bytes that `isSegmentByte` accepts; what does not belong to it stays.
    mutating func parts(isSegmentByte: (UInt8) -> Bool) -> Parts? {
        var parts = Parts()
        let start = position
        _ = skip(UInt8(ascii: "v"))
        while true {
            let segment = run(where: isSegmentByte)
            guard !segment.isEmpty else {
                position = start
                return nil
            }
            parts.segments.append(segment)
            guard parts.segments.count < 3, peek == UInt8(ascii: "."), position + 1 < bytes.count,
                isSegmentByte(bytes[position + 1])
            else { break }
            position += 1
        }
        if peek == UInt8(ascii: "-") { parts.prerelease = identifiers() }
        if peek == UInt8(ascii: "+") { parts.metadata = identifiers() }
        return parts
    }

    /// Identifiers separated by dots, after the byte that introduces them; nothing is consumed if there are none.
    private mutating func identifiers() -> ArraySlice<UInt8> {
        let start = position
        position += 1
        while true {
            guard !run(where: Self.isIdentifierByte).isEmpty else {
                position = start
                return []
            }
            guard peek == UInt8(ascii: "."), position + 1 < bytes.count, Self.isIdentifierByte(bytes[position + 1])
            else {
                return bytes[(start + 1)..<position]
            }
            position += 1
        }
    }

    private mutating func run(where isMember: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let byte = peek, isMember(byte) { position += 1 }
        return bytes[start..<position]
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isIdentifierByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"): true
        default: isDigit(byte)
        }
    }
}
