internal import Core

/// An X.501 name: the subject or issuer of a certificate.
package struct DistinguishedName: Sendable, Hashable, CustomStringConvertible {
    /// One type and value.
    package struct Attribute: Sendable, Hashable {
        package let type: OID
        /// The text; nil for a value that is no UTF8String, PrintableString, NumericString or IA5String.
        package let text: String?
        /// The value's DER encoding.
        package let encoding: [UInt8]
    }

    /// The relative names as encoded, most significant first; nearly always of one attribute each.
    package let relativeNames: [[Attribute]]
    /// The DER encoding.
    package let encoding: [UInt8]

    init(_ element: DERReader.Element) throws(CryptographyError) {
        encoding = Array(element.encoding)
        var names: [[Attribute]] = []
        var sequence = element.reader
        while !sequence.isAtEnd {
            guard names.count < 64 else { throw CryptographyError(.certificate, "a name has too many parts") }
            var set = try sequence.read(DERTag.set).reader
            var attributes: [Attribute] = []
            repeat {
                guard attributes.count < 16 else { throw CryptographyError(.certificate, "a name has too many parts") }
                var pair = try set.read(DERTag.sequence).reader
                let type = try pair.readOID()
                let value = try pair.read()
                try pair.finish()
                attributes.append(
                    Attribute(type: type, text: Self.text(of: value), encoding: Array(value.encoding)))
            } while !set.isAtEnd
            names.append(attributes)
        }
        relativeNames = names
    }

    /// RFC 4514 text, most significant last; control characters and values that are no text are shown as hexadecimal.
    package var description: String {
        relativeNames.reversed().map { names in
            names.map { attribute in
                let name = Self.shortNames[attribute.type] ?? attribute.type.description
                guard let text = attribute.text,
                    !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0 == "\u{7f}" })
                else { return "\(name)=#\(Hexadecimal.encode(attribute.encoding))" }
                return "\(name)=\(Self.escaped(text))"
            }.joined(separator: "+")
        }.joined(separator: ",")
    }

    private static let shortNames: [OID: String] = [
        "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O",
        "2.5.4.11": "OU", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
        "2.5.4.5": "SERIALNUMBER", "2.5.4.17": "POSTALCODE",
    ]

    private static func text(of value: DERReader.Element) -> String? {
        switch value.tag {
        case DERTag.utf8String, DERTag.printableString, DERTag.ia5String, 0x12:
            String(validating: value.content, as: UTF8.self)
        default: nil
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let isEdge = scalar == " " && (index == 0 || index == scalars.count - 1) || scalar == "#" && index == 0
            if isEdge || ",+\"\\<>;".unicodeScalars.contains(scalar) { escaped += "\\" }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }
}
