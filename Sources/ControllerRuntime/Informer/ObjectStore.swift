internal import Core
package import KubernetesAPI

/// The objects that an informer knows, for reading. Filled once before it is ready, then kept up to date.
package final class ObjectStore<Object: KubernetesObject>: Sendable {
    /// Objects are large values; the dictionary holds references, so that its spare capacity costs little.
    private final class Box: Sendable {
        let object: Object
        init(_ object: Object) { self.object = object }
    }

    private struct State: Sendable {
        var objects: [NamespacedName: Box] = [:]
        /// What the objects that cannot be read say of themselves.
        var unreadable: [NamespacedName: ObjectMeta] = [:]
        var isReady = false
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
    }

    private let state = Locked(State())
    private let transform: @Sendable (Object) -> Object
    private let onAdvance: @Sendable (Object, Object) -> Void

    /// - Parameter onAdvance: called with an object's former and new state where `advance` brought a change that somebody
    ///   else made.
    init(
        transform: @escaping @Sendable (Object) -> Object, onAdvance: @escaping @Sendable (Object, Object) -> Void
    ) {
        self.transform = transform
        self.onAdvance = onAdvance
    }

    /// The object called `key`, or nil if there is none.
    package func object(_ key: NamespacedName) -> Object? { state.withLock { $0.objects[key] }?.object }

    /// What the object called `key` says of itself if its newest state cannot be read, without labels and annotations; nil
    /// if it can, or there is none.
    package func unreadable(_ key: NamespacedName) -> ObjectMeta? { state.withLock { $0.unreadable[key] } }

    /// The keys of all objects, in no order.
    package var keys: [NamespacedName] { state.withLock { Array($0.objects.keys) } }

    /// All objects, in no order.
    package var objects: [Object] { state.withLock { Array($0.objects.values) }.map(\.object) }

    /// The number of objects.
    package var count: Int { state.withLock { $0.objects.count } }

    /// Whether the first list was complete.
    package var isReady: Bool { state.withLock { $0.isReady } }

    /// Returns once the store is ready.
    /// - Throws: `CancellationError`.
    package func waitUntilReady() async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.isReady { return .success(()) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    /// Puts the result of a write of one's own into the store before the watch brings it, so that the next reconciliation
    /// does not start from the state before. Only where nobody else's change can get lost: the store still holds `old`, and
    /// the server accepted the write on top of exactly that version. After a conflict `new` has what others changed too:
    /// that is told like a change of the watch, which will bring nothing new any more.
    package func advance(from old: Object, to new: Object) {
        let box = Box(transform(new))
        let replaced: Object? = state.withLock { state in
            guard let current = state.objects[old.key],
                current.object.metadata.resourceVersion == old.metadata.resourceVersion,
                current.object.metadata.uid == new.metadata.uid
            else { return nil }
            state.objects[old.key] = box
            return current.object
        }
        guard let replaced, box.object.metadata.isChangedByOthers(since: replaced.metadata) else { return }
        onAdvance(replaced, box.object)
    }

    // MARK: - Writing, for the informer

    func read(_ json: JSONValue) throws(ObjectDecodingError) -> Object { transform(try Object(json: json)) }

    /// What a watch's object is to the store.
    enum Insertion {
        case new
        case replacing(Object)
        /// The store was ahead of the watch and stays as it is.
        case outdated
    }

    func insert(_ object: Object) -> Insertion {
        let box = Box(object)
        return state.withLock { state in
            let current = state.objects[object.key]?.object
            if let current, object.metadata.isOlder(than: current.metadata) { return .outdated }
            state.unreadable[object.key] = nil
            state.objects[object.key] = box
            return current.map { .replacing($0) } ?? .new
        }
    }

    /// Notes the metadata of an object that cannot be read; what was known of it stays.
    func insertUnreadable(_ metadata: ObjectMeta) {
        state.withLock { $0.unreadable[metadata.key] = metadata }
    }

    /// - Returns: what was known of the object, and whether its newest state could not be read.
    func remove(_ key: NamespacedName) -> (last: Object?, wasUnreadable: Bool) {
        state.withLock { state in
            (state.objects.removeValue(forKey: key)?.object, state.unreadable.removeValue(forKey: key) != nil)
        }
    }

    /// Swaps the whole content and makes the store ready.
    /// - Parameter unreadable: the metadata of objects that cannot be read; what was known of them is among `objects`.
    /// - Returns: what changed, in the order of the keys.
    func replace(
        with objects: [NamespacedName: Object], unreadable: [NamespacedName: ObjectMeta] = [:]
    ) -> [InformerEvent<Object>] {
        let boxes = objects.mapValues(Box.init)
        let (old, oldUnreadable, wasReady, waiters) = state.withLock { state in
            let before = (state.objects, state.unreadable, state.isReady, Array(state.waiters.values))
            state.objects = boxes
            state.unreadable = unreadable
            state.isReady = true
            state.waiters = [:]
            return before
        }
        for waiter in waiters { waiter.resume() }
        var events: [InformerEvent<Object>] = []
        for (key, object) in objects {
            guard let previous = old[key]?.object else {
                events.append(.added(object, isInitial: !wasReady))
                continue
            }
            if previous.metadata.resourceVersion != object.metadata.resourceVersion {
                events.append(.updated(from: previous, to: object))
            }
        }
        for (key, box) in old where objects[key] == nil { events.append(.deleted(box.object)) }
        for (key, metadata) in unreadable where metadata.isBeingDeleted { events.append(.unreadableEnding(key)) }
        for key in oldUnreadable.keys where old[key] == nil && objects[key] == nil && unreadable[key] == nil {
            events.append(.unreadableEnding(key))
        }
        return events.sorted { $0.key < $1.key }
    }
}

extension ObjectMeta {
    fileprivate var key: NamespacedName { NamespacedName(namespace: namespace, name: name) }

    /// Whether this has what our own writes, of status and finalizers, do not change.
    fileprivate func isChangedByOthers(since old: ObjectMeta) -> Bool {
        generation != old.generation || isBeingDeleted != old.isBeingDeleted || annotations != old.annotations
    }

    /// Whether this is an earlier state of the same object, as far as the versions tell: those of Kubernetes' own servers
    /// are numbers that grow (API concepts, "Resource versions"). Where they are not, nothing is taken for older.
    fileprivate func isOlder(than other: ObjectMeta) -> Bool {
        guard uid == other.uid, let version = UInt64(resourceVersion), let newer = UInt64(other.resourceVersion) else {
            return false
        }
        return version < newer
    }
}
