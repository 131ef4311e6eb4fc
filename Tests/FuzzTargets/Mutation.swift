internal import Core
internal import Cryptography

/// Changes such as damage and malice make: to bytes, to the values of a JSON text, to the elements of DER.
package enum Mutation {
    /// A changed copy.
    /// - Parameter others: further inputs of the same target; parts of them are put in.
    package static func changed(_ bytes: [UInt8], others: [[UInt8]], _ random: inout FuzzGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            if random.happens(onceIn: 2), let structured = inStructure(result, &random) {
                result = structured
            } else {
                result = inBytes(result, others, &random)
            }
        }
        return result
    }

    private static func inStructure(_ bytes: [UInt8], _ random: inout FuzzGenerator) -> [UInt8]? {
        switch bytes.first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard let value = try? JSONValue(parsing: bytes) else { return nil }
            return JSONMutation.changed(value, &random).serialized()
        case DERTag.sequence: return DERMutation.changed(bytes, &random)
        default: return nil
        }
    }

    /// Bytes that mean something to one of the readers.
    private static let meaningful: [UInt8] =
        [0x00, 0x01, 0x0a, 0x7f, 0x80, 0xff, 0x9f, 0xbf, 0x5f, 0x1b, 0x3b, 0x5b, 0x7b, 0xc1, 0xd2, 0xf7, 0x30, 0xa0]
        + Array("\"\\{}[]:,-+=/ 0".utf8)

    static func inBytes(_ bytes: [UInt8], _ others: [[UInt8]], _ random: inout FuzzGenerator) -> [UInt8] {
        guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...32, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = meaningful.randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(meaningful.randomElement(using: &random) ?? 0, at: place)
        case 4: bytes.removeSubrange(place..<end)
        case 5: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 6: bytes.removeSubrange(place...)
        case 7: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
        case 8:
            let byte = bytes[place]
            bytes.insert(
                contentsOf: Array(repeating: byte, count: 1 << Int.random(in: 1...10, using: &random)), at: place)
        default:
            guard let other = others.randomElement(using: &random), !other.isEmpty else { break }
            let from = Int.random(in: 0..<other.count, using: &random)
            let to = min(other.count, from + Int.random(in: 1...256, using: &random))
            bytes.replaceSubrange(place..<end, with: other[from..<to])
        }
        return bytes
    }
}
