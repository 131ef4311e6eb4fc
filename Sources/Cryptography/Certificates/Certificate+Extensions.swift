extension Certificate {
    /// An extension as it stands in the certificate.
    package struct Extension: Sendable, Hashable {
        package let oid: OID
        package let isCritical: Bool
        /// The content of the OCTET STRING.
        package let value: [UInt8]
        let encoding: [UInt8]
    }

    /// Basic constraints (RFC 5280, section 4.2.1.9).
    package struct BasicConstraints: Sendable, Hashable {
        package let isAuthority: Bool
        /// How many authorities may follow below this one; nil means any number.
        package let pathLength: Int?

        init(_ der: [UInt8]) throws(CryptographyError) {
            var reader = try DERReader.single(DERTag.sequence, in: der).reader
            isAuthority = try reader.readIfPresent(DERTag.boolean).map { $0.content != [0] } ?? false
            if let length = try reader.readIfPresent(DERTag.integer) {
                guard length.content.count == 1, let value = length.content.first, value < 0x80 else {
                    throw CryptographyError(.certificate, "the path length of the certificate is malformed")
                }
                pathLength = Int(value)
            } else {
                pathLength = nil
            }
            try reader.finish()
        }
    }

    /// Key usage bits (RFC 5280, section 4.2.1.3).
    package struct KeyUsage: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16

        /// Bit n is the named bit n of the BIT STRING.
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let digitalSignature = KeyUsage(rawValue: 1 << 0)
        package static let contentCommitment = KeyUsage(rawValue: 1 << 1)
        package static let keyEncipherment = KeyUsage(rawValue: 1 << 2)
        package static let dataEncipherment = KeyUsage(rawValue: 1 << 3)
        package static let keyAgreement = KeyUsage(rawValue: 1 << 4)
        package static let keyCertSign = KeyUsage(rawValue: 1 << 5)
        package static let cRLSign = KeyUsage(rawValue: 1 << 6)
        package static let encipherOnly = KeyUsage(rawValue: 1 << 7)
        package static let decipherOnly = KeyUsage(rawValue: 1 << 8)

        init(der: [UInt8]) throws(CryptographyError) {
            let content = try DERReader.single(DERTag.bitString, in: der).content
            guard let unused = content.first, unused < 8, content.count <= 3 else {
                throw CryptographyError(.certificate, "the key usage of the certificate is malformed")
            }
            var value: UInt16 = 0
            for (index, byte) in content.dropFirst().enumerated() {
                for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 { value |= 1 << UInt16(index * 8 + bit) }
            }
            rawValue = value & 0x1ff
        }
    }

    /// A subject alternative name (RFC 5280, section 4.2.1.6).
    package enum AlternativeName: Sendable, Hashable {
        case email(String)
        case dns(String)
        case uri(String)
        /// 4 or 16 bytes.
        case ip([UInt8])
        /// `value` is the DER inside of the `[0] EXPLICIT`.
        case other(type: OID, value: [UInt8])
        /// A kind that is not interpreted, by its tag.
        case unknown(tag: UInt8)

        static func list(_ der: [UInt8]) throws(CryptographyError) -> [AlternativeName] {
            var reader = try DERReader.single(DERTag.sequence, in: der).reader
            var names: [AlternativeName] = []
            while !reader.isAtEnd {
                guard names.count < 64 else {  // check: alternative-name-limit
                    throw CryptographyError(.certificate, "the certificate has more than 64 alternative names")
                }
                names.append(try parse(try reader.read()))
            }
            return names
        }

        private static func parse(_ element: DERReader.Element) throws(CryptographyError) -> AlternativeName {
            switch element.tag {
            case DERTag.explicit(0):
                var reader = element.reader
                let type = try reader.readOID()
                let value = try reader.read(DERTag.explicit(0))
                try reader.finish()
                return .other(type: type, value: Array(value.content))
            case DERTag.implicit(1): return .email(try ascii(element))
            case DERTag.implicit(2): return .dns(try ascii(element))
            case DERTag.implicit(6): return .uri(try ascii(element))
            case DERTag.implicit(7):
                guard [4, 16].contains(element.content.count) else {
                    throw CryptographyError(.certificate, "an IP address of the certificate is malformed")
                }
                return .ip(Array(element.content))
            default: return .unknown(tag: element.tag)
            }
        }

        private static func ascii(_ element: DERReader.Element) throws(CryptographyError) -> String {
            guard element.content.allSatisfy({ $0 < 0x80 }) else {
                throw CryptographyError(.certificate, "an alternative name of the certificate is not ASCII")
            }
            return String(decoding: element.content, as: UTF8.self)
        }
    }
}
