/// Reads the protobuf wire format.
struct ProtobufReader {
    /// One field: its number and value.
    enum Value {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// A fixed-width value, which no kind here uses.
        case fixed
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end.
    /// - Throws: 400 for bytes that are no protobuf.
    mutating func next() throws(APIStatus) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw Self.malformed }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1:
            try skip(8)
            return (number, .fixed)
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else { throw Self.malformed }
            let bytes = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (number, .bytes(bytes))
        case 5:
            try skip(4)
            return (number, .fixed)
        default: throw Self.malformed
        }
    }

    private mutating func skip(_ count: Int) throws(APIStatus) {
        guard rest.count >= count else { throw Self.malformed }
        rest = rest.dropFirst(count)
    }

    private mutating func varint() throws(APIStatus) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { throw Self.malformed }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw Self.malformed
    }

    static let malformed = APIStatus.badRequest("the body of the request is no valid protobuf message")
}

/// Writes the protobuf wire format.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ number: Int, _ value: UInt64) {
        append(UInt64(number) << 3)
        append(value)
    }

    mutating func data(_ number: Int, _ value: some Collection<UInt8>) {
        append(UInt64(number) << 3 | 2)
        append(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func string(_ number: Int, _ value: String) { data(number, Array(value.utf8)) }

    mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        var nested = ProtobufWriter()
        body(&nested)
        data(number, nested.bytes)
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
