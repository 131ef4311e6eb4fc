internal import Core

/// One object's place in the store.
final class ObjectSlot: Sendable {
    struct State: Sendable {
        var record = ObjectRecord()
        /// Whether the disk has the record too.
        var isWritten = true
        /// The object was removed: work that is still under way for it must leave nothing behind.
        var isRemoved = false
    }

    let object: ObjectKey
    /// Held over whole changes of the object's files, on threads that may block.
    let files = Locked(())
    /// Held for moments only.
    let state = Locked(State())

    init(_ object: ObjectKey) {
        self.object = object
    }

    var record: ObjectRecord { state.withLock { $0.record } }
}
