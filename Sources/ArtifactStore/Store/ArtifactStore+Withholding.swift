internal import Core
internal import FileSystem

extension ArtifactStore {
    /// Stops serving every artifact of an object; what is under way is sent to its end. The files stay, and requests for
    /// them are answered with 404 and a text that says so. It survives restarts and losses of power.
    ///
    /// An artifact is served again once it is stored again: ``rebuild(object:revision:revisionDigest:layerDigest:layerSize:rules:)``
    /// does that without a download.
    /// - Throws: `inputOutput` when that cannot be written down; nothing is served all the same until the next start. Calling
    ///   it again tries to write it again.
    package func withhold(_ object: ObjectKey) async throws(ArtifactStoreError) {
        do {
            try object.check()
            guard let slot = slot(object) else { return }
            try await executor.run { [self] in
                try slot.files.withLock { _ in
                    guard !slot.state.withLock({ $0.isRemoved }) else { return }
                    var record = slot.record
                    for index in record.artifacts.indices { record.artifacts[index].isWithheld = true }
                    // Another call may have failed to write it down.
                    guard record != slot.record || !slot.state.withLock({ $0.isWritten }) else { return }
                    try enforce(record, in: slot, isDurable: true)
                }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }
}
