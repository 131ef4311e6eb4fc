internal import Core
internal import FileSystem

/// A text of the caller's that lives as long as the object's artifacts do, in the object's record: as durable and as
/// trusted as what the index says of the artifacts themselves.
extension ArtifactStore {
    /// The longest note, in bytes.
    package static var noteLimit: Int { ObjectRecord.noteLimit }

    /// The note that was kept last; nil when there is none or its record was lost.
    package func note(of object: ObjectKey) -> String? { slot(object)?.record.note }

    /// Keeps a note in place of the object's last one. Before the object has an artifact it is kept in memory only: the
    /// artifact's record takes it along.
    /// - Throws: `invalidObject`; `inputOutput` when the note is too long or cannot be written.
    package func keep(note: String, of object: ObjectKey) async throws(ArtifactStoreError) {
        try object.check()
        guard note.utf8.count <= ObjectRecord.noteLimit else {
            throw ArtifactStoreError(.inputOutput, "a note of \(note.utf8.count) bytes is too long for the index")
        }
        let slot = makeSlot(object)
        do {
            try await executor.run { [self] in
                try slot.files.withLock { _ in
                    var record = slot.record
                    guard record.note != note, !slot.state.withLock({ $0.isRemoved }) else { return }
                    record.note = note
                    if record.artifacts.isEmpty {
                        slot.state.withLock { $0.record = record }
                    } else {
                        try update(slot, to: record)
                    }
                }
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }
}
