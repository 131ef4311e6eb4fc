internal import Core
internal import HTTPTransport
package import OCI

/// How a registry lists a manifest that refers to another.
package enum ReferrerListingMode: Sendable, Hashable {
    /// By itself (`OCI-Subject` in its answer).
    case registry
    /// By the tag that clients maintain (`ManifestReference.referrersTag(of:)`).
    case tag(String)
}

extension Repository {
    private static let maximumTagUpdates = 5

    /// Stores a manifest that refers to another, its `subject`, so that it is found as a referrer: where the registry does
    /// not say that it lists it, the fallback tag does (distribution specification 1.1, "Pushing Manifests with Subject").
    /// - Throws: `RegistryError`, also when others keep changing the fallback tag.
    package func push(
        referrer manifest: ImageManifest
    ) async throws(RegistryError) -> (descriptor: Descriptor, mode: ReferrerListingMode) {
        guard let subject = manifest.subject?.digest else {
            throw failure(.content, action("push", "a referrer"), "it names no subject")
        }
        var (descriptor, headers) = try await put(manifest: manifest.serialized(), manifest.mediaType, nil)
        if let text = headers["OCI-Subject"], (try? Digest(parsing: text)) == subject { return (descriptor, .registry) }
        descriptor.artifactType = manifest.artifactType ?? manifest.config.mediaType
        descriptor.annotations = manifest.annotations
        let tag = ManifestReference.referrersTag(of: subject)
        let action = action("list", "the referrer \(descriptor.digest) under the tag '\(tag)'")
        // The tag has no lock: somebody else's update may undo ours, so it is read again until it has the entry.
        for _ in 0..<Self.maximumTagUpdates {
            guard let index = try await index(tag, adding: descriptor, action) else { return (descriptor, .tag(tag)) }
            _ = try await put(manifest: index, .ociIndex, .tag(tag))
        }
        guard try await index(tag, adding: descriptor, action) == nil else {
            throw failure(
                .server, action, "others changed the tag \(Self.maximumTagUpdates) times meanwhile; try again")
        }
        return (descriptor, .tag(tag))
    }

    /// The index under `tag` with one entry more, everything else as it was; nil if it has the entry.
    private func index(
        _ tag: String, adding descriptor: Descriptor, _ action: String
    ) async throws(RegistryError) -> [UInt8]? {
        var index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.description), "manifests": [],
        ]
        do throws(RegistryError) {
            let fetched = try await self.manifest(.tag(tag), action)
            guard fetched.descriptor.mediaType == .ociIndex,
                let value = try? JSONValue(
                    parsing: fetched.bytes, limits: JSONLimits(bytes: Manifest.maximumSize, depth: 32, values: 500_000)),
                value["manifests"]?.arrayValue != nil
            else { throw failure(.invalidResponse, action, "the tag is no image index; remove it") }
            index = value
        } catch {
            guard error.code == .notFound else { throw error }
        }
        var entries = index["manifests"]?.arrayValue ?? []
        let digest = JSONValue.string(descriptor.digest.description)
        if entries.contains(where: { $0["digest"] == digest }) { return nil }
        entries.append(descriptor.json)
        index["manifests"] = .array(entries)
        let bytes = index.serialized()
        guard bytes.count <= Manifest.maximumSize else {
            throw failure(
                .tooLarge, action,
                "the index would be larger than \(Manifest.maximumSize) bytes; remove referrers that are not needed")
        }
        return bytes
    }
}
