/// The condition types of an OCIRepository, and how they combine into `Ready`.
package enum ConditionType {
    package static let ready = "Ready"
    package static let reconciling = "Reconciling"
    package static let stalled = "Stalled"
    package static let storageOperationFailed = "StorageOperationFailed"
    package static let fetchFailed = "FetchFailed"
    package static let artifactOutdated = "ArtifactOutdated"
    package static let artifactInStorage = "ArtifactInStorage"
    package static let sourceVerified = "SourceVerified"

    /// Conditions that are present only while something is not as it should be, the most important first: the order in
    /// which `Ready` takes over their reason and message.
    static let negativePolarity = [storageOperationFailed, fetchFailed, artifactOutdated, stalled, reconciling]
}

/// The reasons that conditions and events carry; people and tools match on these texts.
package enum ConditionReason {
    package static let succeeded = "Succeeded"
    package static let progressing = "Progressing"
    package static let progressingWithRetry = "ProgressingWithRetry"
    package static let newRevision = "NewRevision"
    package static let authenticationFailed = "AuthenticationFailed"
    package static let urlInvalid = "URLInvalid"
    package static let readOperationFailed = "ReadOperationFailed"
    package static let pullFailed = "OCIArtifactPullFailed"
    package static let layerOperationFailed = "OCIArtifactLayerOperationFailed"
    package static let verificationError = "VerificationError"
    package static let archiveOperationFailed = "ArchiveOperationFailed"
    package static let directoryCreationFailed = "DirectoryCreationFailed"
    package static let statOperationFailed = "StatOperationFailed"
    package static let featureGateDisabled = "FeatureGateDisabled"
    package static let invalidSpec = "InvalidSpec"
}
