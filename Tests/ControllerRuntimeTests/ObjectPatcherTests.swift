import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient
import Testing

@Suite struct ObjectPatcherTests {
    private func object(_ version: Int = 1, finalizers: [String] = [], status: JSONValue? = nil) throws -> OCIRepository
    {
        try OCIRepository(json: repository("a", version: version, finalizers: finalizers, status: status))
    }

    @Test func onlyWhatDiffersIsSent() async throws {
        let server = FakeAPIServer()
        server.answer(.success(repository("a", version: 2, status: ["observedGeneration": 1, "url": "u"])))
        let patcher = ObjectPatcher(server: server, fieldManager: "source-controller")
        let start = try object(status: ["observedGeneration": 1, "observedIgnore": "x"])
        let stored = try await patcher.patchStatus(of: start) { current in
            var status = current.status
            status.observedIgnore = nil
            status.url = "u"
            return status.json
        }
        #expect(stored.metadata.resourceVersion == "2")
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.contentType == "application/merge-patch+json")
        #expect(
            request.target
                == "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/a/status?fieldManager=source-controller"
        )
        #expect(
            request.body == [
                "metadata": ["uid": "uid-a", "resourceVersion": "1"], "status": ["observedIgnore": .null, "url": "u"],
            ])
    }

    @Test func nothingIsSentWhenNothingChanged() async throws {
        let server = FakeAPIServer()
        let patcher = ObjectPatcher(server: server, fieldManager: "f")
        let start = try object(finalizers: ["f"], status: ["observedGeneration": 1])
        #expect(try await patcher.patchStatus(of: start) { $0.status.json } == start)
        #expect(try await patcher.patchStatus(of: start) { _ in nil } == start)
        #expect(try await patcher.addFinalizer("f", to: start) == start)
        try await patcher.removeFinalizer("g", from: start)
        #expect(server.requests.isEmpty)
    }

    @Test func aConflictIsReadAgainAndMadeAnew() async throws {
        let server = FakeAPIServer()
        server.answer(
            .failure(.failure(409, "Conflict")), .success(repository("a", version: 5, status: ["url": "theirs"])),
            .success(repository("a", version: 6)))
        let patcher = ObjectPatcher(server: server, fieldManager: "f")
        _ = try await patcher.patchStatus(of: try object()) { current in
            var status = current.status
            status.observedIgnore = "ours"
            return status.json
        }
        #expect(server.requests.map(\.method) == ["PATCH", "GET", "PATCH"])
        #expect(
            server.requests.last?.body == [
                "metadata": ["uid": "uid-a", "resourceVersion": "5"], "status": ["observedIgnore": "ours"],
            ])
    }

    @Test func anotherObjectOfTheSameNameIsLeftAlone() async throws {
        let server = FakeAPIServer()
        var other = repository("a", version: 5)
        other["metadata"]?["uid"] = "other"
        server.answer(.failure(.failure(409, "Conflict")), .success(other))
        let patcher = ObjectPatcher(server: server, fieldManager: "f")
        let error = await #expect(throws: KubernetesError.self) {
            _ = try await patcher.addFinalizer("f", to: try object())
        }
        #expect(error?.isNotFound == true)
        #expect(server.requests.count == 2)
    }

    @Test func endlessConflictsEnd() async throws {
        let server = FakeAPIServer { request in
            request.method == "GET" ? .success(repository("a", version: 2)) : .failure(.failure(409, "Conflict"))
        }
        let patcher = ObjectPatcher(server: server, fieldManager: "f", attempts: 3)
        let error = await #expect(throws: KubernetesError.self) {
            _ = try await patcher.addFinalizer("f", to: try object())
        }
        #expect(error?.isConflict == true)
        #expect(server.requests.filter { $0.method == "PATCH" }.count == 3)
    }

    @Test func finalizersOfOthersSurvive() async throws {
        let server = FakeAPIServer()
        server.answer(.success(repository("a", version: 2)), .success(repository("a", version: 3)))
        let patcher = ObjectPatcher(server: server, fieldManager: "f")
        _ = try await patcher.addFinalizer("mine", to: try object(finalizers: ["theirs"]))
        try await patcher.removeFinalizer("mine", from: try object(finalizers: ["theirs", "mine"]))
        #expect(server.requests[0].body?.member(at: "metadata", "finalizers") == ["theirs", "mine"])
        #expect(server.requests[1].body?.member(at: "metadata", "finalizers") == ["theirs"])
        #expect(server.requests.allSatisfy { $0.body?.member(at: "metadata", "resourceVersion") == "1" })
    }

    @Test func removingFromAnObjectThatIsGoneIsFine() async throws {
        let server = FakeAPIServer { _ in .failure(.failure(404, "NotFound")) }
        let patcher = ObjectPatcher(server: server, fieldManager: "f")
        try await patcher.removeFinalizer("f", from: try object(finalizers: ["f"]))
    }
}
