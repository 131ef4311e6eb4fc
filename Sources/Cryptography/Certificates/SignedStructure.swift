internal import Core

/// `SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }`: the frame of certificates, revocation lists and OCSP answers.
struct SignedStructure {
    /// What is signed, as encoded.
    let signedBytes: [UInt8]
    /// What is signed.
    let content: DERReader.Element
    /// The algorithm identifier as encoded.
    let algorithmEncoding: [UInt8]
    /// nil for an algorithm that is not accepted: unknown, or with a hash weaker than SHA-256.
    let algorithm: SignatureAlgorithm?
    let signature: [UInt8]
    /// What follows the signature.
    let rest: DERReader

    init(_ element: DERReader.Element) throws(CryptographyError) {
        var reader = element.reader
        content = try reader.read(DERTag.sequence)
        signedBytes = Array(content.encoding)
        let identifier = try reader.read(DERTag.sequence)
        algorithmEncoding = Array(identifier.encoding)
        algorithm = SignatureAlgorithm(identifier)
        let bits = try reader.read(DERTag.bitString).content
        guard bits.first == 0 else { throw CryptographyError(.encoding, "malformed DER: a signature of odd bits") }
        signature = Array(bits.dropFirst())
        rest = reader
    }

    /// Whether `key` made the signature, with an algorithm that is accepted.
    func isSigned(by key: PublicKey) -> Bool {
        guard let algorithm else { return false }
        return key.isValidSignature(signature, over: signedBytes, algorithm)
    }
}

extension SignatureAlgorithm {
    /// The algorithm that an AlgorithmIdentifier names (RFC 4055, RFC 5758, RFC 8410); nil for weak and unknown ones.
    init?(_ identifier: DERReader.Element) {
        var reader = identifier.reader
        guard let oid = try? reader.readOID() else { return nil }
        switch oid {
        case "1.2.840.113549.1.1.11": self = .rsaPKCS1(.sha256)
        case "1.2.840.113549.1.1.12": self = .rsaPKCS1(.sha384)
        case "1.2.840.113549.1.1.13": self = .rsaPKCS1(.sha512)
        case "1.2.840.113549.1.1.10":
            guard let hash = Self.pssHash(&reader) else { return nil }
            self = .rsaPSS(hash)
        case "1.2.840.10045.4.3.2": self = .ecdsa(.sha256)
        case "1.2.840.10045.4.3.3": self = .ecdsa(.sha384)
        case "1.2.840.10045.4.3.4": self = .ecdsa(.sha512)
        case "1.3.101.112": self = .ed25519
        default: return nil
        }
    }

    /// The hash of RSASSA-PSS-params, if the mask uses the same one and the salt is as long as its digest.
    private static func pssHash(_ reader: inout DERReader) -> Digest.Algorithm? {
        guard var fields = (try? reader.read(DERTag.sequence))?.reader,
            let outer = try? fields.read(DERTag.explicit(0)), let hash = hash(outer),
            var mask = (try? fields.read(DERTag.explicit(1)))?.reader,
            var generator = (try? mask.read(DERTag.sequence))?.reader,
            (try? generator.readOID()) == "1.2.840.113549.1.1.8", let inner = try? generator.read(),
            Self.hash(identifier: inner) == hash,
            var salt = (try? fields.read(DERTag.explicit(2)))?.reader,
            let length = try? salt.read(DERTag.integer), Array(length.content) == [UInt8(hash.byteCount)]
        else { return nil }
        return hash
    }

    private static func hash(_ wrapped: DERReader.Element) -> Digest.Algorithm? {
        var reader = wrapped.reader
        return (try? reader.read()).flatMap { hash(identifier: $0) }
    }

    private static func hash(identifier: DERReader.Element) -> Digest.Algorithm? {
        guard identifier.tag == DERTag.sequence else { return nil }
        var reader = identifier.reader
        return switch try? reader.readOID() {
        case "2.16.840.1.101.3.4.2.1": .sha256
        case "2.16.840.1.101.3.4.2.2": .sha384
        case "2.16.840.1.101.3.4.2.3": .sha512
        default: nil
        }
    }
}
