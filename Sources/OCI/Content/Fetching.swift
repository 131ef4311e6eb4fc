package import Core

/// A manifest as the registry sent it: its bytes have the descriptor's digest and size.
package struct FetchedManifest: Sendable, Hashable {
    package let descriptor: Descriptor
    package let bytes: [UInt8]

    /// A manifest whose bytes were checked against the descriptor.
    package init(descriptor: Descriptor, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// The parsed manifest.
    /// - Throws: see `Manifest.init(parsing:contentType:)`.
    package func parsed() throws(OCIError) -> Manifest {
        try Manifest(parsing: bytes, contentType: descriptor.mediaType)
    }
}

/// Reads manifests of one repository.
package protocol ManifestFetching: Sendable {
    /// The manifest's descriptor, without its bytes where the registry says the digest in an answer to HEAD.
    func resolve(_ reference: ManifestReference) async throws -> Descriptor
    /// The manifest; its digest is checked, for a digest reference against the reference.
    func fetchManifest(_ reference: ManifestReference) async throws -> FetchedManifest
}

/// Reads blobs of one repository.
package protocol BlobFetching: Sendable {
    /// A small blob, at most `limit` bytes; its size and digest are checked.
    func fetchBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8]
    /// A blob's bytes as they come. The sequence throws, at the latest in place of its end, if they are not exactly the
    /// descriptor's: a consumer that reached the end without an error has the right bytes. It can be iterated once; dropping
    /// it cancels the transfer.
    func streamBlob(_ descriptor: Descriptor) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable
}

/// Lists what refers to a manifest of one repository (signatures, attestations, SBOMs).
package protocol ReferrerListing: Sendable {
    /// The referrers of `digest`, of `artifactType` if given, at most `limit` of them.
    func referrers(of digest: Digest, artifactType: String?, limit: Int) async throws -> [Descriptor]
}

/// Lists the tags of one repository.
package protocol TagListing: Sendable {
    /// Calls `body` with every tag, page by page in the registry's order: memory does not depend on their number.
    func forEachTag(_ body: (String) throws -> Void) async throws
}

extension ManifestFetching {
    /// Resolves a tag that may be pinned to a digest.
    /// - Throws: `OCIError` with code `digestMismatch`, naming the digest that was found; what `resolve(_:)` throws.
    package func resolve(_ tag: PinnedTag) async throws -> Descriptor {
        let descriptor = try await resolve(.tag(tag.tag))
        if let digest = tag.digest, digest != descriptor.digest {
            throw OCIError(
                .digestMismatch,
                "tag '\(tag.tag)' is pinned to \(digest), but the registry has \(descriptor.digest) under it; update the pin if the change is meant"
            )
        }
        return descriptor
    }

    /// Follows a manifest that may be an index to the image manifest to use; see `IndexSelection`.
    /// - Returns: the image manifest, its descriptor, and what was chosen if there was a choice.
    /// - Throws: `OCIError`, and what `fetchManifest(_:)` throws.
    package func imageManifest(
        of fetched: FetchedManifest, layerMediaType: String? = nil
    ) async throws -> (manifest: ImageManifest, descriptor: Descriptor, selection: IndexSelection?) {
        switch try fetched.parsed() {
        case .image(let manifest): return (manifest, fetched.descriptor, nil)
        case .index(let index):
            var inspected: [Digest: ImageManifest] = [:]
            for candidate in IndexSelection.manifestsToInspect(of: index, layerMediaType: layerMediaType) {
                let entry = try await fetchManifest(.digest(candidate.digest))
                if case .image(let manifest) = try entry.parsed() { inspected[candidate.digest] = manifest }
                // Candidates come in order of preference: the first that fits is the one that would be chosen.
                if let selection = try? IndexSelection(
                    from: index, layerMediaType: layerMediaType, inspected: inspected),
                    let manifest = inspected[selection.descriptor.digest]
                {
                    return (manifest, entry.descriptor, selection)
                }
            }
            let selection = try IndexSelection(from: index, layerMediaType: layerMediaType, inspected: inspected)
            let entry = try await fetchManifest(.digest(selection.descriptor.digest))
            guard case .image(let manifest) = try entry.parsed() else {
                throw OCIError(
                    .invalidManifest, "the index lists \(selection.descriptor.digest) as a manifest, but it is an index"
                )
            }
            return (manifest, entry.descriptor, selection)
        }
    }
}
