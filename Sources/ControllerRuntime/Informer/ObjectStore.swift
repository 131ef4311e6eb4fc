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
        var isReady = false
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
    }

    private let state = Locked(State())
    private let transform: @Sendable (Object) -> Object

    init(transform: @escaping @Sendable (Object) -> Object) {
        self.transform = transform
    }

    /// The object called `key`, or nil if there is none.
    package func object(_ key: NamespacedName) -> Object? { state.withLock { $0.objects[key] }?.object }

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
    /// the server accepted the write on top of exactly that version.
    package func advance(from old: Object, to new: Object) {
        let box = Box(transform(new))
        state.withLock { state in
            guard let current = state.objects[old.key],
                current.object.metadata.resourceVersion == old.metadata.resourceVersion,
                current.object.metadata.uid == new.metadata.uid
            else { return }
            state.objects[old.key] = box
        }
    }

    // MARK: - Writing, for the informer

    func read(_ json: JSONValue) throws(ObjectDecodingError) -> Object { transform(try Object(json: json)) }

    func insert(_ object: Object) -> Object? {
        let box = Box(object)
        return state.withLock { $0.objects.updateValue(box, forKey: object.key) }?.object
    }

    func remove(_ key: NamespacedName) -> Object? {
        state.withLock { $0.objects.removeValue(forKey: key) }?.object
    }

    /// Swaps the whole content and makes the store ready.
    /// - Returns: what changed, in the order of the keys.
    func replace(with objects: [NamespacedName: Object]) -> [InformerEvent<Object>] {
        let boxes = objects.mapValues(Box.init)
        let (old, wasReady, waiters) = state.withLock { state in
            let before = (state.objects, state.isReady, Array(state.waiters.values))
            state.objects = boxes
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
        return events.sorted { $0.key < $1.key }
    }
}
