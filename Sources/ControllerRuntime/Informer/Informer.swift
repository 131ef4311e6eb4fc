package import Core
package import KubernetesAPI
package import KubernetesClient

/// Keeps a store in step with the objects of a resource and tells of every change.
///
/// A service that never gives up: failures are logged, backed off and tried again. The whole state is in the store and in
/// `WatchStateMachine`; this type does their I/O.
package final class Informer<Object: KubernetesObject>: Service {
    private let server: any KubernetesAPIServer
    private let resource: APIResource
    private let scope: ObjectScope
    private let pageSize: Int
    private let time: any TimeSource
    private let random: RandomSource
    private let logger: Logger
    private let handlers: Locked<[@Sendable (InformerEvent<Object>) -> Void]>

    /// What the informer knows.
    package let store: ObjectStore<Object>

    /// An informer that is not running yet.
    /// - Parameters:
    ///   - resource: where the objects are; their type's own unless told otherwise.
    ///   - transform: what is kept of each object; drop what only takes memory.
    package init(
        server: any KubernetesAPIServer, resource: APIResource = Object.resource, scope: ObjectScope = ObjectScope(),
        pageSize: Int = 500, time: any TimeSource = SystemTime(), random: RandomSource = .system,
        logger: Logger = .disabled, transform: @escaping @Sendable (Object) -> Object = { $0 }
    ) {
        self.server = server
        self.resource = resource
        self.scope = scope
        self.pageSize = pageSize
        let handlers = Locked<[@Sendable (InformerEvent<Object>) -> Void]>([])
        self.handlers = handlers
        store = ObjectStore(transform: transform) { old, new in
            for handler in handlers.current { handler(.updated(from: old, to: new)) }
        }
        self.time = time
        self.random = random
        self.logger = logger.with(["resource": .string(resource.description)])
    }

    /// Calls `handler` for every change from now on, in order, after the store has it. It must not block. Register before
    /// `run`, or changes are missed.
    package func onChange(_ handler: @escaping @Sendable (InformerEvent<Object>) -> Void) {
        handlers.withLock { $0.append(handler) }
    }

    /// What the pages of a list that is under way brought.
    private struct Buffer {
        var objects: [NamespacedName: Object] = [:]
        var unreadable: [NamespacedName: ObjectMeta] = [:]
    }

    /// Lists and watches until cancelled.
    package func run() async throws {
        var machine = WatchStateMachine(pageSize: pageSize)
        var random = random
        var buffer = Buffer()
        while !Task.isCancelled {
            switch machine.nextStep(using: &random) {
            case .wait(let delay): try? await time.sleep(for: delay)
            case .list(let token, let limit): await list(token, limit, &machine, &buffer)
            case .watch(let version, let timeout): await watch(version, timeout, &machine)
            }
        }
    }

    // MARK: - Listing

    private func list(
        _ token: String, _ limit: Int?, _ machine: inout WatchStateMachine, _ buffer: inout Buffer
    ) async {
        do throws(KubernetesError) {
            let page = try await server.list(resource, scope, limit: limit, continueToken: token)
            for item in page.items {
                if let object = decode(item) {
                    buffer.objects[object.key] = object
                    continue
                }
                // An object that cannot be read is not one that is gone: what was known of it stays.
                let key = Self.key(of: item)
                buffer.unreadable[key] = Self.metadata(of: item)
                if let known = store.object(key) { buffer.objects[key] = known }
            }
            let effect = machine.receivedPage(
                resourceVersion: page.metadata.resourceVersion, continueToken: page.metadata.continueToken)
            guard effect == .bufferAndSwap else { return }
            let events = store.replace(with: buffer.objects, unreadable: buffer.unreadable)
            logger.debug("Listed", ["objects": .integer(Int64(buffer.objects.count))])
            buffer = Buffer()
            for event in events { tell(event) }
        } catch {
            let effect = machine.listFailed(
                isGone: error.isGone, isTooLarge: error.code == .tooLarge, retryAfter: error.retryAfter)
            if effect == .discardBuffer { buffer = Buffer() }
            guard error.code != .cancelled else { return }
            if error.code == .tooLarge {
                logger.error("A page of the list is too large; smaller ones are asked for", error: error)
            } else {
                logger.error("Listing failed; it is tried again", error: error)
            }
        }
    }

    // MARK: - Watching

    private func watch(_ version: String, _ timeout: Duration, _ machine: inout WatchStateMachine) async {
        let begin = time.uptime
        do throws(KubernetesError) {
            let stream = try await server.watch(resource, scope, resourceVersion: version, timeout: timeout)
            while let event = try await stream.next() {
                try handle(event, &machine)
            }
            machine.watchEnded(lifetime: time.uptime - begin)
        } catch {
            let isUnreadable = error.code == .invalidResponse
            _ = machine.watchFailed(isGone: error.isGone, isUnreadable: isUnreadable, retryAfter: error.retryAfter)
            guard error.code != .cancelled else { return }
            if error.isGone {
                logger.info("The watch's history is gone; listing again")
            } else if isUnreadable {
                logger.error("The watch brought what cannot be read; listing again", error: error)
            } else {
                logger.error("Watching failed; it is resumed", error: error)
            }
        }
    }

    private func handle(_ event: WatchEvent, _ machine: inout WatchStateMachine) throws(KubernetesError) {
        switch event {
        case .bookmark(let version): _ = machine.receivedEvent(resourceVersion: version, isBookmark: true)
        case .error(let status): throw KubernetesError(status: status)
        case .added(let json), .modified(let json):
            guard machine.receivedEvent(resourceVersion: Self.version(of: json), isBookmark: false) == .apply else {
                return
            }
            if let object = decode(json) { insert(object) } else { insertUnreadable(Self.metadata(of: json)) }
        case .deleted(let json):
            guard machine.receivedEvent(resourceVersion: Self.version(of: json), isBookmark: false) == .apply else {
                return
            }
            let key = Self.key(of: json)
            let (last, wasUnreadable) = store.remove(key)
            if let last {
                tell(.deleted(decode(json) ?? last))
            } else if wasUnreadable {
                tell(.unreadableEnding(key))
            }
        }
    }

    private func insert(_ object: Object) {
        // After `ObjectStore.advance` the watch brings what is already known.
        switch store.insert(object) {
        case .new: tell(.added(object, isInitial: false))
        case .replacing(let old) where old.metadata.resourceVersion != object.metadata.resourceVersion:
            tell(.updated(from: old, to: object))
        case .replacing, .outdated: break
        }
    }

    private func insertUnreadable(_ metadata: ObjectMeta) {
        store.insertUnreadable(metadata)
        guard metadata.isBeingDeleted else { return }
        tell(.unreadableEnding(NamespacedName(namespace: metadata.namespace, name: metadata.name)))
    }

    private func decode(_ json: JSONValue) -> Object? {
        do throws(ObjectDecodingError) {
            return try store.read(json)
        } catch {
            let key = Self.key(of: json)
            logger.error(
                "An object cannot be read; its change is left out", error: error,
                ["namespace": .string(key.namespace), "name": .string(key.name)])
            return nil
        }
    }

    private func tell(_ event: InformerEvent<Object>) {
        for handler in handlers.current { handler(event) }
    }

    private static func key(of json: JSONValue) -> NamespacedName {
        let metadata = json["metadata"]
        return NamespacedName(
            namespace: metadata?["namespace"]?.stringValue ?? "", name: metadata?["name"]?.stringValue ?? "")
    }

    /// What an object that cannot be read says of itself, without what nobody will ask for.
    private static func metadata(of json: JSONValue) -> ObjectMeta {
        let key = key(of: json)
        guard var metadata = (try? MetadataObject(json: json))?.metadata else {
            return ObjectMeta(name: key.name, namespace: key.namespace)
        }
        metadata.labels = [:]
        metadata.annotations = [:]
        return metadata
    }

    private static func version(of json: JSONValue) -> String {
        json.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
    }
}
