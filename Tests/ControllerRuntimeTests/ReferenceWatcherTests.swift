import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReferenceWatcherTests {
    /// A server that has every Secret in version 5, and whose first watch of the Secret `a` does not end with its watcher.
    private final class StubbornServer: KubernetesAPIServer {
        private struct State: Sendable {
            var lists: [String: Int] = [:]
            var held: CheckedContinuation<Void, Never>?
            var hasHeld = false
        }

        private let state = Locked(State())

        var isHolding: Bool { state.withLock { $0.held != nil } }
        func lists(of name: String) -> Int { state.withLock { $0.lists[name] ?? 0 } }
        func release() { state.withLock { $0.held.take() }?.resume() }

        func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
            let name = name(in: request)
            state.withLock { $0.lists[name, default: 0] += 1 }
            let metadata: JSONValue = [
                "name": .string(name), "namespace": "apps", "uid": "u", "resourceVersion": "5",
            ]
            return ControllerRuntimeTests.list([["metadata": metadata]], version: 5)
        }

        func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
            let isHeld = state.withLock { state in
                guard name(in: request) == "a", !state.hasHeld else { return false }
                state.hasHeld = true
                return true
            }
            return WatchStream { [state] () async throws(KubernetesError) -> WatchEvent? in
                if isHeld { await withCheckedContinuation { held in state.withLock { $0.held = held } } }
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                throw KubernetesError(.cancelled, "cancelled", isRetryable: false)
            }
        }

        private func name(in request: APIRequest) -> String {
            ["a", "b", "c", "d", "e"].first { request.target.contains("metadata.name%3D\($0)") } ?? ""
        }
    }

    /// What is asked for again while its watch is still ending is watched by a new one after that, not before: the end of
    /// the old one would take with it what the new one has seen.
    @Test func aWatchBeginsAfterTheEndOfTheFormer() async throws {
        let (server, told) = (StubbornServer(), Locked<[String]>([]))
        let watcher = ReferenceWatcher(server: server) { owner in told.withLock { $0.append(owner.name) } }
        /// Follows other references, each in a turn of its own.
        func turn(_ names: String...) async throws {
            for name in names {
                watcher.watch([key(name): "5"], for: key("owner-\(name)"))
                try await eventually { server.lists(of: name) == 1 }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watcher.run() }
            defer {
                server.release()
                group.cancelAll()
            }
            watcher.watch([key("a"): "5"], for: key("one"))
            try await eventually { server.isHolding }
            watcher.forget(key("one"))
            try await turn("b", "c")
            watcher.watch([key("a"): "4"], for: key("two"))
            try await turn("d", "e")
            #expect(server.lists(of: "a") == 1)
            server.release()
            try await eventually { told.current == ["two"] }
            // What the new one has seen is known: this owner worked with something else.
            watcher.watch([key("a"): "4"], for: key("three"))
            try await eventually { told.current == ["two", "three"] }
        }
    }
}
