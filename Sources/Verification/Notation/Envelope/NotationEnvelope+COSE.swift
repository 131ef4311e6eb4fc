internal import Core
internal import Cryptography

extension NotationEnvelope {
    /// Reads a tagged COSE_Sign1 (RFC 9052, section 4.2).
    init(cose bytes: [UInt8]) throws(Rejection) {
        guard case .tagged(18, .array(let parts)) = try CBORReader.read(bytes), parts.count == 4,
            case .bytes(let protectedBytes) = parts[0], case .map(let unprotected) = parts[1],
            case .bytes(let payload) = parts[2], case .bytes(let signature) = parts[3]
        else { throw Rejection(.malformed, "the envelope is no COSE_Sign1 with a payload in it") }
        guard case .map(let protected) = try CBORReader.read(protectedBytes) else {
            throw Rejection(.malformed, "the protected header is no CBOR map")
        }
        // RFC 9052, section 3: no label is in both headers.
        let isDisjoint = Set(protected.map(\.key)).isDisjoint(with: unprotected.map(\.key))
        guard isDisjoint else {  // check: cose-disjoint
            throw Rejection(.malformed, "a label is in the protected and in the unprotected header")
        }
        let header = COSEHeader(protected)
        // The bytes as they came: nothing is encoded again.
        let signed =
            CBORWriter.head(4, 4) + CBORWriter.text("Signature1") + CBORWriter.byteString(protectedBytes)
            + CBORWriter.byteString([]) + CBORWriter.byteString(payload)
        try self.init(
            payload: payload, contentType: header[.unsigned(3)]?.text, signedBytes: signed, signature: signature,
            algorithm: try header.algorithm(), attributes: try NotationAttributes(try header.attributes()),
            chain: try COSEHeader(unprotected).chain(), timestamp: try COSEHeader(unprotected).timestamp())
    }
}

/// A header map of COSE: labels 1 `alg`, 2 `crit`, 3 content type, 33 `x5chain`, and text labels.
private struct COSEHeader {
    private let entries: [CBORValue.Entry]

    init(_ entries: [CBORValue.Entry]) { self.entries = entries }

    subscript(_ label: CBORValue) -> CBORValue? { entries.first { $0.key == label }?.value }

    func algorithm() throws(Rejection) -> NotationAlgorithm {
        let label = self[.unsigned(1)]?.integer
        guard let algorithm = label.flatMap({ NotationAlgorithm(cose: $0) }) else {
            let shown = label.map { "\($0)" } ?? "(none)"
            throw Rejection(.unsupported, "the signature algorithm \(shown) is not supported")
        }
        return algorithm
    }

    func attributes() throws(Rejection) -> NotationAttributes.Raw {
        var raw = NotationAttributes.Raw()
        raw.names = Set(entries.compactMap(\.key.text))
        raw.critical = try critical()
        raw.scheme = self[.text(NotationAttributes.Name.scheme)]?.text
        raw.signingTime = try time(NotationAttributes.Name.signingTime)
        raw.authenticSigningTime = try time(NotationAttributes.Name.authenticSigningTime)
        raw.expiry = try time(NotationAttributes.Name.expiry)
        return raw
    }

    /// Labels that are numbers are known to nobody here, and so reported by their digits.
    private func critical() throws(Rejection) -> [String] {
        guard let value = self[.unsigned(2)] else { return [] }
        var names: [String] = []
        for element in value.array ?? [.null] {
            guard let name = element.text ?? element.integer.map({ "\($0)" }) else {
                throw Rejection(.malformed, "'crit' is no list of labels")
            }
            names.append(name)
        }
        return names
    }

    /// A time is tagged 1 and of whole seconds (RFC 8949, section 3.4.2).
    private func time(_ name: String) throws(Rejection) -> Timestamp? {
        guard let value = self[.text(name)] else { return nil }
        guard case .tagged(1, let inner) = value, let seconds = inner.integer else {
            throw Rejection(.malformed, "'\(name)' is \(value.kind), not a time (tag 1, an integer)")
        }
        return Timestamp(seconds: seconds)
    }

    func chain() throws(Rejection) -> [[UInt8]] {
        var chain: [[UInt8]] = []
        for element in self[.unsigned(33)]?.array ?? [] {
            guard let der = element.bytes else { throw Rejection(.malformed, "'x5chain' is no list of certificates") }
            chain.append(der)
        }
        return chain
    }

    func timestamp() throws(Rejection) -> [UInt8]? {
        guard let value = self[.text(NotationAttributes.Name.timestamp)] else { return nil }
        guard let bytes = value.bytes else {
            throw Rejection(.malformed, "'\(NotationAttributes.Name.timestamp)' is \(value.kind), not a byte string")
        }
        return bytes
    }
}
