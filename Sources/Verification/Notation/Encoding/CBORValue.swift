/// A CBOR data item (RFC 8949) of the kinds that COSE headers are made of.
indirect enum CBORValue: Sendable, Hashable {
    case unsigned(UInt64)
    /// The integer -1 - n.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBORValue])
    /// In the order of the encoding; no key twice.
    case map([Entry])
    case tagged(UInt64, CBORValue)
    case bool(Bool)
    case null

    struct Entry: Sendable, Hashable {
        let key: CBORValue
        let value: CBORValue
    }

    /// The integer, if it is one of 64 bits.
    var integer: Int64? {
        switch self {
        case .unsigned(let value): Int64(exactly: value)
        case .negative(let value): Int64(exactly: value).map { -1 - $0 }
        default: nil
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }

    var array: [CBORValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .unsigned, .negative: "an integer"
        case .bytes: "a byte string"
        case .text: "a text"
        case .array: "an array"
        case .map: "a map"
        case .tagged(let tag, _): "tagged \(tag)"
        case .bool: "a boolean"
        case .null: "null"
        }
    }
}

/// Writes the two kinds of items that COSE's signed bytes are made of.
enum CBORWriter {
    /// The shortest head of an item of a major type.
    static func head(_ major: UInt8, _ argument: Int) -> [UInt8] {
        let type = major << 5
        switch argument {
        case ..<24: return [type | UInt8(truncatingIfNeeded: argument)]
        case ..<0x100: return [type | 24, UInt8(truncatingIfNeeded: argument)]
        case ..<0x1_0000: return [type | 25] + bytes(argument, 2)
        default: return [type | 26] + bytes(argument, 4)
        }
    }

    static func byteString(_ bytes: [UInt8]) -> [UInt8] { head(2, bytes.count) + bytes }

    static func text(_ text: String) -> [UInt8] { head(3, text.utf8.count) + Array(text.utf8) }

    private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }
}
