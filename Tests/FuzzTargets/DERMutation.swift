internal import Cryptography

/// Changes one element of DER and mends the lengths around it, so that the readers get further than to a wrong length.
enum DERMutation {
    /// nil for what is no DER.
    static func changed(_ bytes: [UInt8], _ random: inout FuzzGenerator) -> [UInt8]? {
        guard let elements = elements(bytes[...]), !elements.isEmpty else { return nil }
        var place = Int.random(in: 0..<elements.reduce(0) { $0 + count($1) }, using: &random)
        return encoded(elements, &place, &random)
    }

    private indirect enum Node {
        case primitive(tag: UInt8, content: [UInt8])
        case constructed(tag: UInt8, [Node])
    }

    private static func elements(_ bytes: ArraySlice<UInt8>, depth: Int = 0) -> [Node]? {
        var reader = DERReader(bytes)
        var nodes: [Node] = []
        while !reader.isAtEnd {
            guard depth < 32, let element = try? reader.read() else { return nil }
            // Extensions and signatures are DER within strings of bytes.
            let opens = element.tag & 0x20 != 0 || element.tag == DERTag.octetString
            if opens, let inner = elements(element.content, depth: depth + 1), !inner.isEmpty {
                nodes.append(.constructed(tag: element.tag, inner))
            } else {
                nodes.append(.primitive(tag: element.tag, content: Array(element.content)))
            }
        }
        return nodes
    }

    private static func count(_ node: Node) -> Int {
        guard case .constructed(_, let inner) = node else { return 1 }
        return 1 + inner.reduce(0) { $0 + count($1) }
    }

    private static func encoded(_ nodes: [Node], _ place: inout Int, _ random: inout FuzzGenerator) -> [UInt8] {
        nodes.flatMap { encoded($0, &place, &random) }
    }

    private static func encoded(_ node: Node, _ place: inout Int, _ random: inout FuzzGenerator) -> [UInt8] {
        let isChosen = place == 0
        place -= 1
        switch node {
        case .primitive(let tag, let content):
            return isChosen ? replacement(tag, content, &random) : DERWriter.element(tag, content)
        case .constructed(let tag, let inner):
            let content = encoded(inner, &place, &random)
            return isChosen ? replacement(tag, content, &random) : DERWriter.element(tag, content)
        }
    }

    private static let tags: [UInt8] = [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x24, 0x30, 0x31, 0x80, 0x81,
        0x86, 0xa0,
        0xa1, 0xa3,
    ]

    private static func replacement(_ tag: UInt8, _ content: [UInt8], _ random: inout FuzzGenerator) -> [UInt8] {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return []
        case 1: return DERWriter.element(tag, [])
        case 2: return DERWriter.element(tags.randomElement(using: &random) ?? tag, content)
        case 3: return DERWriter.element(tag, content) + DERWriter.element(tag, content)
        case 4:
            let depth = Int.random(in: 1...64, using: &random)
            return (0..<depth).reduce(content) { inner, _ in DERWriter.element(DERTag.sequence, inner) }
        case 5: return DERWriter.element(tag, Array(repeating: 0xff, count: Int.random(in: 1...300, using: &random)))
        default: return DERWriter.element(tag, Mutation.inBytes(content, [], &random))
        }
    }
}
