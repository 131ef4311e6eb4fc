package import Core
package import KubernetesAPI
package import KubernetesClient

/// Watches the objects (such as Secrets) that failing objects refer to, and tells when one of them changes, so that the
/// failing object can be tried at once. Only metadata is read. Bounded: beyond the limit nothing is watched, and the object's
/// own retries have to do.
package final class ReferenceWatcher: Service {
    private struct State: Sendable {
        /// For each owner the references and the version of each that it worked with; empty for "there was none".
        var owners: [NamespacedName: [NamespacedName: String]] = [:]
        /// For each reference that is watched the version that was told last; empty for "there is none".
        var seen: [NamespacedName: String] = [:]
        /// What is watched already and has to be read anew: an owner came that worked with another version than the one seen.
        /// Which of the two is newer only the API server can say.
        var stale: Set<NamespacedName> = []
    }

    private struct Following: Sendable {
        let task: Task<Void, Never>
        let hasEnded: Locked<Bool>
    }

    private let server: any KubernetesAPIServer
    private let resource: APIResource
    private let limit: Int
    private let onChange: @Sendable (NamespacedName) -> Void
    private let time: any TimeSource
    private let random: RandomSource
    private let logger: Logger
    private let state = Locked(State())
    private let changed = Wakeup()

    /// A watcher that does not run yet.
    /// - Parameters:
    ///   - resource: what is referred to.
    ///   - limit: watches at a time; well below what the client does at a time with one server.
    ///   - onChange: called with the owner whenever something it refers to is not what it worked with; must not block.
    package init(
        server: any KubernetesAPIServer, resource: APIResource = Secret.resource, limit: Int = 32,
        time: any TimeSource = SystemTime(), random: RandomSource = .system, logger: Logger = .disabled,
        onChange: @escaping @Sendable (NamespacedName) -> Void
    ) {
        self.server = server
        self.resource = resource
        self.limit = limit
        self.onChange = onChange
        self.time = time
        self.random = random
        self.logger = logger
    }

    /// Watches `references` for `owner`, in place of what was watched for it before.
    /// - Parameter references: each with the `resourceVersion` that the owner worked with, empty where there was no object.
    package func watch(_ references: [NamespacedName: String], for owner: NamespacedName) {
        state.withLock { state in
            state.owners[owner] = references.isEmpty ? nil : references
            for (reference, version) in references {
                if let seen = state.seen[reference], seen != version { state.stale.insert(reference) }
            }
        }
        changed.signal()
    }

    /// Watches nothing more for `owner`: it works again, or is gone.
    package func forget(_ owner: NamespacedName) {
        if state.withLock({ $0.owners.removeValue(forKey: owner) }) != nil { changed.signal() }
    }

    /// Watches until cancelled.
    package func run() async throws {
        var running: [NamespacedName: Following] = [:]
        // Until each has ended: the next one of the same reference must not begin before, or its `seen` would be taken.
        var ending: [NamespacedName: Following] = [:]
        while !Task.isCancelled {
            let (wanted, stale) = state.withLock { state in
                defer { state.stale = [] }
                return (Set(state.owners.values.flatMap(\.keys)), state.stale)
            }
            ending = ending.filter { !$0.value.hasEnded.current }
            for (reference, following) in running where !wanted.contains(reference) || stale.contains(reference) {
                following.task.cancel()
                ending[reference] = following
                running[reference] = nil
            }
            for reference in wanted.sorted() where running[reference] == nil && running.count < limit {
                running[reference] = begin(reference, after: ending.removeValue(forKey: reference))
            }
            await changed.wait()
        }
        for following in running.values { following.task.cancel() }
        for following in Array(running.values) + Array(ending.values) { await following.task.value }
    }

    private func begin(_ reference: NamespacedName, after former: Following?) -> Following {
        let hasEnded = Locked(false)
        let task = Task {
            await former?.task.value
            await self.follow(reference)
            hasEnded.withLock { $0 = true }
        }
        return Following(task: task, hasEnded: hasEnded)
    }

    private func follow(_ reference: NamespacedName) async {
        state.withLock { $0.seen[reference] = "" }
        let scope = ObjectScope(
            namespace: reference.namespace, fieldSelector: "metadata.name=\(reference.name)", isMetadataOnly: true)
        let informer = Informer<MetadataObject>(
            server: server, resource: resource, scope: scope, time: time, random: random, logger: logger
        )
        informer.onChange { [self] event in
            switch event {
            case .added(let object, _), .updated(_, let object): tell(reference, object.metadata.resourceVersion)
            case .deleted: tell(reference, "")
            case .unreadableEnding: break
            }
        }
        // What was deleted before the first list is in no event.
        let absence = Task {
            guard (try? await informer.store.waitUntilReady()) != nil, informer.store.count == 0 else { return }
            tell(reference, "", onlyIfSeen: "")
        }
        try? await informer.run()
        absence.cancel()
        await absence.value
        _ = state.withLock { $0.seen.removeValue(forKey: reference) }
    }

    /// - Parameter expected: what must have been told last for this to be told; nil for whatever it was.
    private func tell(_ reference: NamespacedName, _ version: String, onlyIfSeen expected: String? = nil) {
        let concerned = state.withLock { state -> [NamespacedName] in
            if let expected, state.seen[reference] != expected { return [] }
            state.seen[reference] = version
            let concerned = state.owners.keys.filter { owner in
                guard let known = state.owners[owner]?[reference] else { return false }
                return known != version
            }
            for owner in concerned { state.owners[owner]?[reference] = version }
            return concerned
        }
        for owner in concerned.sorted() { onChange(owner) }
    }
}
