internal import Core
internal import Cryptography
package import OCI

/// The image under the tag that cosign 2 stores a manifest's signatures in: a layer for each.
package struct SignatureImage: Sendable {
    /// Layers that verifiers look at; one more would not count.
    package static var maximumLayers: Int { CosignVerifier.Limits().layers }

    package let config: [UInt8]
    package let manifest: ImageManifest

    /// The image with the layers that are there (of `existing`) and one for `signature`.
    package init(adding signature: ArtifactSigner.SimpleSignature, to existing: ImageManifest?) {
        let layer = Self.layer(signature)
        let layers = (existing?.layers ?? []) + [layer]
        // Layers are not packed: the digests of their content are those of the blobs.
        let value: JSONValue = [
            "architecture": "", "os": "", "config": [:],
            "rootfs": ["type": "layers", "diff_ids": .array(layers.map { .string($0.digest.description) })],
        ]
        config = value.serialized()
        manifest = ImageManifest(
            config: Descriptor(mediaType: .ociConfig, digest: .of(config), size: Int64(config.count)), layers: layers,
            annotations: existing?.annotations ?? [:])
    }

    /// The layer of a signature.
    package static func layer(_ signature: ArtifactSigner.SimpleSignature) -> Descriptor {
        Descriptor(
            mediaType: MediaType(SimpleSigningPayload.mediaType), digest: .of(signature.payload),
            size: Int64(signature.payload.count), annotations: signature.annotations)
    }
}
