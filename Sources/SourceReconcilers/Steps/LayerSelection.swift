internal import Core
internal import KubernetesAPI
internal import OCI

extension ImageManifest {
    /// The layer that `selector` asks for: the first one, or the first of its media type.
    /// - Throws: a failure in the words of the contract, with what the manifest has instead.
    func layer(selectedBy selector: OCIRepositorySpec.LayerSelector?) throws(ReconcileFailure) -> Descriptor {
        guard let first = layers.first else {
            throw ReconcileFailure(
                .fetch, reason: ConditionReason.layerOperationFailed, message: "no layers found in artifact")
        }
        guard let wanted = selector?.mediaType else { return first }
        if let layer = layers.first(where: { $0.mediaType == MediaType(wanted) }) { return layer }
        let found = layers.lazy.map { "'\(RemoteText.printable($0.mediaType.description))'" }.listed(atMost: 8)
        throw ReconcileFailure(
            .fetch, reason: ConditionReason.layerOperationFailed,
            message: "failed to find layer with media type '\(wanted)' in artifact; it has \(found)")
    }
}
