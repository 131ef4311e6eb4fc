/// One change of the store.
struct Change: Sendable {
    enum Kind: Sendable {
        case added, modified, deleted
    }

    let kind: Kind
    /// The object after the change; for a deletion its last state with the version of the deletion.
    let object: StoredObject
    /// The object before the change.
    let previous: StoredObject?

    var version: UInt64 { object.resourceVersion }
}

/// The newest changes of one kind of object, oldest first.
struct ChangeHistory: Sendable {
    private var changes: [Change] = []
    private var head = 0
    private let limit: Int
    /// The version up to which changes are no longer known.
    private(set) var forgotten: UInt64

    init(limit: Int, forgotten: UInt64) {
        self.limit = max(1, limit)
        self.forgotten = forgotten
    }

    mutating func append(_ change: Change) {
        changes.append(change)
        guard changes.count - head > limit else { return }
        forgotten = changes[head].version
        head += 1
        // Spent entries go in batches, so that a full history costs no shifting per change.
        if head >= 256 {
            changes.removeFirst(head)
            head = 0
        }
    }

    /// The changes after `version`, at most `count`; nil when some of them are forgotten.
    func changes(after version: UInt64, count: Int) -> ArraySlice<Change>? {
        guard version >= forgotten else { return nil }
        var low = head
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return changes[low..<min(changes.count, low + count)]
    }
}
