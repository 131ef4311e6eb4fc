internal import Core
internal import OCI

/// What a Notary Project signature is about.
enum NotationPayload {
    /// Fails unless the payload is about exactly the manifest of `descriptor`.
    static func verify(_ payload: [UInt8], isAbout descriptor: Descriptor) throws(Rejection) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: payload, limits: JSONLimits(bytes: 256 << 10, depth: 16, values: 10_000))
        } catch {
            throw Rejection(.malformed, "the payload is no valid JSON: \(shown(error.description))")
        }
        guard let target = value["targetArtifact"], let mediaType = target["mediaType"]?.stringValue,
            let digest = target["digest"]?.stringValue, let size = target["size"]?.integerValue
        else { throw Rejection(.malformed, "the payload has no 'targetArtifact' with media type, digest and size") }
        let isDigest = digest.utf8.elementsEqual(descriptor.digest.description.utf8)
        guard isDigest else {  // check: notation-digest
            throw Rejection(
                .wrongArtifact, "the signature is for another artifact ('\(shown(digest, limit: 150))')")
        }
        guard size == descriptor.size else {  // check: notation-size
            throw Rejection(
                .wrongArtifact, "the signature is for an artifact of \(size) bytes, but it has \(descriptor.size)")
        }
        let isType = mediaType.utf8.elementsEqual(descriptor.mediaType.description.utf8)
        guard isType else {  // check: notation-media-type
            throw Rejection(.wrongArtifact, "the signature is for an artifact of type '\(shown(mediaType))'")
        }
    }
}
