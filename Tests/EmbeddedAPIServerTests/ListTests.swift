import Core
import TestSupport
import Testing

@Suite struct ListTests {
    private static let path = "/apis/example.test/v1/namespaces/demo/widgets"

    private static func filled(_ count: Int, historyLimit: Int = 2048) async throws -> TestServer {
        let server = try TestServer(historyLimit: historyLimit)
        for index in 0..<count {
            _ = try await server.post(
                path,
                [
                    "apiVersion": "example.test/v1", "kind": "Widget", "metadata": ["name": .string("w\(index)")],
                    "spec": ["url": "oci://host/x"],
                ])
        }
        return server
    }

    private static func names(_ value: JSONValue) -> [String] {
        (value["items"]?.arrayValue ?? []).compactMap { $0.member(at: "metadata", "name")?.stringValue }
    }

    @Test func `pages are of one version, whatever changes between them`() async throws {
        let server = try await Self.filled(5)
        let first = try await server.get(Self.path + "?limit=2").json
        #expect(Self.names(first) == ["w0", "w1"])
        #expect(first.member(at: "metadata", "remainingItemCount") == 3)
        _ = try await server.delete(Self.path + "/w2")
        _ = try await server.patch(Self.path + "/w3", ["spec": ["count": 5]])
        let token = first.member(at: "metadata", "continue")?.stringValue ?? ""
        let second = try await server.get(Self.path + "?limit=9&continue=\(token)").json
        #expect(Self.names(second) == ["w2", "w3", "w4"])
        #expect(second["items"]?.arrayValue?[1].member(at: "spec", "count") == nil)
        #expect(
            second.member(at: "metadata", "resourceVersion") == first.member(at: "metadata", "resourceVersion"))
    }

    @Test func `a token that is too old is gone, and says how to go on`() async throws {
        let server = try await Self.filled(4, historyLimit: 2)
        let first = try await server.get(Self.path + "?limit=2").json
        for count in 1...5 {
            _ = try await server.patch(Self.path + "/w0", ["spec": ["count": .integer(Int64(count))]])
        }
        let token = first.member(at: "metadata", "continue")?.stringValue ?? ""
        let answer = try await server.get(Self.path + "?limit=2&continue=\(token)")
        #expect(answer.status == 410)
        #expect(answer.json["reason"] == "Expired")
        let next = answer.json.member(at: "metadata", "continue")?.stringValue ?? ""
        #expect(try await Self.names(server.get(Self.path + "?limit=2&continue=\(next)").json) == ["w2", "w3"])
    }

    @Test func `versions that a list may ask for`() async throws {
        let server = try await Self.filled(2)
        let list = try await server.get(Self.path).json
        let version = list.member(at: "metadata", "resourceVersion")?.stringValue ?? ""
        _ = try await server.delete(Self.path + "/w0")
        let exact = try await server.get(Self.path + "?resourceVersion=\(version)&resourceVersionMatch=Exact").json
        #expect(Self.names(exact) == ["w0", "w1"])
        let newer = try await server.get(Self.path + "?resourceVersion=\(version)").json
        #expect(Self.names(newer) == ["w1"])
        #expect(try await server.get(Self.path + "?resourceVersion=99999999").status == 504)
        #expect(try await server.get(Self.path + "?resourceVersion=x").status == 422)
        #expect(try await server.get(Self.path + "?resourceVersionMatch=Exact").status == 422)
        #expect(try await server.get(Self.path + "?resourceVersion=1&resourceVersionMatch=Exact").status == 410)
    }

    @Test func `all namespaces, sorted by namespace and name`() async throws {
        let server = try await Self.filled(1)
        for namespace in ["default", "kube-system"] {
            _ = try await server.post(
                "/apis/example.test/v1/namespaces/\(namespace)/widgets",
                [
                    "apiVersion": "example.test/v1", "kind": "Widget", "metadata": ["name": "z"],
                    "spec": ["url": "oci://host/x"],
                ])
        }
        let first = try await server.get("/apis/example.test/v1/widgets?limit=2").json
        let token = first.member(at: "metadata", "continue")?.stringValue ?? ""
        let second = try await server.get("/apis/example.test/v1/widgets?limit=2&continue=\(token)").json
        let namespaces = ((first["items"]?.arrayValue ?? []) + (second["items"]?.arrayValue ?? []))
            .compactMap { $0.member(at: "metadata", "namespace")?.stringValue }
        #expect(namespaces == ["default", "demo", "kube-system"])
    }

    @Test func `a collection is deleted by selector`() async throws {
        let server = try await Self.filled(3)
        _ = try await server.patch(Self.path + "/w1", ["metadata": ["labels": ["keep": "no"]]])
        let answer = try await server.delete(Self.path + "?labelSelector=keep%3Dno")
        #expect(answer.status == 200)
        #expect(Self.names(answer.json) == ["w1"])
        #expect(try await Self.names(server.get(Self.path).json) == ["w0", "w2"])
    }
}
