internal import Core
internal import OCI
internal import RegistryClient
internal import Verification

/// Signs manifests of a repository and stores the signatures there.
struct SignaturePublisher {
    /// What became of a signature under a `.sig` tag.
    enum LegacyOutcome {
        case existed(tag: String)
        case added(tag: String)
    }

    private static let maximumTagUpdates = 5

    let repository: Repository
    let signer: ArtifactSigner

    /// Stores a bundle that refers to the manifest.
    func publishBundle(
        _ subject: Descriptor, created: Timestamp
    ) async throws -> (signature: Descriptor, mode: ReferrerListingMode) {
        let bundle = try signer.bundle(of: subject.digest)
        let referrer = BundleReferrer(bundle: bundle, of: subject, created: created)
        try await repository.push(referrer.manifest.config, content: .bytes(referrer.config))
        for layer in referrer.manifest.layers { try await repository.push(layer, content: .bytes(bundle)) }
        let (descriptor, mode) = try await repository.push(referrer: referrer.manifest)
        return (descriptor, mode)
    }

    /// Adds a layer to the image under the manifest's `.sig` tag.
    func publishLegacy(_ subject: Descriptor) async throws -> LegacyOutcome {
        let tag = CosignVerifier.tag(of: subject.digest)
        let signature = try signer.simpleSignature(
            of: subject.digest, repository: repository.reference.description)
        // The tag has no lock: somebody else's update may undo ours, so it is read again until it has the layer.
        for attempt in 0...Self.maximumTagUpdates {
            let existing = try await image(tag)
            if isSigned(existing, signature) { return attempt == 0 ? .existed(tag: tag) : .added(tag: tag) }
            guard (existing?.layers.count ?? 0) < SignatureImage.maximumLayers else {
                throw CommandFailure(
                    "the tag '\(tag)' has \(SignatureImage.maximumLayers) signatures or more; verifiers look at no more. Sign without --legacy, or remove the tag"
                )
            }
            guard attempt < Self.maximumTagUpdates else { break }
            let image = SignatureImage(adding: signature, to: existing)
            try await repository.push(SignatureImage.layer(signature), content: .bytes(signature.payload))
            try await repository.push(image.manifest.config, content: .bytes(image.config))
            try await repository.push(
                manifest: image.manifest.serialized(), mediaType: image.manifest.mediaType, reference: .tag(tag))
        }
        throw CommandFailure("others changed the tag '\(tag)' \(Self.maximumTagUpdates) times meanwhile; try again")
    }

    private func isSigned(_ image: ImageManifest?, _ signature: ArtifactSigner.SimpleSignature) -> Bool {
        let layer = SignatureImage.layer(signature)
        return (image?.layers ?? []).contains {
            $0.digest == layer.digest && signer.hasSigned(signature.payload, annotations: $0.annotations)
        }
    }

    /// The image under the tag; nil when there is none.
    private func image(_ tag: String) async throws -> ImageManifest? {
        let fetched: FetchedManifest
        do {
            fetched = try await repository.fetchManifest(.tag(tag))
        } catch let error as RegistryError where error.code == .notFound {
            return nil
        }
        guard case .image(let image) = try fetched.parsed() else {
            throw CommandFailure("the tag '\(tag)' is no image; remove it, or sign without --legacy")
        }
        return image
    }
}
