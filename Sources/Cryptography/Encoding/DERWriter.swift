package import Core

/// Writes DER (ITU-T X.690): each function returns one encoded element.
package enum DERWriter {
    /// An element with the given identifier byte and value.
    package static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var encoding = [tag]
        if content.count < 0x80 {
            encoding.append(UInt8(content.count))
        } else {
            var octets: [UInt8] = []
            var rest = content.count
            while rest > 0 {
                octets.append(UInt8(rest & 0xff))
                rest >>= 8
            }
            encoding.append(0x80 | UInt8(octets.count))
            encoding.append(contentsOf: octets.reversed())
        }
        return encoding + content
    }

    /// SEQUENCE of encoded elements.
    package static func sequence(_ elements: [UInt8]...) -> [UInt8] {
        element(DERTag.sequence, Array(elements.joined()))
    }

    /// SET OF encoded elements, sorted as DER wants it.
    package static func set(_ elements: [UInt8]...) -> [UInt8] {
        element(DERTag.set, Array(elements.sorted { $0.lexicographicallyPrecedes($1) }.joined()))
    }

    /// `[number] EXPLICIT`.
    package static func explicit(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        element(DERTag.explicit(number), content)
    }

    /// INTEGER from unsigned big-endian bytes.
    package static func integer(unsigned magnitude: some Collection<UInt8>) -> [UInt8] {
        var bytes = Array(magnitude.drop { $0 == 0 })
        if bytes.isEmpty || bytes[0] >= 0x80 { bytes.insert(0, at: 0) }
        return element(DERTag.integer, bytes)
    }

    /// INTEGER.
    package static func integer(_ value: UInt64) -> [UInt8] {
        integer(unsigned: (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) })
    }

    /// OBJECT IDENTIFIER.
    /// - Precondition: `oid` is one the program knows.
    package static func oid(_ oid: OID) -> [UInt8] {
        guard let content = oid.content else { preconditionFailure("'\(oid)' is no object identifier") }
        return element(DERTag.objectIdentifier, content)
    }

    /// OCTET STRING.
    package static func octets(_ bytes: [UInt8]) -> [UInt8] { element(DERTag.octetString, bytes) }

    /// BIT STRING without unused bits.
    package static func bits(_ bytes: [UInt8]) -> [UInt8] { element(DERTag.bitString, [0] + bytes) }

    /// NULL.
    package static func null() -> [UInt8] { element(DERTag.null, []) }

    /// BOOLEAN.
    package static func boolean(_ value: Bool) -> [UInt8] { element(DERTag.boolean, [value ? 0xff : 0]) }

    /// UTF8String.
    package static func utf8(_ text: String) -> [UInt8] { element(DERTag.utf8String, Array(text.utf8)) }

    /// GeneralizedTime in whole seconds.
    package static func generalizedTime(_ time: Timestamp) -> [UInt8] {
        element(DERTag.generalizedTime, Array(DERTime.generalized(time).utf8))
    }
}
