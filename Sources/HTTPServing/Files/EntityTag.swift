/// A validator of a representation (RFC 9110, section 8.8.3).
package struct EntityTag: Sendable, Hashable {
    /// The bytes between the quotes.
    let opaque: [UInt8]
    let isWeak: Bool

    /// A strong tag of `text`, which must not hold quotes, blanks or control characters; nil if it does.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy(Self.isTagByte) else { return nil }
        opaque = Array(text.utf8)
        isWeak = false
    }

    private init(opaque: [UInt8], isWeak: Bool) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// As in a header field, with quotes.
    var fieldValue: String { "\(isWeak ? "W/" : "")\"\(String(decoding: opaque, as: UTF8.self))\"" }

    /// Strong comparison: neither is weak.
    func isStronglyEqual(to other: EntityTag) -> Bool { !isWeak && !other.isWeak && opaque == other.opaque }

    /// Weak comparison.
    func isWeaklyEqual(to other: EntityTag) -> Bool { opaque == other.opaque }

    private static func isTagByte(_ byte: UInt8) -> Bool {
        byte == 0x21 || (0x23...0x7e).contains(byte) || byte >= 0x80
    }

    /// What `If-Match` and `If-None-Match` hold.
    enum List: Equatable {
        case any
        case tags([EntityTag])

        /// Parses the field's lines; what follows the first malformed tag is ignored.
        init(parsing lines: [String]) {
            let bytes = Array(lines.joined(separator: ",").utf8)
            if bytes.drop(while: \.isBlank).reversed().drop(while: \.isBlank).elementsEqual("*".utf8) {
                self = .any
                return
            }
            var rest = bytes[...]
            var tags: [EntityTag] = []
            while true {
                rest = rest.drop { $0.isBlank || $0 == UInt8(ascii: ",") }
                guard let tag = EntityTag(consuming: &rest) else { break }
                tags.append(tag)
                rest = rest.drop(while: \.isBlank)
                guard rest.first == UInt8(ascii: ",") else { break }
            }
            self = .tags(tags)
        }
    }

    /// A whole field value that is one tag; nil if it is something else.
    init?(fieldValue: String) {
        var rest = Array(fieldValue.utf8)[...]
        guard let tag = EntityTag(consuming: &rest), rest.isEmpty else { return nil }
        self = tag
    }

    private init?(consuming bytes: inout ArraySlice<UInt8>) {
        var rest = bytes
        let isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest = rest.dropFirst(2) }
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        guard let end = rest.firstIndex(where: { !Self.isTagByte($0) }), rest[end] == UInt8(ascii: "\"") else {
            return nil
        }
        self.init(opaque: Array(rest[..<end]), isWeak: isWeak)
        bytes = rest[(end + 1)...]
    }
}
