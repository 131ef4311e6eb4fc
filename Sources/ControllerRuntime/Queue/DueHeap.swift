/// A binary min-heap of keys by due time; equal times in the order of insertion. Entries are not removed when they become
/// stale: the owner tells by their ticket.
struct DueHeap<Key: Sendable>: Sendable {
    struct Entry: Sendable {
        let due: Duration
        let ticket: UInt64
        let key: Key

        func precedes(_ other: Entry) -> Bool { (due, ticket) < (other.due, other.ticket) }
    }

    private var entries: [Entry] = []

    var first: Entry? { entries.first }
    var count: Int { entries.count }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].precedes(entries[parent]) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            siftDown()
        }
        return first
    }

    /// Keeps only the entries that `isCurrent` is true for.
    mutating func compact(_ isCurrent: (Entry) -> Bool) {
        let kept = entries.filter(isCurrent)
        entries = []
        for entry in kept { insert(entry) }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            let left = parent * 2 + 1
            guard left < entries.count else { return }
            let right = left + 1
            let child = right < entries.count && entries[right].precedes(entries[left]) ? right : left
            guard entries[child].precedes(entries[parent]) else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
