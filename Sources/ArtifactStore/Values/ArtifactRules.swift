/// How a layer becomes an artifact.
package struct ArtifactRules: Sendable, Hashable {
    /// What is done with a layer.
    package enum Operation: String, Sendable, Hashable {
        /// It is a gzipped tar archive: checked, ignored paths left out, normalised where needed.
        case extract
        /// Its bytes are the artifact, whatever they are.
        case copy
    }

    package var operation: Operation
    /// The object's ignore rules; nil when it has none (the empty text replaces the default exclusions).
    package var ignore: String?
    /// Bounds of this object; nil for the store's.
    package var limits: ArtifactLimits?

    package init(operation: Operation = .extract, ignore: String? = nil, limits: ArtifactLimits? = nil) {
        self.operation = operation
        self.ignore = ignore
        self.limits = limits
    }
}
