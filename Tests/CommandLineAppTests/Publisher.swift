import Cryptography
import HTTPTransport
import OCI
import RegistryClient

/// Publishes a layer as it is.
enum Publisher {
    static func publish(_ layer: [UInt8], at name: String, tag: String) async throws {
        let target = RegistryClient(http: CurlClient()).repository(try RepositoryReference(parsing: name))
        let config = Array("{}".utf8)
        let configDescriptor = Descriptor(mediaType: .fluxConfig, digest: .of(config), size: Int64(config.count))
        let layerDescriptor = Descriptor(mediaType: .fluxContent, digest: .of(layer), size: Int64(layer.count))
        try await target.push(configDescriptor, content: .bytes(config))
        try await target.push(layerDescriptor, content: .bytes(layer))
        let manifest = ImageManifest(config: configDescriptor, layers: [layerDescriptor])
        try await target.push(manifest: manifest.serialized(), mediaType: .ociManifest, reference: .tag(tag))
    }
}
