package import Core

/// An artifact in the store.
package struct StoredArtifact: Sendable, Hashable {
    /// Below the storage path and in URLs: `ocirepository/<namespace>/<name>/<file>`.
    package let path: String
    /// Of the stored file.
    package let digest: Digest
    /// Bytes of the stored file.
    package let size: Int64
    /// What it was made from; empty for a file that the store found without a record of it.
    package let revision: String
    /// When it was stored.
    package let storedAt: Timestamp
    /// What was left out because artifacts cannot hold it.
    package let skipped: SkippedEntries
    /// Whether it is kept without being served; see ``ArtifactStore/withhold(_:)``.
    package let isWithheld: Bool
}
