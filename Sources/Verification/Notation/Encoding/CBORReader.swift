/// Reads CBOR strictly: definite lengths, shortest heads, no key twice, no floats, bounded depth and count of items. Memory
/// is only taken for what is there: a declared length is compared with the bytes at hand first.
struct CBORReader {
    private static let maximumDepth = 8
    private static let maximumItems = 1024

    private var rest: ArraySlice<UInt8>
    private var items = 0

    /// The one item that `bytes` are.
    static func read(_ bytes: [UInt8]) throws(Rejection) -> CBORValue {
        var reader = CBORReader(rest: bytes[...])
        let value = try reader.value(depth: 0)
        let isAtEnd = reader.rest.isEmpty
        guard isAtEnd else {  // check: cbor-trailing
            throw Self.malformed("bytes after its end")
        }
        return value
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    private mutating func value(depth: Int) throws(Rejection) -> CBORValue {
        items += 1
        let isBounded = depth < Self.maximumDepth && items <= Self.maximumItems
        guard isBounded else {  // check: cbor-limits
            throw Self.malformed("more than \(Self.maximumDepth) levels or \(Self.maximumItems) items")
        }
        guard let initial = rest.popFirst() else { throw Self.malformed("it ends early") }
        let argument = try argument(initial & 0x1f, isSimple: initial >> 5 == 7)
        switch initial >> 5 {
        case 0: return .unsigned(argument)
        case 1: return .negative(argument)
        case 2: return .bytes(Array(try take(argument)))
        case 3:
            guard let text = String(validating: try take(argument), as: UTF8.self) else {
                throw Self.malformed("a text that is no UTF-8")
            }
            return .text(text)
        case 4:
            var elements: [CBORValue] = []
            for _ in 0..<(try count(argument)) { elements.append(try value(depth: depth + 1)) }
            return .array(elements)
        case 5: return .map(try entries(try count(argument), depth: depth + 1))
        case 6: return .tagged(argument, try value(depth: depth + 1))
        default:
            switch argument {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            default: throw Self.malformed("a simple value or a float")
            }
        }
    }

    private mutating func entries(_ count: Int, depth: Int) throws(Rejection) -> [CBORValue.Entry] {
        var entries: [CBORValue.Entry] = []
        var keys: Set<CBORValue> = []
        for _ in 0..<count {
            let key = try value(depth: depth)
            guard key.integer != nil || key.text != nil else { throw Self.malformed("a key that is no label") }
            let isNew = keys.insert(key).inserted
            guard isNew else {  // check: cbor-duplicate
                throw Self.malformed("a key that is there twice")
            }
            entries.append(CBORValue.Entry(key: key, value: try value(depth: depth)))
        }
        return entries
    }

    private mutating func argument(_ information: UInt8, isSimple: Bool) throws(Rejection) -> UInt64 {
        guard information >= 24 else { return UInt64(information) }
        guard information <= 27 else { throw Self.malformed("an indefinite or reserved length") }
        guard !isSimple else { throw Self.malformed("a simple value or a float") }
        let width = 1 << Int(information - 24)
        guard rest.count >= width else { throw Self.malformed("it ends early") }
        let argument = rest.prefix(width).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(width)
        let least: UInt64 = width == 1 ? 24 : 1 << UInt64(4 * width)
        guard argument >= least else {  // check: cbor-shortest
            throw Self.malformed("a head that is not the shortest")
        }
        return argument
    }

    private mutating func take(_ length: UInt64) throws(Rejection) -> ArraySlice<UInt8> {
        guard length <= UInt64(rest.count) else { throw Self.malformed("it ends early") }
        defer { rest = rest.dropFirst(Int(length)) }
        return rest.prefix(Int(length))
    }

    /// An element takes a byte at least.
    private func count(_ argument: UInt64) throws(Rejection) -> Int {
        guard argument <= UInt64(rest.count) else { throw Self.malformed("it ends early") }
        return Int(argument)
    }

    private static func malformed(_ what: String) -> Rejection {
        Rejection(.malformed, "the envelope is no valid CBOR: \(what)")
    }
}
