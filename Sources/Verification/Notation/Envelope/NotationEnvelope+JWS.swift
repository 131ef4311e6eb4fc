internal import Core
internal import Cryptography

extension NotationEnvelope {
    /// Reads a JWS in the flattened JSON form (RFC 7515, section 7.2.2).
    init(jws bytes: [UInt8]) throws(Rejection) {
        var outer = try MessageReader(parsing: bytes, limit: Self.maximumSize)
        let payload = try Self.part("payload", &outer)
        let protected = try Self.part("protected", &outer)
        let signature = try Self.part("signature", &outer)
        guard let header = try outer.message("header") else { throw outer.missing("header") }
        try outer.finish()

        let claims = try JWSProtectedHeader(protected.bytes)
        try self.init(
            payload: payload.bytes, contentType: claims.contentType,
            signedBytes: Array("\(protected.text).\(payload.text)".utf8), signature: signature.bytes,
            algorithm: claims.algorithm, attributes: try NotationAttributes(claims.attributes),
            chain: try Self.chain(header, claims.attributes.names), timestamp: try Self.timestamp(header))
    }

    private static func part(
        _ name: String, _ reader: inout MessageReader
    ) throws(Rejection) -> (text: String, bytes: [UInt8]) {
        guard let text = try reader.string(name) else { throw reader.missing(name) }
        guard let bytes = Base64.decode(text, .urlUnpadded) else {
            throw Rejection(.malformed, "'\(name)' is no unpadded base64url")
        }
        return (text, bytes)
    }

    private static func chain(_ header: MessageReader, _ protected: Set<String>) throws(Rejection) -> [[UInt8]] {
        var header = header
        // RFC 7515, section 7.2.1: no name is in both headers.
        let isDisjoint = ["x5c", NotationAttributes.Name.timestamp].allSatisfy { !protected.contains($0) }
        guard isDisjoint else {  // check: jws-disjoint
            throw Rejection(.malformed, "a name is in the protected and in the unprotected header")
        }
        guard let texts = header.value("x5c")?.arrayValue else { throw header.missing("x5c") }
        guard texts.count <= maximumChain else {
            throw Rejection(.malformed, "it has \(texts.count) certificates; 1 to \(maximumChain) are accepted")
        }
        var chain: [[UInt8]] = []
        for text in texts {
            guard let der = text.stringValue.flatMap({ Base64.decode($0) }) else {
                throw Rejection(.malformed, "'header.x5c' holds no valid base64")
            }
            chain.append(der)
        }
        return chain
    }

    private static func timestamp(_ header: MessageReader) throws(Rejection) -> [UInt8]? {
        var header = header
        let name = NotationAttributes.Name.timestamp
        guard let text = try header.string(name) else { return nil }
        guard let token = Base64.decode(text) else { throw Rejection(.malformed, "'\(name)' is no valid base64") }
        return token
    }
}

/// The protected header of a JWS.
private struct JWSProtectedHeader {
    let algorithm: NotationAlgorithm
    let contentType: String?
    let attributes: NotationAttributes.Raw

    init(_ bytes: [UInt8]) throws(Rejection) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: 64 << 10, depth: 8, values: 1024))
        } catch {
            throw Rejection(.malformed, "the protected header is no valid JSON: \(shown(error.description))")
        }
        guard let members = value.objectValue else {
            throw Rejection(.malformed, "the protected header is no JSON object")
        }
        let name = value["alg"]?.stringValue
        guard let algorithm = name.flatMap({ NotationAlgorithm(rawValue: $0) }) else {
            throw Rejection(.unsupported, "the signature algorithm '\(shown(name ?? ""))' is not supported")
        }
        self.algorithm = algorithm
        contentType = value["cty"]?.stringValue
        var raw = NotationAttributes.Raw()
        raw.names = Set(members.keys)
        raw.critical = try Self.critical(value["crit"])
        raw.scheme = value[NotationAttributes.Name.scheme]?.stringValue
        raw.signingTime = try Self.time(value, NotationAttributes.Name.signingTime)
        raw.authenticSigningTime = try Self.time(value, NotationAttributes.Name.authenticSigningTime)
        raw.expiry = try Self.time(value, NotationAttributes.Name.expiry)
        attributes = raw
    }

    private static func critical(_ value: JSONValue?) throws(Rejection) -> [String] {
        guard let value else { return [] }
        var names: [String] = []
        for element in value.arrayValue ?? [.null] {
            guard let name = element.stringValue else { throw Rejection(.malformed, "'crit' is no list of names") }
            names.append(name)
        }
        return names
    }

    private static func time(_ header: JSONValue, _ name: String) throws(Rejection) -> Timestamp? {
        guard let value = header[name] else { return nil }
        guard let time = value.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else {
            throw Rejection(.malformed, "'\(name)' is no RFC 3339 time")
        }
        return time
    }
}
