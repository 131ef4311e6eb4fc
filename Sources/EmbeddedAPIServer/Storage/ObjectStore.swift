internal import Core

/// Every object of the server, with one version counter for all of them as etcd has it.
///
/// Changes are made on one thread, in order; reads take a lock for as long as a dictionary look-up lasts. Objects are kept as
/// JSON text, because trees of a thousand objects would take several times the memory.
final class ObjectStore: Sendable {
    private struct Partition {
        /// Objects by namespace and name.
        var objects: [String: [String: StoredObject]] = [:]
        var history: ChangeHistory
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private struct State {
        var version: UInt64
        /// Versions below this one were given out by an earlier run.
        var firstVersion: UInt64
        var partitions: [StorageIdentity: Partition] = [:]
        var nextWatcher = 0
    }

    private let state: Locked<State>
    private let writer = BlockingExecutor(label: "embedded-api.writer", width: 1)
    private let log: StateLog?
    private let historyLimit: Int
    private let anyChange = Locked<AsyncStream<Void>.Continuation?>(nil)
    private let lastMaintained = Locked<UInt64>(0)

    /// A store over `log` (nil: nothing outlives the process) that keeps the last `historyLimit` changes of each kind.
    init(log: StateLog?, identities: [StorageIdentity], historyLimit: Int) throws {
        self.log = log
        self.historyLimit = historyLimit
        var state = State(version: 1, firstVersion: 1)
        var known: [String: StorageIdentity] = [:]
        for identity in identities { known[identity.logName] = identity }
        try log?.load { entry in
            switch entry {
            case .version(let version): state.version = max(state.version, version)
            case .put(let kind, let version, let bytes):
                guard let identity = known[kind] else { return }
                let object = try StoredObject(parsing: bytes, resourceVersion: version)
                state.partitions[
                    identity, default: Partition(history: ChangeHistory(limit: historyLimit, forgotten: 0))
                ]
                .objects[object.namespace, default: [:]][object.name] = object
                state.version = max(state.version, version)
            case .delete(let kind, let version, let namespace, let name):
                state.version = max(state.version, version)
                guard let identity = known[kind] else { return }
                state.partitions[identity]?.objects[namespace]?[name] = nil
            }
        }
        state.firstVersion = state.version
        for identity in identities {
            let objects = state.partitions[identity]?.objects ?? [:]
            state.partitions[identity] = Partition(
                objects: objects, history: ChangeHistory(limit: historyLimit, forgotten: state.version))
        }
        self.state = Locked(state)
    }

    /// The newest version.
    var version: UInt64 { state.withLock { $0.version } }

    /// One object.
    func object(_ identity: StorageIdentity, namespace: String, name: String) -> StoredObject? {
        state.withLock { $0.partitions[identity]?.objects[namespace]?[name] }
    }

    /// The objects of a namespace (nil: of all), sorted by namespace and name, and the version they are of.
    func objects(_ identity: StorageIdentity, namespace: String?) -> (objects: [StoredObject], version: UInt64) {
        let (groups, version) = state.withLock { state -> ([(String, [String: StoredObject])], UInt64) in
            let all = state.partitions[identity]?.objects ?? [:]
            if let namespace { return ([(namespace, all[namespace] ?? [:])], state.version) }
            return (all.map { ($0.key, $0.value) }, state.version)
        }
        let sorted = groups.sorted { Self.precedes($0.0 + "/", $1.0 + "/") }
        var objects: [StoredObject] = []
        objects.reserveCapacity(groups.reduce(0) { $0 + $1.1.count })
        for (_, group) in sorted { objects += group.values.sorted { Self.precedes($0.name, $1.name) } }
        return (objects, version)
    }

    /// The objects as they were at `version`; nil when that is no longer known.
    func objects(
        _ identity: StorageIdentity, namespace: String?, at version: UInt64
    ) -> [StoredObject]? {
        let (current, newest) = objects(identity, namespace: namespace)
        if newest == version { return current }
        guard version < newest, let changes = changes(identity, after: version, count: .max) else { return nil }
        if changes.isEmpty { return current }
        var byKey: [String: StoredObject] = [:]
        for object in current { byKey[object.namespace + "/" + object.name] = object }
        for change in changes.reversed() where namespace == nil || change.object.namespace == namespace {
            byKey[change.object.namespace + "/" + change.object.name] = change.previous
        }
        return byKey.sorted { Self.precedes($0.key, $1.key) }.map(\.value)
    }

    /// The changes after `version`, at most `count`; nil when some of them are forgotten.
    func changes(_ identity: StorageIdentity, after version: UInt64, count: Int) -> [Change]? {
        state.withLock { state in
            state.partitions[identity]?.history.changes(after: version, count: count).map { Array($0) }
        }
    }

    /// The version up to which changes of a kind are forgotten.
    func forgottenVersion(_ identity: StorageIdentity) -> UInt64 {
        state.withLock { $0.partitions[identity]?.history.forgotten ?? $0.version }
    }

