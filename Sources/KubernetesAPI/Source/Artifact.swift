package import Core

/// What an OCIRepository has stored and where it is served (`status.artifact`).
package struct Artifact: Sendable, Hashable {
    /// `ocirepository/<namespace>/<name>/<file>`, below the storage root.
    package var path: String
    /// `http://<advertised host>/<path>`.
    package var url: String
    /// `<tag>@<algorithm>:<hex>`, or the digest alone.
    package var revision: String
    /// The stored file's digest as it was written; a controller before this one may have used another algorithm, so it is
    /// not parsed here.
    package var digest: String
    /// Bytes of the stored file; nil if nobody said.
    package var size: Int64?
    package var lastUpdateTime: Timestamp
    /// The manifest's annotations.
    package var metadata: [String: String]

    /// An artifact from its parts; the time's fraction of a second is dropped.
    package init(
        path: String, url: String, revision: String, digest: String, size: Int64?, lastUpdateTime: Timestamp,
        metadata: [String: String] = [:]
    ) {
        self.path = path
        self.url = url
        self.revision = revision
        self.digest = digest
        self.size = size
        self.lastUpdateTime = Timestamp(seconds: lastUpdateTime.seconds)
        self.metadata = metadata
    }

    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            path: try reader.stringOrEmpty("path"), url: try reader.stringOrEmpty("url"),
            revision: try reader.stringOrEmpty("revision"), digest: try reader.stringOrEmpty("digest"),
            size: try reader.optionalInteger("size"),
            lastUpdateTime: try reader.optionalTime("lastUpdateTime") ?? Timestamp(seconds: 0),
            metadata: try reader.stringMap("metadata"))
    }

    /// The JSON object.
    package var json: JSONValue {
        var value: JSONValue = [
            "path": .string(path), "url": .string(url), "revision": .string(revision), "digest": .string(digest),
            "lastUpdateTime": .string(lastUpdateTime.rfc3339),
        ]
        if let size { value["size"] = .integer(size) }
        if !metadata.isEmpty { value["metadata"] = .object(metadata.mapValues { .string($0) }) }
        return value
    }
}
