package import Core
internal import Cryptography
package import OCI

/// A bundle as cosign 3 stores it: a manifest of its own that refers to what is signed.
package struct BundleReferrer: Sendable {
    /// The media type of bundles of the version that is written.
    package static let mediaType: MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// The manifest's configuration: the image specification's empty one.
    package let config: [UInt8] = Array("{}".utf8)
    package let manifest: ImageManifest

    /// The manifest for a bundle with cosign's signature of `subject`.
    package init(bundle: [UInt8], of subject: Descriptor, created: Timestamp) {
        let layer = Descriptor(mediaType: Self.mediaType, digest: .of(bundle), size: Int64(bundle.count))
        manifest = ImageManifest(
            artifactType: Self.mediaType,
            config: Descriptor(mediaType: .ociEmpty, digest: .of(config), size: Int64(config.count)), layers: [layer],
            subject: Descriptor(mediaType: subject.mediaType, digest: subject.digest, size: subject.size),
            annotations: [
                AnnotationKey.created: created.rfc3339, "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": InTotoStatement.cosignSignature,
            ])
    }
}