    /// Whether a namespace holds any object, of whatever kind.
    func isEmpty(namespace: String, among identities: [StorageIdentity]) -> Bool {
        state.withLock { state in
            identities.allSatisfy { state.partitions[$0]?.objects[namespace]?.isEmpty ?? true }
        }
    }

    // MARK: Watching

    /// Yields to `signal` after every change of a kind until `removeWatcher` is called with the answer.
    func addWatcher(_ identity: StorageIdentity, signal: AsyncStream<Void>.Continuation) -> Int {
        state.withLock { state in
            state.nextWatcher += 1
            state.partitions[identity]?.watchers[state.nextWatcher] = signal
            return state.nextWatcher
        }
    }

    func removeWatcher(_ identity: StorageIdentity, _ number: Int) {
        state.withLock { state in
            _ = state.partitions[identity]?.watchers.removeValue(forKey: number)
        }
    }

    // MARK: Changing

    /// Runs `body` on the writer's thread: nothing else changes the store meanwhile.
    func change<Success: Sendable>(
        _ body: @escaping @Sendable (Writer) throws -> Success
    ) async throws -> Success {
        try await writer.run { try body(Writer(store: self)) }
    }

    /// Runs `body` on the calling thread. Only for the time before the store is handed to anybody else.
    func changeBeforeUse(_ body: (Writer) throws -> Void) throws {
        try body(Writer(store: self))
        state.withLock { state in
            for identity in state.partitions.keys {
                state.partitions[identity]?.history = ChangeHistory(limit: historyLimit, forgotten: state.version)
            }
        }
    }

    /// Waits for the next change of anything, at most for `limit`.
    /// - Throws: `CancellationError`.
    func waitForChange(time: any TimeSource, atMost limit: Duration) async throws {
        guard log != nil else { return try await time.sleep(for: limit) }
        let version = version
        guard version == lastMaintained.current else { return }
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        anyChange.withLock { $0 = continuation }
        if self.version != version { continuation.yield() }
        let clock = Task { [time] in
            try? await time.sleep(for: limit)
            continuation.yield()
        }
        defer { clock.cancel() }
        for await _ in signal { break }
        try Task.checkCancellation()
    }

    /// The right to change the store; only the writer's thread has one, and does not keep it.
    struct Writer {
        fileprivate let store: ObjectStore

        /// The version that the next change gets.
        var nextVersion: UInt64 { store.version + 1 }

        /// Stores `value` as a new version of its object and tells the watchers. The version is written into it.
        func put(_ identity: StorageIdentity, _ value: JSONValue) throws -> StoredObject {
            let version = nextVersion
            var value = value
            value["metadata", default: [:]]["resourceVersion"] = .string(String(version))
            let object = StoredObject(value: value, resourceVersion: version)
            try store.log?.append(.put(identity.logName, version, object.bytes))
            let previous = store.object(identity, namespace: object.namespace, name: object.name)
            store.publish(
                identity, Change(kind: previous == nil ? .added : .modified, object: object, previous: previous))
            return object
        }

        /// Removes an object; watchers see `value`, its last state.
        func delete(_ identity: StorageIdentity, _ object: StoredObject, last value: JSONValue) throws -> StoredObject {
            let version = nextVersion
            var value = value
            value["metadata", default: [:]]["resourceVersion"] = .string(String(version))
            let final = StoredObject(value: value, resourceVersion: version)
            try store.log?.append(.delete(identity.logName, version, object.namespace, object.name))
            store.publish(identity, Change(kind: .deleted, object: final, previous: object))
            return final
        }
    }

    private func publish(_ identity: StorageIdentity, _ change: Change) {
        let watchers = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            state.version = change.version
            let forgotten = state.firstVersion
            var partition =
                state.partitions.removeValue(forKey: identity)
                ?? Partition(history: ChangeHistory(limit: historyLimit, forgotten: forgotten))
            let object = change.object
            if change.kind == .deleted {
                partition.objects[object.namespace]?[object.name] = nil
                if partition.objects[object.namespace]?.isEmpty == true { partition.objects[object.namespace] = nil }
            } else {
                partition.objects[object.namespace, default: [:]][object.name] = object
            }
            partition.history.append(change)
            let watchers = Array(partition.watchers.values)
            state.partitions[identity] = partition
            return watchers
        }
        for watcher in watchers { watcher.yield() }
        anyChange.withLock { waiter in
            waiter?.yield()
            waiter = nil
        }
    }

    // MARK: Housekeeping

    /// Writes what the system still buffers to the disk, and rewrites the log when most of it is outdated.
    func maintain() async throws {
        guard let log else { return }
        let maintained = version
        lastMaintained.withLock { $0 = maintained }
        if log.wantsCompaction {
            try await writer.run {
                let (objects, version) = self.state.withLock { state in
                    (
                        state.partitions.map { ($0.key.logName, $0.value.objects.values.flatMap(\.values)) },
                        state.version
                    )
                }
                try log.rewrite(version: version, objects: objects)
            }
        }
        try await log.synchronize()
    }

    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension StorageIdentity {
    /// The name of the kind in the log.
    var logName: String { group.isEmpty ? plural : "\(plural).\(group)" }
}
