package import Core

/// What an index says a manifest is for (OCI image index, property `platform`).
package struct Platform: Sendable, Hashable, CustomStringConvertible {
    package let os: String
    package let architecture: String
    package let variant: String?

    /// A platform.
    package init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// What an index without a better choice means, on every node.
    package static let linuxAMD64 = Platform(os: "linux", architecture: "amd64")

    package var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}

/// A reference to content by its bytes (OCI image specification 1.1, content descriptors).
package struct Descriptor: Sendable, Hashable {
    package var mediaType: MediaType
    package var digest: Digest
    /// Bytes of the content; never negative.
    package var size: Int64
    package var annotations: [String: String]
    package var artifactType: MediaType?
    package var platform: Platform?

    /// A descriptor.
    package init(
        mediaType: MediaType, digest: Digest, size: Int64, annotations: [String: String] = [:],
        artifactType: MediaType? = nil, platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = max(0, size)
        self.annotations = annotations
        self.artifactType = artifactType
        self.platform = platform
    }

    /// Reads a descriptor; embedded `data` and `urls` are ignored: content always comes from the repository.
    /// - Throws: `OCIError` with code `invalidManifest` naming `place` and the property.
    init(_ value: JSONValue, place: String) throws(OCIError) {
        let reader = try ManifestReader(value, place: place)
        mediaType = MediaType(try reader.string("mediaType", required: true) ?? "")
        do {
            digest = try Digest(parsing: try reader.string("digest", required: true) ?? "")
        } catch let error as OCIError {
            throw error
        } catch {
            throw OCIError(.invalidManifest, "\(place).digest: \(RemoteText.printable("\(error)", limit: 300))")
        }
        guard let size = value["size"]?.integerValue, size >= 0 else {
            throw OCIError(.invalidManifest, "\(place).size is not a number of bytes")
        }
        self.size = size
        annotations = try reader.annotations()
        artifactType = try reader.string("artifactType").map { MediaType($0) }
        platform = nil
        if let platform = value["platform"], !platform.isNull {
            let reader = try ManifestReader(platform, place: "\(place).platform")
            self.platform = Platform(
                os: try reader.string("os") ?? "", architecture: try reader.string("architecture") ?? "",
                variant: try reader.string("variant"))
        }
    }

    /// The descriptor as JSON.
    package var json: JSONValue {
        var value: JSONValue = [
            "mediaType": .string(mediaType.description), "digest": .string(digest.description), "size": .integer(size),
        ]
        if !annotations.isEmpty { value["annotations"] = .object(annotations.mapValues { .string($0) }) }
        if let artifactType { value["artifactType"] = .string(artifactType.description) }
        if let platform {
            var json: JSONValue = ["os": .string(platform.os), "architecture": .string(platform.architecture)]
            json["variant"] = platform.variant.map { .string($0) }
            value["platform"] = json
        }
        return value
    }
}
