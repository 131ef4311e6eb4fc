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
    private let handlers = Locked<[@Sendable (InformerEvent<Object>) -> Void]>([])

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
        store = ObjectStore(transform: transform)
        self.time = time
        self.random = random
        self.logger = logger.with(["resource": .string(resource.description)])
    }

    /// Calls `handler` for every change from now on, in order, after the store has it. It must not block. Register before
    /// `run`, or changes are missed.
    package func onChange(_ handler: @escaping @Sendable (InformerEvent<Object>) -> Void) {
        handlers.withLock { $0.append(handler) }
    }

    /// Lists and watches until cancelled.
    package func run() async throws {
        var machine = WatchStateMachine(pageSize: pageSize)
        var random = random
        var buffer: [NamespacedName: Object] = [:]
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
        _ token: String, _ limit: Int?, _ machine: inout WatchStateMachine, _ buffer: inout [NamespacedName: Object]
    ) async {
        do throws(KubernetesError) {
            let page = try await server.list(resource, scope, limit: limit, continueToken: token)
            for item in page.items {
                // An object that cannot be read is not one that is gone: what was known of it stays.
                guard let object = decode(item) ?? store.object(Self.key(of: item)) else { continue }
                buffer[object.key] = object
            }
            let effect = machine.receivedPage(
                resourceVersion: page.metadata.resourceVersion, continueToken: page.metadata.continueToken)
            guard effect == .bufferAndSwap else { return }
            let events = store.replace(with: buffer)
            logger.debug("Listed", ["objects": .integer(Int64(buffer.count))])
            buffer = [:]
            for event in events { tell(event) }
        } catch {
            if machine.listFailed(isGone: error.isGone, retryAfter: error.retryAfter) == .discardBuffer { buffer = [:] }
            guard error.code != .cancelled else { return }
            logger.error("Listing failed; it is tried again", error: error)
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
            _ = machine.watchFailed(isGone: error.isGone, retryAfter: error.retryAfter)
            guard error.code != .cancelled else { return }
            if error.isGone {
                logger.info("The watch's history is gone; listing again")
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
            guard machine.receivedEvent(resourceVersion: Self.version(of: json), isBookmark: false) == .apply,
                let object = decode(json)
            else { return }
            insert(object)
        case .deleted(let json):
            guard machine.receivedEvent(resourceVersion: Self.version(of: json), isBookmark: false) == .apply else {
                return
            }
            if let last = store.remove(Self.key(of: json)) { tell(.deleted(decode(json) ?? last)) }
        }
    }

    private func insert(_ object: Object) {
        guard let old = store.insert(object) else { return tell(.added(object, isInitial: false)) }
        // After `ObjectStore.advance` the watch brings what is already known.
        guard old.metadata.resourceVersion != object.metadata.resourceVersion else { return }
        tell(.updated(from: old, to: object))
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

    private static func version(of json: JSONValue) -> String {
        json.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
    }
}
