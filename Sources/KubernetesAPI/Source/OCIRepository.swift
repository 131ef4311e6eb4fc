package import Core

/// A source of artifacts in an OCI registry (`source.toolkit.fluxcd.io`, kind OCIRepository).
package struct OCIRepository: KubernetesObject, Hashable {
    package static let group = "source.toolkit.fluxcd.io"
    package static let kind = "OCIRepository"
    /// The storage version `v1`; `v1beta2` has the same schema and is served for old clients.
    package static let resource = APIResource(group: group, version: "v1", plural: "ocirepositories", kind: kind)
    /// The finalizer that keeps a deleted object until its files are gone.
    package static let finalizer = "finalizers.fluxcd.io"
    /// The annotation whose change asks for a reconciliation.
    package static let requestedAtAnnotation = "reconcile.fluxcd.io/requestedAt"
    /// Annotations with this prefix go into the metadata of posted events.
    package static let eventAnnotationPrefix = "event.toolkit.fluxcd.io/"

    package var metadata: ObjectMeta
    package var spec: OCIRepositorySpec
    package var status: OCIRepositoryStatus

    /// An object from its parts.
    package init(metadata: ObjectMeta, spec: OCIRepositorySpec, status: OCIRepositoryStatus = OCIRepositoryStatus()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        let apiVersion = try reader.optionalString("apiVersion")
        guard apiVersion.map({ $0 == "\(Self.group)/v1" || $0 == "\(Self.group)/v1beta2" }) ?? true else {
            throw ObjectDecodingError(
                path: "apiVersion", message: "must be '\(Self.group)/v1' or '\(Self.group)/v1beta2'")
        }
        // Lists leave kind and apiVersion of custom resources in place, but a fake server may not.
        guard try reader.optionalString("kind").map({ $0 == Self.kind }) ?? true else {
            throw ObjectDecodingError(path: "kind", message: "must be '\(Self.kind)'")
        }
        metadata = try reader.object("metadata", ObjectMeta.init)
        spec = try reader.object("spec", OCIRepositorySpec.init)
        status = try reader.optionalObject("status", OCIRepositoryStatus.init) ?? OCIRepositoryStatus()
    }

    /// The reconciliation that a person asked for, by the value of the annotation; nil if none was.
    package var requestedReconcile: String? { metadata.annotations[Self.requestedAtAnnotation] }

    /// The object without what only takes memory: labels, and annotations that no part of this project reads. For stores
    /// that hold many.
    package func trimmed() -> OCIRepository {
        var object = self
        object.metadata.labels = [:]
        object.metadata.annotations = metadata.annotations.filter { name, _ in
            name == Self.requestedAtAnnotation || name.hasPrefix(Self.eventAnnotationPrefix)
        }
        return object
    }
}
