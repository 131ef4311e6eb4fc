internal import Core
internal import OCI

extension ImageManifest {
    /// Bytes of the annotations as JSON. An object has room for 1.5 MiB in all, and the API server notes each key once more
    /// in the managed fields.
    private static let maximumMetadata = 64 << 10

    /// The annotations, which become the metadata of the artifact in the status.
    /// - Parameters:
    ///   - digest: the reference's, for the message.
    ///   - url: the repository's, for the message.
    /// - Throws: a failure to pull if they take more room than a status may: it could not be written, and nobody would learn
    ///   why.
    func artifactMetadata(_ digest: Digest, from url: String) throws(ReconcileFailure) -> [String: String] {
        let size = JSONValue.object(annotations.mapValues { .string($0) }).serialized().count
        guard size <= Self.maximumMetadata else {
            throw ReconcileFailure(
                .fetch, reason: ConditionReason.pullFailed,
                message:
                    "failed to pull artifact from '\(url)': the annotations of manifest \(digest) take \(size) bytes, more "
                    + "than the \(Self.maximumMetadata) that the status has room for; push it with fewer or shorter ones"
            )
        }
        return annotations
    }
}
