package import KubernetesAPI

/// Everything that one reconcile has seen so far: a plain value, from which `status(from:observing:at:)` makes the status.
package struct Observation: Sendable, Hashable {
    /// What the content store holds for the object.
    package enum StoredContent: Sendable, Hashable {
        /// Not looked at yet: the status keeps what it says.
        case notExamined
        /// The advertised artifact is there; its URLs are the current ones.
        case present(Artifact, latestURL: String)
        /// Nothing was ever stored.
        case absent
        /// The status advertises an artifact whose file is gone or is not what was stored.
        case disappeared
        /// It is kept, but no signature vouches for it, so that nobody is given it.
        case withheld
    }

    /// How the signature stands.
    package enum SignatureVerdict: Sendable, Hashable {
        /// The spec asks for no verification.
        case notRequired
        /// An earlier verdict still holds, or this reconcile has not come to it.
        case unchanged
        /// Some signature satisfies the policy; the text is the condition's message. The annotations tell programs who
        /// signed, in the events about the artifact.
        case verified(message: String, annotations: [String: String] = [:])
        /// The policy says that this artifact needs no verdict.
        case ignored
    }

    /// A revision in the registry that is not the stored one.
    package struct NewRevision: Sendable, Hashable {
        package let revision: String
        /// The reference as the user knows it, such as `oci://host/path:tag`.
        package let reference: String

        /// The revision that `reference` now has.
        package init(revision: String, reference: String) {
            self.revision = revision
            self.reference = reference
        }
    }

    /// Where the reconcile stands.
    package enum Progress: Sendable, Hashable {
        case running
        case suspended
        case failed(ReconcileFailure)
        /// The store holds what the spec asks for.
        case stored(Artifact, latestURL: String)
    }

    /// `metadata.generation` of the object as reconciled.
    package var generation: Int64
    /// The value of the annotation that asked for a reconcile, if there is one.
    package var requestedAt: String?
    /// `spec.ignore` and `spec.layerSelector` as reconciled; they become the observed ones when the artifact is stored.
    package var ignore: String?
    package var layerSelector: OCIRepositorySpec.LayerSelector?
    package var content: StoredContent = .notExamined
    package var signature: SignatureVerdict = .unchanged
    package var newRevision: NewRevision?
    /// Which manifest of an index was chosen and why; nil where there was no index.
    package var selection: String?
    package var progress: Progress = .running

    /// A reconcile that has just begun.
    package init(
        generation: Int64, requestedAt: String?, ignore: String? = nil,
        layerSelector: OCIRepositorySpec.LayerSelector? = nil
    ) {
        self.generation = generation
        self.requestedAt = requestedAt
        self.ignore = ignore
        self.layerSelector = layerSelector
    }
}
