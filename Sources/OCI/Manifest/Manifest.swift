internal import Core

/// An image manifest: one configuration and the layers (OCI image manifest 1.1; Docker image manifest version 2, schema 2).
package struct ImageManifest: Sendable, Hashable {
    package var mediaType: MediaType
    package var artifactType: MediaType?
    package var config: Descriptor
    package var layers: [Descriptor]
    package var subject: Descriptor?
    package var annotations: [String: String]

    /// A manifest.
    package init(
        mediaType: MediaType = .ociManifest, artifactType: MediaType? = nil, config: Descriptor, layers: [Descriptor],
        subject: Descriptor? = nil, annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }

    /// The bytes to push: compact JSON with sorted members, so that equal manifests have equal digests.
    package func serialized() -> [UInt8] {
        var value: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(mediaType.description), "config": config.json,
            "layers": .array(layers.map(\.json)),
        ]
        if let artifactType { value["artifactType"] = .string(artifactType.description) }
        if let subject { value["subject"] = subject.json }
        if !annotations.isEmpty { value["annotations"] = .object(annotations.mapValues { .string($0) }) }
        return value.serialized()
    }
}

/// A list of manifests (OCI image index 1.1; Docker manifest list).
package struct ImageIndex: Sendable, Hashable {
    package var mediaType: MediaType
    package var artifactType: MediaType?
    package var manifests: [Descriptor]
    package var subject: Descriptor?
    package var annotations: [String: String]

    /// An index.
    package init(
        mediaType: MediaType = .ociIndex, artifactType: MediaType? = nil, manifests: [Descriptor],
        subject: Descriptor? = nil, annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.manifests = manifests
        self.subject = subject
        self.annotations = annotations
    }

    /// The bytes to push; see `ImageManifest.serialized()`.
    package func serialized() -> [UInt8] {
        var value: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(mediaType.description),
            "manifests": .array(manifests.map(\.json)),
        ]
        if let artifactType { value["artifactType"] = .string(artifactType.description) }
        if let subject { value["subject"] = subject.json }
        if !annotations.isEmpty { value["annotations"] = .object(annotations.mapValues { .string($0) }) }
        return value.serialized()
    }
}

/// What a reference names: an image manifest or an index of them.
package enum Manifest: Sendable, Hashable {
    case image(ImageManifest)
    case index(ImageIndex)

    /// Bytes of the largest manifest that is read.
    package static let maximumSize = 4 << 20

    /// Parses a manifest.
    ///
    /// The kind is the document's own `mediaType`, else `contentType`; where both are given they must agree, and a document
    /// that has the members of both kinds is refused, so that no two readers can take the same bytes for different things.
    /// - Throws: `OCIError` with code `invalidManifest` or, for Docker's schema 1 and other kinds, `unsupportedManifest`.
    package init(parsing bytes: [UInt8], contentType: MediaType? = nil) throws(OCIError) {
        let value: JSONValue
        do {
            value = try JSONValue(
                parsing: bytes, limits: JSONLimits(bytes: Self.maximumSize, depth: 32, values: 500_000))
        } catch {
            throw OCIError(
                .invalidManifest, "the manifest is not valid JSON: \(RemoteText.printable("\(error)", limit: 256))")
        }
        let reader = try ManifestReader(value, place: "manifest")
        let own = try reader.string("mediaType").map { MediaType($0) }
        if (own ?? contentType)?.isSchema1 == true || value["schemaVersion"]?.integerValue == 1 {
            throw OCIError(
                .unsupportedManifest,
                "the manifest is Docker's schema 1, which is not supported; push the artifact again with a current tool"
            )
        }
        guard value["schemaVersion"]?.integerValue == 2 else {
            throw OCIError(.invalidManifest, "manifest.schemaVersion is not 2")
        }
        let given = contentType.flatMap { $0.isImageManifest || $0.isIndex ? $0 : nil }
        if let own, let given, own != given {
            throw OCIError(
                .invalidManifest,
                "the manifest says it is '\(RemoteText.printable(own.description))', the registry says '\(RemoteText.printable(given.description))'"
            )
        }
        let listsManifests = value["manifests"].map { !$0.isNull } ?? false
        let hasImageMembers = ["config", "layers"].contains { value[$0].map { !$0.isNull } ?? false }
        guard !(listsManifests && hasImageMembers) else {
            throw OCIError(.invalidManifest, "the manifest has the members of an image manifest and of an index")
        }
        // Both are optional in OCI documents; then the members tell the kind.
        let kind = own ?? given ?? (listsManifests ? .ociIndex : .ociManifest)
        if kind.isIndex, !hasImageMembers {
            self = .index(
                ImageIndex(
                    mediaType: kind, artifactType: try reader.string("artifactType").map { MediaType($0) },
                    manifests: try reader.descriptors("manifests"), subject: try reader.descriptor("subject"),
                    annotations: try reader.annotations()))
        } else if kind.isImageManifest, !listsManifests {
            guard let config = try reader.descriptor("config") else {
                throw OCIError(.invalidManifest, "manifest.config is missing")
            }
            self = .image(
                ImageManifest(
                    mediaType: kind, artifactType: try reader.string("artifactType").map { MediaType($0) },
                    config: config, layers: try reader.descriptors("layers"), subject: try reader.descriptor("subject"),
                    annotations: try reader.annotations()))
        } else if kind.isIndex || kind.isImageManifest {
            throw OCIError(.invalidManifest, "the manifest's members do not fit its media type '\(kind)'")
        } else {
            throw OCIError(
                .unsupportedManifest,
                "manifests of media type '\(RemoteText.printable(kind.description))' are not supported; push an OCI image manifest or index"
            )
        }
    }

    package var mediaType: MediaType {
        switch self {
        case .image(let manifest): manifest.mediaType
        case .index(let index): index.mediaType
        }
    }

    package var annotations: [String: String] {
        switch self {
        case .image(let manifest): manifest.annotations
        case .index(let index): index.annotations
        }
    }
}
