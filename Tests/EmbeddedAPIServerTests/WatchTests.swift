import Core
import EmbeddedAPIServer
import HTTPServing
import TestSupport
import Testing

@Suite struct WatchTests {
    private static let path = "/apis/example.test/v1/namespaces/demo/widgets"

    private static func widget(_ name: String, labels: JSONValue = [:]) -> JSONValue {
        [
            "apiVersion": "example.test/v1", "kind": "Widget",
            "metadata": ["name": .string(name), "labels": labels], "spec": ["url": "oci://host/x"],
        ]
    }

    private static func version(of server: TestServer) async throws -> String {
        try await server.get(path).json.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
    }

    @Test func `a forgotten version is gone, a remembered one is not`() async throws {
        let server = try TestServer(historyLimit: 3)
        let start = try await Self.version(of: server)
        for index in 0..<5 { _ = try await server.post(Self.path, Self.widget("w\(index)")) }
        let old = await server.watch(Self.path + "?watch=1&resourceVersion=\(start)")
        #expect(old.events.first?["type"] == "ERROR")
        #expect(old.events.first?.member(at: "object", "reason") == "Expired")
        let third = try await server.get(Self.path + "/w2").json.member(at: "metadata", "resourceVersion")?.stringValue
        let recent = await server.watch(Self.path + "?watch=1&resourceVersion=\(third ?? "")")
        try await eventually("two events") { recent.events.count == 2 }
    }

    @Test func `a watch that falls behind is told so`() async throws {
        let server = try TestServer(historyLimit: 2)
        let gate = Gate()
        let response = await server.server.respond(
            to: HTTPServerRequest(path: Self.path, query: "watch=1", headers: ["Host": "127.0.0.1"]))
        guard case .stream(let produce) = response.body else {
            Issue.record("the watch is no stream")
            return
        }
        let task = Task { try await produce(gate) }
        _ = try await server.post(Self.path, Self.widget("first"))
        try await eventually("the first event") { gate.isWaiting }
        for index in 0..<6 { _ = try await server.post(Self.path, Self.widget("w\(index)")) }
        gate.open()
        _ = await task.result
        let last = gate.text.split(separator: "\n").last.map(String.init) ?? ""
        #expect(last.contains("\"ERROR\"") && last.contains("too old resource version"), "\(gate.text)")
    }

    @Test func `a selection is entered and left`() async throws {
        let server = try TestServer()
        let start = try await Self.version(of: server)
        let watch = await server.watch(Self.path + "?watch=1&labelSelector=a%3D1&resourceVersion=\(start)")
        _ = try await server.post(Self.path, Self.widget("x", labels: ["a": "2"]))
        _ = try await server.patch(Self.path + "/x", ["metadata": ["labels": ["a": "1"]]])
        let left = try await server.patch(Self.path + "/x", ["metadata": ["labels": ["a": "3"]]])
        _ = try await server.post(Self.path, Self.widget("y", labels: ["a": "1"]))
        try await eventually("three events") { watch.events.count == 3 }
        #expect(watch.events.compactMap { $0["type"] } == ["ADDED", "DELETED", "ADDED"])
        #expect(
            watch.events[1].member(at: "object", "metadata", "resourceVersion")
                == left.json.member(at: "metadata", "resourceVersion"))
        #expect(watch.events[1].member(at: "object", "metadata", "labels", "a") == "1")
    }

    @Test func `bookmarks come before the end, and the end comes`() async throws {
        let time = ManualTime()
        let server = try TestServer(time: time)
        _ = try await server.post(Self.path, Self.widget("x"))
        let watch = await server.watch(Self.path + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=90")
        try await eventually("the first event") { watch.events.count == 1 }
        let secret: JSONValue = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"]]
        let other = try await server.post("/api/v1/namespaces/demo/secrets", secret)
        await time.waitForSleepers()
        time.advance(by: .seconds(61))
        try await eventually("a bookmark") { watch.events.last?["type"] == "BOOKMARK" }
        // Changes of other kinds move the version on, too.
        #expect(
            watch.events.last?.member(at: "object", "metadata", "resourceVersion")
                == other.json.member(at: "metadata", "resourceVersion"))
        try await eventually("the end") {
            time.advance(by: .seconds(5))
            return watch.isOver
        }
    }

    @Test func `metadata and tables can be watched`() async throws {
        let server = try TestServer()
        let metadata = await server.watch(
            Self.path + "?watch=1", accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
        let table = await server.watch(Self.path + "?watch=1", accept: "application/json;as=Table;g=meta.k8s.io;v=v1")
        _ = try await server.post(Self.path, Self.widget("x"))
        try await eventually("both events") { metadata.events.count == 1 && table.events.count == 1 }
        #expect(metadata.events[0].member(at: "object", "kind") == "PartialObjectMetadata")
        #expect(metadata.events[0].member(at: "object", "spec") == nil)
        #expect(table.events[0].member(at: "object", "rows")?.arrayValue?.first?["cells"]?.arrayValue?.first == "x")
    }

    @Test func `events can be watched under both names`() async throws {
        let server = try TestServer()
        let core = await server.watch("/api/v1/namespaces/demo/events?watch=1")
        let new = await server.watch("/apis/events.k8s.io/v1/namespaces/demo/events?watch=1")
        let answer = try await server.post(
            "/apis/events.k8s.io/v1/namespaces/demo/events",
            [
                "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e"], "note": "hello",
                "regarding": ["kind": "Widget", "name": "x", "namespace": "demo"],
                "eventTime": "2026-01-01T00:00:00.000000Z",
            ])
        #expect(answer.status == 201, "\(answer.text)")
        try await eventually("both events") { core.events.count == 1 && new.events.count == 1 }
        #expect(core.events[0].member(at: "object", "message") == "hello")
        #expect(core.events[0].member(at: "object", "involvedObject", "name") == "x")
        #expect(new.events[0].member(at: "object", "note") == "hello")
    }
}
