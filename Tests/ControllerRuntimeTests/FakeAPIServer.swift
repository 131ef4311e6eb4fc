import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient

/// An API server in memory whose answers a test scripts; it records what it was asked.
final class FakeAPIServer: KubernetesAPIServer {
    typealias Answer = Result<JSONValue, KubernetesError>

    private struct State: Sendable {
        var requests: [APIRequest] = []
        var answers: [Answer] = []
        var watches: [AsyncStream<Result<WatchEvent, KubernetesError>>] = []
    }

    private let state = Locked(State())
    private let respond: @Sendable (APIRequest) -> Answer?

    /// Answers come from `respond` first, then from what was queued with `answer`.
    init(_ respond: @escaping @Sendable (APIRequest) -> Answer? = { _ in nil }) {
        self.respond = respond
    }

    var requests: [APIRequest] { state.withLock { $0.requests } }

    func answer(_ answers: Answer...) { state.withLock { $0.answers += answers } }

    /// Queues a watch; the test feeds it.
    func queueWatch() -> AsyncStream<Result<WatchEvent, KubernetesError>>.Continuation {
        let (stream, continuation) = AsyncStream.makeStream(of: Result<WatchEvent, KubernetesError>.self)
        state.withLock { $0.watches.append(stream) }
        return continuation
    }

    func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
        let answer = state.withLock { state -> Answer? in
            state.requests.append(request)
            return nil
        }
        if let answer = answer ?? respond(request) { return try answer.get() }
        let queued = state.withLock { state in state.answers.isEmpty ? nil : state.answers.removeFirst() }
        guard let queued else { throw KubernetesError(.transport, "no answer is queued", isRetryable: true) }
        return try queued.get()
    }

    func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
        let stream = state.withLock { state in
            state.requests.append(request)
            return state.watches.isEmpty ? nil : state.watches.removeFirst()
        }
        guard let stream else { throw KubernetesError(.transport, "no watch is queued", isRetryable: true) }
        let reader = Reader(stream)
        return WatchStream { () async throws(KubernetesError) -> WatchEvent? in try await reader.next()?.get() }
    }

    private actor Reader {
        private var iterator: AsyncStream<Result<WatchEvent, KubernetesError>>.Iterator

        init(_ stream: AsyncStream<Result<WatchEvent, KubernetesError>>) {
            iterator = stream.makeAsyncIterator()
        }

        func next() async -> Result<WatchEvent, KubernetesError>? {
            var copy = iterator
            let next = await copy.next(isolation: self)
            iterator = copy
            return next
        }
    }
}

extension KubernetesError {
    static func failure(_ code: Int, _ reason: String) -> KubernetesError {
        KubernetesError(status: Status(message: reason, reason: reason, code: code))
    }
}

/// The JSON of an OCIRepository.
func repository(
    _ name: String, version: Int = 1, generation: Int = 1, annotations: [String: String] = [:], deleting: Bool = false,
    finalizers: [String] = [], status: JSONValue? = nil
) -> JSONValue {
    var metadata: JSONValue = [
        "name": .string(name), "namespace": "apps", "uid": .string("uid-" + name),
        "resourceVersion": .string(String(version)), "generation": .integer(Int64(generation)),
    ]
    if !annotations.isEmpty { metadata["annotations"] = .object(annotations.mapValues { .string($0) }) }
    if !finalizers.isEmpty { metadata["finalizers"] = .array(finalizers.map { .string($0) }) }
    if deleting { metadata["deletionTimestamp"] = "2026-11-20T09:49:28Z" }
    var object: JSONValue = [
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": metadata,
        "spec": ["url": "oci://host/path", "interval": "1m"],
    ]
    object["status"] = status
    return object
}

func list(_ items: [JSONValue], version: Int, continueToken: String = "") -> JSONValue {
    [
        "kind": "OCIRepositoryList",
        "metadata": ["resourceVersion": .string(String(version)), "continue": .string(continueToken)],
        "items": .array(items),
    ]
}

func key(_ name: String) -> NamespacedName { NamespacedName(namespace: "apps", name: name) }
