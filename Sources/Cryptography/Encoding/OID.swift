/// An ASN.1 object identifier, held as its dotted decimal text.
package struct OID: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    package let description: String

    /// An identifier that the program knows, in dotted decimal.
    package init(stringLiteral value: String) { description = value }

    /// Reads the content bytes of a DER OBJECT IDENTIFIER; nil when they are malformed or an arc exceeds 63 bits.
    package init?(content: some BidirectionalCollection<UInt8>) {
        guard let last = content.last, last & 0x80 == 0, content.count <= 64 else { return nil }
        var arcs: [UInt64] = []
        var arc: UInt64 = 0
        var isStart = true
        for byte in content {
            guard !(isStart && byte == 0x80), arc <= UInt64.max >> 8 else { return nil }
            arc = arc << 7 | UInt64(byte & 0x7f)
            isStart = byte & 0x80 == 0
            if isStart {
                if arcs.isEmpty {
                    let first = min(arc / 40, 2)
                    arcs = [first, arc - first * 40]
                } else {
                    arcs.append(arc)
                }
                arc = 0
            }
        }
        description = arcs.map(String.init).joined(separator: ".")
    }

    /// The content bytes of the identifier in DER; nil when the text is no identifier.
    package var content: [UInt8]? {
        let arcs = description.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0) }
        guard arcs.count >= 2, let first = arcs[0], let second = arcs[1], first < 3, second < 40 || first == 2 else {
            return nil
        }
        var bytes: [UInt8] = []
        for arc in [first * 40 + second] + arcs.dropFirst(2) {
            guard let arc else { return nil }
            var groups = [UInt8(arc & 0x7f)]
            var rest = arc >> 7
            while rest > 0 {
                groups.append(UInt8(rest & 0x7f) | 0x80)
                rest >>= 7
            }
            bytes.append(contentsOf: groups.reversed())
        }
        return bytes
    }
}

extension OID {
    /// id-kp-codeSigning (RFC 5280, section 4.2.1.12).
    package static let codeSigning: OID = "1.3.6.1.5.5.7.3.3"
    /// id-kp-timeStamping (RFC 5280, section 4.2.1.12).
    package static let timeStamping: OID = "1.3.6.1.5.5.7.3.8"
    /// anyExtendedKeyUsage (RFC 5280, section 4.2.1.12).
    package static let anyExtendedKeyUsage: OID = "2.5.29.37.0"
    /// The embedded SCT list (RFC 6962, section 3.3).
    package static let sctList: OID = "1.3.6.1.4.1.11129.2.4.2"

    static let keyUsage: OID = "2.5.29.15"
    static let subjectAlternativeName: OID = "2.5.29.17"
    static let basicConstraints: OID = "2.5.29.19"
    static let extendedKeyUsage: OID = "2.5.29.37"
    static let rsaEncryption: OID = "1.2.840.113549.1.1.1"
}
