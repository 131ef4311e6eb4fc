import Core
import TestSupport
import Testing

@Suite struct ObjectLifecycleTests {
    private static let collection = "/apis/example.test/v1/namespaces/demo/widgets"

    private static func widget(_ name: String, _ spec: JSONValue = ["url": "oci://host/x"]) -> JSONValue {
        ["apiVersion": "example.test/v1", "kind": "Widget", "metadata": ["name": .string(name)], "spec": spec]
    }

    @Test func `an object is created, read, changed and deleted`() async throws {
        let server = try TestServer()
        let created = try await server.post(Self.collection, Self.widget("a"))
        #expect(created.status == 201)
        #expect(created.json.member(at: "metadata", "generation") == 1)
        #expect(created.json.member(at: "spec", "timeout") == "60s")
        #expect(created.json["status"] == ["observedGeneration": -1])

        let patched = try await server.patch(Self.collection + "/a", ["spec": ["count": 3]])
        #expect(patched.status == 200)
        #expect(patched.json.member(at: "metadata", "generation") == 2)

        let status = try await server.patch(
            Self.collection + "/a/status", ["status": ["url": "u"], "spec": ["count": 4]])
        #expect(status.json.member(at: "metadata", "generation") == 2)
        #expect(status.json.member(at: "spec", "count") == 3)
        #expect(status.json.member(at: "status", "url") == "u")

        #expect(try await server.delete(Self.collection + "/a").status == 200)
        #expect(try await server.get(Self.collection + "/a").status == 404)
    }

    @Test func `a watch sees every change after its version`() async throws {
        let server = try TestServer()
        let start =
            try await server.get(Self.collection).json.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
        let watch = await server.watch(Self.collection + "?watch=true&resourceVersion=\(start)")
        _ = try await server.post(Self.collection, Self.widget("a"))
        _ = try await server.patch(Self.collection + "/a", ["spec": ["count": 3]])
        _ = try await server.delete(Self.collection + "/a")
        try await eventually("three events") { watch.events.count == 3 }
        #expect(watch.events.compactMap { $0["type"] } == ["ADDED", "MODIFIED", "DELETED"])
    }

    @Test func `an object with finalizers waits for them`() async throws {
        let server = try TestServer()
        var widget = Self.widget("a")
        widget["metadata"] = ["name": "a", "finalizers": ["example.test/f"]]
        _ = try await server.post(Self.collection, widget)
        let deleted = try await server.delete(Self.collection + "/a")
        #expect(deleted.json.member(at: "metadata", "deletionTimestamp") != nil)
        #expect(try await server.get(Self.collection + "/a").status == 200)
        _ = try await server.patch(Self.collection + "/a", ["metadata": ["finalizers": .null]])
        #expect(try await server.get(Self.collection + "/a").status == 404)
    }

    @Test func `the product's definition is served in both versions`() async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        let path = "/apis/source.toolkit.fluxcd.io/v1beta2/namespaces/default/ocirepositories"
        let answer = try await server.post(
            path,
            [
                "apiVersion": "source.toolkit.fluxcd.io/v1beta2", "kind": "OCIRepository",
                "metadata": ["name": "a"],
                "spec": ["url": "oci://host/x", "interval": "1m", "verify": ["provider": "cosign"]],
            ])
        #expect(answer.status == 201)
        #expect(answer.headers["Warning"]?.contains("deprecated") == true)
        let other = try await server.get("/apis/source.toolkit.fluxcd.io/v1/namespaces/default/ocirepositories/a")
        #expect(other.json["apiVersion"] == "source.toolkit.fluxcd.io/v1")
        #expect(other.json.member(at: "spec", "timeout") == "60s")
    }
}
