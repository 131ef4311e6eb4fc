package import Core
internal import Cryptography
package import OCI
internal import Verification

/// A repository in memory, for looking up signatures.
package final class MemoryRegistry: ManifestFetching, BlobFetching, ReferrerListing {
    package struct Failure: FetchFailure, CustomStringConvertible {
        package let description: String
        package let isNotFound: Bool
        package let isRetryable: Bool
    }

    private struct State {
        var manifests: [Digest: FetchedManifest] = [:]
        var tags: [String: Digest] = [:]
        var blobs: [Digest: [UInt8]] = [:]
        var referrers: [Descriptor] = []
        var broken: Set<String> = []
        var fetches = 0
    }

    private let state = Locked(State())

    package init() {}

    /// How often anything was fetched.
    package var fetches: Int { state.current.fetches }

    /// Makes `referrers`, a tag, or a digest fail with a server error.
    package func breakDown(_ what: String) { state.withLock { _ = $0.broken.insert(what) } }

    package func resolve(_ reference: ManifestReference) async throws -> Descriptor {
        try await fetchManifest(reference).descriptor
    }

    package func fetchManifest(_ reference: ManifestReference) async throws -> FetchedManifest {
        try state.withLock { state in
            state.fetches += 1
            if state.broken.contains(reference.description) {
                throw Failure(description: "HTTP 500", isNotFound: false, isRetryable: true)
            }
            let digest: Digest? =
                switch reference {
                case .tag(let tag): state.tags[tag]
                case .digest(let digest): digest
                }
            guard let manifest = digest.flatMap({ state.manifests[$0] }) else {
                throw Failure(description: "HTTP 404", isNotFound: true, isRetryable: false)
            }
            return manifest
        }
    }

    package func fetchBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        try state.withLock { state in
            state.fetches += 1
            guard let bytes = state.blobs[descriptor.digest] else {
                throw Failure(description: "HTTP 404", isNotFound: true, isRetryable: false)
            }
            return bytes
        }
    }

    package func streamBlob(_ descriptor: Descriptor) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        let bytes = try await fetchBlob(descriptor, limit: .max)
        return AsyncThrowingStream<[UInt8], any Error> {
            $0.yield(bytes); $0.finish()
        }
    }

    package func referrers(of digest: Digest, artifactType: String?, limit: Int) async throws -> [Descriptor] {
        try state.withLock { state in
            if state.broken.contains("referrers") {
                throw Failure(description: "HTTP 503", isNotFound: false, isRetryable: true)
            }
            // As the registry client does.
            let wanted = state.referrers.filter {
                artifactType == nil || $0.artifactType == nil || $0.artifactType?.description == artifactType
            }
            return Array(wanted.prefix(limit))
        }
    }

    @discardableResult
    package func add(blob: [UInt8], _ mediaType: MediaType, annotations: [String: String] = [:]) -> Descriptor {
        let digest = Digest.of(blob)
        state.withLock { $0.blobs[digest] = blob }
        return Descriptor(mediaType: mediaType, digest: digest, size: Int64(blob.count), annotations: annotations)
    }

    @discardableResult
    package func add(_ manifest: ImageManifest, tag: String? = nil) -> Descriptor {
        let bytes = manifest.serialized()
        let descriptor = Descriptor(
            mediaType: .ociManifest, digest: Digest.of(bytes), size: Int64(bytes.count),
            artifactType: manifest.artifactType)
        state.withLock { state in
            state.manifests[descriptor.digest] = FetchedManifest(descriptor: descriptor, bytes: bytes)
            if let tag { state.tags[tag] = descriptor.digest }
        }
        return descriptor
    }

    /// A bundle as cosign 3 pushes it.
    package func addBundle(
        _ bundle: [UInt8], type: MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json", announces: Bool = true,
        claimedSize: Int64? = nil, created: Timestamp? = nil
    ) {
        let config = add(blob: Array("{}".utf8), .ociEmpty)
        var layer = add(blob: bundle, type)
        if let claimedSize { layer.size = claimedSize }
        var descriptor = add(ImageManifest(artifactType: type, config: config, layers: [layer]))
        if !announces { descriptor.artifactType = nil }
        if let created { descriptor.annotations[AnnotationKey.created] = created.rfc3339 }
        state.withLock { $0.referrers.append(descriptor) }
    }

    /// Lists a manifest among the referrers.
    package func refer(_ descriptor: Descriptor) { state.withLock { $0.referrers.append(descriptor) } }

    /// Signatures as cosign 2 pushes them.
    package func addSignatures(
        of digest: Digest, _ layers: [(payload: [UInt8], annotations: [String: String])], sizes: Int64? = nil
    ) {
        let config = add(blob: Array("{}".utf8), .ociConfig)
        let descriptors = layers.map { layer in
            var descriptor = add(
                blob: layer.payload, "application/vnd.dev.cosign.simplesigning.v1+json", annotations: layer.annotations)
            if let sizes { descriptor.size = sizes }
            return descriptor
        }
        add(ImageManifest(config: config, layers: descriptors), tag: CosignVerifier.tag(of: digest))
    }
}
