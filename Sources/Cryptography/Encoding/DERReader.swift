/// Reads DER (ITU-T X.690) element by element: definite, minimal lengths and one-byte tags only.
package struct DERReader {
    /// One tag, length, value.
    package struct Element {
        /// The identifier byte, class and constructed bit included.
        package let tag: UInt8
        /// The value's bytes.
        package let content: ArraySlice<UInt8>
        /// Identifier, length and value as they stood.
        package let encoding: ArraySlice<UInt8>

        /// A reader of the elements inside.
        package var reader: DERReader { DERReader(content) }
    }

    private var rest: ArraySlice<UInt8>

    /// A reader of the elements in `bytes`.
    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// A reader of the elements in `bytes`.
    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Whether every element was read.
    package var isAtEnd: Bool { rest.isEmpty }

    /// The next element's identifier byte; nil at the end.
    package var nextTag: UInt8? { rest.first }

    /// Reads the next element.
    /// - Throws: `CryptographyError` (`.encoding`).
    package mutating func read() throws(CryptographyError) -> Element {
        guard let tag = rest.first, let first = rest.dropFirst().first else { throw Self.malformed("it ends early") }
        guard tag & 0x1f != 0x1f else { throw Self.malformed("a multi-byte tag") }
        var header = 2
        var length = Int(first)
        if first >= 0x80 {
            let octets = Int(first & 0x7f)
            guard (1...4).contains(octets), rest.count >= 2 + octets else { throw Self.malformed("a bad length") }
            length = rest.dropFirst(2).prefix(octets).reduce(0) { $0 << 8 | Int($1) }
            guard length >= 0x80, length >> (8 * (octets - 1)) != 0 else {
                throw Self.malformed("a length that is not minimal")
            }
            header += octets
        }
        guard rest.count - header >= length else { throw Self.malformed("it ends early") }
        let encoding = rest.prefix(header + length)
        rest = rest.dropFirst(header + length)
        return Element(tag: tag, content: encoding.dropFirst(header), encoding: encoding)
    }

    /// Reads the next element, which must have `tag`.
    /// - Throws: `CryptographyError` (`.encoding`).
    package mutating func read(_ tag: UInt8) throws(CryptographyError) -> Element {
        let element = try read()
        guard element.tag == tag else { throw Self.malformed("an unexpected tag") }
        return element
    }

    /// Reads the next element if it has `tag`, else nothing.
    /// - Throws: `CryptographyError` (`.encoding`).
    package mutating func readIfPresent(_ tag: UInt8) throws(CryptographyError) -> Element? {
        nextTag == tag ? try read() : nil
    }

    /// Reads an OBJECT IDENTIFIER.
    /// - Throws: `CryptographyError` (`.encoding`).
    package mutating func readOID() throws(CryptographyError) -> OID {
        guard let oid = OID(content: try read(DERTag.objectIdentifier).content) else {
            throw Self.malformed("a bad object identifier")
        }
        return oid
    }

    /// Fails unless everything was read.
    /// - Throws: `CryptographyError` (`.encoding`).
    package func finish() throws(CryptographyError) {
        guard isAtEnd else { throw Self.malformed("bytes after its end") }
    }

    /// Reads the only element of `bytes`, which must have `tag`.
    /// - Throws: `CryptographyError` (`.encoding`).
    package static func single(_ tag: UInt8, in bytes: [UInt8]) throws(CryptographyError) -> Element {
        var reader = DERReader(bytes)
        let element = try reader.read(tag)
        try reader.finish()
        return element
    }

    private static func malformed(_ what: String) -> CryptographyError {
        CryptographyError(.encoding, "malformed DER: \(what)")
    }
}

/// Identifier bytes of the universal types that are read and written here.
package enum DERTag {
    package static let boolean: UInt8 = 0x01
    package static let integer: UInt8 = 0x02
    package static let bitString: UInt8 = 0x03
    package static let octetString: UInt8 = 0x04
    package static let null: UInt8 = 0x05
    package static let objectIdentifier: UInt8 = 0x06
    package static let utf8String: UInt8 = 0x0c
    package static let printableString: UInt8 = 0x13
    package static let ia5String: UInt8 = 0x16
    package static let utcTime: UInt8 = 0x17
    package static let generalizedTime: UInt8 = 0x18
    package static let sequence: UInt8 = 0x30
    package static let set: UInt8 = 0x31

    /// `[number]`, constructed.
    package static func explicit(_ number: UInt8) -> UInt8 { 0xa0 | number }
    /// `[number] IMPLICIT` of a primitive type.
    package static func implicit(_ number: UInt8) -> UInt8 { 0x80 | number }
}
