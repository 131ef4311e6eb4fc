/// Conversion between the two encodings of ECDSA signatures: DER, and the fixed-width `r ‖ s` of JOSE and COSE
/// (RFC 7518, section 3.4; RFC 9053, section 2.1).
package enum ECDSASignature {
    /// The DER encoding of a fixed-width signature; nil unless it has twice the width of the curve's coordinates.
    package static func der(fromRaw raw: [UInt8], _ curve: KeyKind.Curve) -> [UInt8]? {
        guard raw.count == curve.byteCount * 2 else { return nil }
        return DERWriter.sequence(
            DERWriter.integer(unsigned: raw.prefix(curve.byteCount)),
            DERWriter.integer(unsigned: raw.suffix(curve.byteCount)))
    }

    /// The fixed-width form of a DER signature; nil when it is malformed or a number is too large for the curve.
    package static func raw(fromDER der: [UInt8], _ curve: KeyKind.Curve) -> [UInt8]? {
        guard let sequence = try? DERReader.single(DERTag.sequence, in: der) else { return nil }
        var reader = sequence.reader
        var raw: [UInt8] = []
        for _ in 0..<2 {
            guard let integer = try? reader.read(DERTag.integer), let first = integer.content.first, first < 0x80 else {
                return nil
            }
            let magnitude = integer.content.drop { $0 == 0 }
            guard magnitude.count <= curve.byteCount else { return nil }
            raw.append(contentsOf: repeatElement(0, count: curve.byteCount - magnitude.count))
            raw.append(contentsOf: magnitude)
        }
        return reader.isAtEnd ? raw : nil
    }
}
