/// A media type of manifests, configurations and layers.
///
/// Values compare by their bytes. Parameters (`; charset=utf-8`) are dropped and letters lowered when one comes from a
/// header; see `init(contentType:)`.
package struct MediaType: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    package let description: String

    /// The media type as written.
    package init(_ text: some StringProtocol) { description = String(text) }
    package init(stringLiteral value: String) { description = value }

    /// The media type of a `Content-Type` header: without parameters, in lower case.
    package init(contentType: some StringProtocol) {
        let bytes = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 }
            .map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        description = String(decoding: bytes, as: UTF8.self)
    }

    package static let ociManifest: MediaType = "application/vnd.oci.image.manifest.v1+json"
    package static let ociIndex: MediaType = "application/vnd.oci.image.index.v1+json"
    package static let dockerManifest: MediaType = "application/vnd.docker.distribution.manifest.v2+json"
    package static let dockerManifestList: MediaType = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerSchema1: MediaType = "application/vnd.docker.distribution.manifest.v1+json"
    package static let dockerSchema1Signed: MediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    package static let ociConfig: MediaType = "application/vnd.oci.image.config.v1+json"
    package static let ociEmpty: MediaType = "application/vnd.oci.empty.v1+json"
    package static let ociLayerTarGzip: MediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
    package static let dockerLayerTarGzip: MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    /// Configuration and layer of the artifacts that `push artifact` writes.
    package static let fluxConfig: MediaType = "application/vnd.cncf.flux.config.v1+json"
    package static let fluxContent: MediaType = "application/vnd.cncf.flux.content.v1.tar+gzip"
    package static let helmConfig: MediaType = "application/vnd.cncf.helm.config.v1+json"
    package static let helmChartContent: MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

    /// Whether this is one of the two image manifests.
    package var isImageManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// Whether this is one of the two lists of manifests.
    package var isIndex: Bool { self == .ociIndex || self == .dockerManifestList }
    /// Whether this is Docker's manifest schema 1, which we refuse.
    package var isSchema1: Bool { self == .dockerSchema1 || self == .dockerSchema1Signed }

    /// What requests for manifests accept.
    package static let acceptedManifests: [MediaType] = [.ociManifest, .ociIndex, .dockerManifest, .dockerManifestList]

    package static func == (one: MediaType, other: MediaType) -> Bool {
        one.description.utf8.elementsEqual(other.description.utf8)
    }
    package func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}

/// Annotation keys of the image specification that we read or write.
package enum AnnotationKey {
    package static let created = "org.opencontainers.image.created"
    package static let source = "org.opencontainers.image.source"
    package static let revision = "org.opencontainers.image.revision"
}
