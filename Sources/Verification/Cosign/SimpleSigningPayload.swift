internal import Core

/// What cosign's older signatures sign ("simple signing", containers/image `docs/containers-signature.5.md`): a JSON text
/// with the digest of a manifest.
enum SimpleSigningPayload {
    /// What layers with a payload are called.
    static let mediaType = "application/vnd.dev.cosign.simplesigning.v1+json"
    private static let type = "cosign container image signature"

    /// The payload of a signature of the manifest with this digest.
    /// - Parameter reference: the repository's name, which nobody verifies.
    static func make(_ digest: Digest, reference: String) -> [UInt8] {
        let value: JSONValue = [
            "critical": [
                "identity": ["docker-reference": .string(reference)],
                "image": ["docker-manifest-digest": .string(digest.description)], "type": .string(type),
            ],
            "optional": .null,
        ]
        return value.serialized()
    }

    /// Fails unless the payload is about the manifest with this digest.
    static func verify(_ payload: [UInt8], isAbout digest: Digest) throws(Rejection) {
        // Exact names, no duplicates: what the signer's tool read is what is read here.
        let text = try MessageReader(parsing: payload, limit: CosignVerifier.maximumPayload)
        var reader = text
        guard var critical = try reader.message("critical") else { throw reader.missing("critical") }
        let type = try critical.string("type") ?? ""
        guard type.utf8.elementsEqual(Self.type.utf8) else {  // check: payload-kind
            throw Rejection(.unsupported, "the payload's type '\(shown(type))' is not supported")
        }
        guard var image = try critical.message("image") else { throw critical.missing("image") }
        let claimed = try image.string("docker-manifest-digest") ?? ""
        guard claimed.utf8.elementsEqual(digest.description.utf8) else {  // check: payload-digest
            throw Rejection(.wrongArtifact, "the signature is for another artifact ('\(shown(claimed, limit: 80))')")
        }
    }
}
