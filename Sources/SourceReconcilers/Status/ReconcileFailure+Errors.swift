internal import ArtifactStore
internal import Core
internal import OCI
internal import RegistryClient

/// The one place where other modules' errors become conditions.
extension ReconcileFailure {
    /// A failure to get something from the registry.
    init(fetching error: any Error, reason: String, prefix: String) {
        var recovery = Recovery.retry
        if let error = error as? RegistryError, let delay = error.retryAfter { recovery = .retryAfter(delay) }
        self.init(
            .fetch, reason: reason, message: "\(prefix): \(Self.text(of: error))",
            particulars: (error as? RegistryError)?.particulars, recovery: recovery)
    }

    /// A failure to make an artifact of a layer and store it.
    init(storing error: ArtifactStoreError, from url: String) {
        switch error.category {
        case .content:
            self.init(
                .fetch, reason: ConditionReason.layerOperationFailed,
                message: "failed to extract layer contents from artifact: \(error)", particulars: error.particulars)
        case .download:
            self.init(
                fetching: error.underlying ?? error, reason: ConditionReason.pullFailed,
                prefix: "failed to pull artifact from '\(url)'")
        case .storage where error.code == .folder:
            self.init(
                .storage, reason: ConditionReason.directoryCreationFailed,
                message: "failed to create artifact directory: \(error)")
        case .storage, .cancelled:
            self.init(
                .storage, reason: ConditionReason.archiveOperationFailed,
                message: "unable to archive artifact to storage: \(error)", particulars: error.particulars)
        }
    }

    private static func text(of error: any Error) -> String {
        switch error {
        case is CancellationError: "cancelled"
        case let error as OCIError: "\(error)\(SpecAdvice.ending(error))"
        default: String(describing: error)
        }
    }
}
