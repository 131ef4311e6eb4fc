internal import Synchronization

/// Counts shared by a server's threads.
final class ServerCounters: Sendable {
    private let connections = Atomic<Int>(0)
    private let bufferedBytes = Atomic<Int>(0)
    private let peakBufferedBytes = Atomic<Int>(0)

    var openConnections: Int { connections.load(ordering: .relaxed) }
    var buffered: Int { bufferedBytes.load(ordering: .relaxed) }
    var peakBuffered: Int { peakBufferedBytes.load(ordering: .relaxed) }

    /// Counts a connection unless there are `limit` already.
    func open(limit: Int) -> Bool {
        let count = connections.wrappingAdd(1, ordering: .relaxed).newValue
        if count <= limit { return true }
        connections.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func close() {
        connections.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Stream content went into (or, negative, out of) the buffers.
    func buffer(_ count: Int) {
        let total = bufferedBytes.wrappingAdd(count, ordering: .relaxed).newValue
        if count > 0 { peakBufferedBytes.max(total, ordering: .relaxed) }
    }
}
