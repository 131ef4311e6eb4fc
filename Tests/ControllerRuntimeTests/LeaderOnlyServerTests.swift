import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient
import Testing

@Suite struct LeaderOnlyServerTests {
    @Test func whoDoesNotLeadReadsAndWritesNothing() async throws {
        let leads = Locked(true)
        let server = FakeAPIServer { _ in .success(repository("a", version: 2, finalizers: ["f"])) }
        let fenced = LeaderOnlyServer(server) { leads.current }
        let patcher = ObjectPatcher(server: fenced, fieldManager: "source-controller")
        let object = try OCIRepository(json: repository("a", version: 1))
        _ = try await patcher.addFinalizer("f", to: object)
        #expect(server.requests.map(\.method) == ["PATCH"])

        leads.withLock { $0 = false }
        for method in ["PATCH", "PUT", "POST", "DELETE"] {
            let error = await #expect(throws: KubernetesError.self) {
                try await fenced.send(APIRequest(method, "/api/v1/namespaces/apps/events"))
            }
            #expect(error?.code == .notLeading)
            #expect(error?.isRetryable == false)
        }
        #expect(server.requests.count == 1)
        let read: OCIRepository = try await fenced.get(OCIRepository.self, object.key)
        #expect(read.metadata.resourceVersion == "2")
        _ = server.queueWatch()
        _ = try await fenced.watch(APIRequest("GET", "/api/v1/secrets"))
        #expect(server.requests.map(\.method) == ["PATCH", "GET", "GET"])
    }
}
