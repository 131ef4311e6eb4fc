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
    private var bytes = 0
    private let limit: Int
    /// The texts of the remembered objects may take this many bytes, though a few changes are always remembered.
    private static let byteLimit = 2 << 20
    private static let minimum = 128
    /// The version up to which changes are no longer known.
    private(set) var forgotten: UInt64

    init(limit: Int, forgotten: UInt64) {
        self.limit = max(1, limit)
        self.forgotten = forgotten
    }

    mutating func append(_ change: Change) {
        changes.append(change)
        bytes += change.object.bytes.count
        while changes.count - head > limit
            || (bytes > Self.byteLimit && changes.count - head > min(limit, Self.minimum))
        {
            forgotten = changes[head].version
            bytes -= changes[head].object.bytes.count
            head += 1
        }
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
        return changes[low...].prefix(count)
    }
}
