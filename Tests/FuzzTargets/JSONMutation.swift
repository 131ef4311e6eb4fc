internal import Core
internal import Cryptography

/// Changes one value of a JSON document, wherever it stands.
enum JSONMutation {
    static func changed(_ value: JSONValue, _ random: inout FuzzGenerator) -> JSONValue {
        var left = Int.random(in: 0..<count(value), using: &random)
        return visited(value, &left, &random) ?? .null
    }

    private static func count(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + elements.reduce(0) { $0 + count($1) }
        case .object(let members): 1 + members.values.reduce(0) { $0 + count($1) }
        default: 1
        }
    }

    /// `value` with the one changed that is reached after `left` others; nil when that one is `value` itself, and goes.
    private static func visited(_ value: JSONValue, _ left: inout Int, _ random: inout FuzzGenerator) -> JSONValue? {
        let isChosen = left == 0
        left -= 1
        if isChosen { return replacement(value, &random) }
        guard left >= 0 else { return value }
        switch value {
        case .array(let elements):
            var changed: [JSONValue] = []
            for element in elements {
                if let kept = visited(element, &left, &random) { changed.append(kept) }
            }
            return .array(changed)
        case .object(let members):
            var changed: [String: JSONValue] = [:]
            // In the order of the names: that of a dictionary is another in every process.
            for (name, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                changed[name] = visited(member, &left, &random)
            }
            return .object(changed)
        default: return value
        }
    }

    private static func replacement(_ value: JSONValue, _ random: inout FuzzGenerator) -> JSONValue? {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return nil
        case 1: return .null
        case 2: return odd.randomElement(using: &random)
        case 3: return .array([value, value])
        case 4: return nested(value, Int.random(in: 1...40, using: &random))
        case 5:
            guard case .object(var members) = value else { return .object(["": value]) }
            members[["", "x", "extra", "mediaType", "signed"].randomElement(using: &random) ?? ""] = value
            return .object(members)
        default: return spoiled(value, &random)
        }
    }

    private static let odd: [JSONValue] = [
        .bool(true), .integer(0), .integer(-1), .integer(.max), .integer(.min), .double(1e308), .double(0.5), "", "0",
        "9223372036854775807", "-9223372036854775808", "99999999999999999999", "\u{0}", "\u{202e}", "é", "AA==",
        "sha256:",
        .array([]), .object([:]), "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "+1", "1e3",
    ]

    private static func nested(_ value: JSONValue, _ depth: Int) -> JSONValue {
        (0..<depth).reduce(value) { inner, level in level % 2 == 0 ? .array([inner]) : .object(["a": inner]) }
    }

    private static func spoiled(_ value: JSONValue, _ random: inout FuzzGenerator) -> JSONValue? {
        switch value {
        case .string(let text):
            // Most strings hold a document of another kind.
            if random.happens(onceIn: 2), text.utf8.count >= 8 {
                for dialect in [Base64.Dialect.strict, .urlUnpadded] {
                    guard let inner = Base64.decode(text, dialect) else { continue }
                    let encoded = Base64.encode(Mutation.changed(inner, others: [], &random))
                    guard dialect == .urlUnpadded else { return .string(encoded) }
                    return .string(
                        String(encoded.compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }))
                }
            }
            return .string(String(decoding: Mutation.inBytes(Array(text.utf8), [], &random), as: UTF8.self))
        case .integer(let number): return .integer(number &+ Int64.random(in: -2...2, using: &random))
        case .array(let elements):
            guard let element = elements.randomElement(using: &random) else { return .array([.null]) }
            return .array(elements + Array(repeating: element, count: 1 << Int.random(in: 0...8, using: &random)))
        case .bool(let flag): return .bool(!flag)
        default: return odd.randomElement(using: &random)
        }
    }
}
