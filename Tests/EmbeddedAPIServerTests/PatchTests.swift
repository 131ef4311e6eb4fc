import Core
import Testing

@testable import EmbeddedAPIServer

@Suite struct PatchTests {
    @Test(arguments: [
        (#"{"data":{"a":"1"}}"#, #"{"data":{"b":"2"}}"#, #"{"data":{"a":"1","b":"2"}}"#),
        (#"{"data":{"a":"1"}}"#, #"{"data":{"a":null}}"#, #"{"data":{}}"#),
        (#"{"data":{"a":"1"}}"#, #"{"data":{"$patch":"replace","b":"2"}}"#, #"{"data":{"b":"2"}}"#),
        (
            #"{"secrets":[{"name":"a"},{"name":"b"}]}"#, #"{"secrets":[{"name":"c"},{"$patch":"delete","name":"a"}]}"#,
            #"{"secrets":[{"name":"b"},{"name":"c"}]}"#
        ),
        (
            #"{"secrets":[{"name":"a"},{"name":"b"}]}"#,
            #"{"$setElementOrder/secrets":[{"name":"b"},{"name":"a"}],"secrets":[{"name":"a","kind":"K"}]}"#,
            #"{"secrets":[{"name":"b"},{"kind":"K","name":"a"}]}"#
        ),
        (
            #"{"imagePullSecrets":[{"name":"a"}]}"#, #"{"imagePullSecrets":[{"name":"b"}]}"#,
            #"{"imagePullSecrets":[{"name":"b"}]}"#
        ),
        (
            #"{"metadata":{"finalizers":["a","b"]}}"#,
            #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}}"#,
            #"{"metadata":{"finalizers":["b","c"]}}"#
        ),
        (
            #"{"data":{"a":"1","b":"2"}}"#, #"{"data":{"$retainKeys":["a","c"],"c":"3"}}"#,
            #"{"data":{"a":"1","c":"3"}}"#
        ),
    ])
    func `strategic merge`(before: String, patch: String, after: String) throws {
        let schema = before.contains("ecrets") ? BuiltInSchemas.serviceAccount : BuiltInSchemas.configMap
        let result = try StrategicMergePatch.apply(
            JSONValue(parsing: patch), to: JSONValue(parsing: before), schema: schema)
        #expect(result.text() == after)
    }

    @Test(arguments: [#"{"data":{"$patch":"nonsense"}}"#, #"{"secrets":[{"kind":"x"}]}"#])
    func `a strategic merge that makes no sense`(patch: String) throws {
        let value = try JSONValue(parsing: patch)
        let schema = patch.contains("secrets") ? BuiltInSchemas.serviceAccount : BuiltInSchemas.configMap
        let status = #expect(throws: APIStatus.self) { try StrategicMergePatch.apply(value, to: [:], schema: schema) }
        #expect(status?.code == 400)
    }

    @Test func `keyed lists are applied element by element`() async throws {
        let server = try TestServer()
        let path = "/api/v1/namespaces/demo/serviceaccounts/s"
        func apply(_ manager: String, _ names: [String]) async throws -> JSONValue {
            let secrets = names.map { JSONValue.object(["name": .string($0)]) }
            let value: JSONValue = [
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "s"], "secrets": .array(secrets),
            ]
            return try await server.send(
                "PATCH", path + "?fieldManager=\(manager)", value.serialized(),
                headers: ["Content-Type": "application/apply-patch+yaml"]
            ).json
        }
        func names(_ value: JSONValue) -> [String] {
            (value["secrets"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }
        #expect(try await names(apply("one", ["a", "b"])) == ["a", "b"])
        #expect(try await names(apply("two", ["b", "c"])) == ["a", "b", "c"])
        #expect(try await names(apply("one", [])) == ["b", "c"])
        #expect(try await names(apply("two", ["c"])) == ["c"])
    }

    @Test func `what was there before the first apply belongs to someone`() async throws {
        let server = try TestServer()
        let path = "/api/v1/namespaces/demo/serviceaccounts"
        let created: JSONValue = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "s"]]
        _ = try await server.post(path, created)
        _ = try await server.patch(path + "/s", ["automountServiceAccountToken": true])
        let applied = try await server.send(
            "PATCH", path + "/s?fieldManager=one",
            [UInt8](
                "{apiVersion: v1, kind: ServiceAccount, metadata: {name: s}, automountServiceAccountToken: false}".utf8),
            headers: ["Content-Type": "application/apply-patch+yaml"])
        #expect(applied.status == 409)
        #expect(applied.message.contains("before-first-apply"), "\(applied.text)")
    }

    @Test func `dry runs of every kind store nothing`() async throws {
        let server = try TestServer()
        let path = "/api/v1/namespaces/demo/configmaps"
        let value: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": "1"]]
        #expect(try await server.post(path + "?dryRun=All", value).status == 201)
        #expect(try await server.get(path + "/c").status == 404)
        let stored = try await server.post(path, value).json
        _ = try await server.patch(path + "/c?dryRun=All", ["data": ["a": "2"]])
        _ = try await server.put(
            path + "/c?dryRun=All", ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"]])
        _ = try await server.delete(path + "/c?dryRun=All")
        _ = try await server.delete(path, ["dryRun": ["All"]])
        #expect(try await server.get(path + "/c").json == stored)
        #expect(try await server.post(path + "?dryRun=Some", value).status == 422)
    }

    @Test func `a patch that copies a value into itself is stopped`() async throws {
        let server = try TestServer()
        let path = "/api/v1/namespaces/demo/configmaps"
        _ = try await server.post(
            path, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": "1"]])
        let copies = (0..<200).map { index -> JSONValue in
            ["op": "copy", "from": "/data", "path": .string("/data/x\(index)")]
        }
        let wide = try await server.patch(path + "/c", .array(copies), type: "application/json-patch+json")
        #expect(wide.status == 413, "\(wide.status)")
        let deep = (0..<200).map { _ -> JSONValue in ["op": "copy", "from": "/data", "path": "/data/x"] }
        #expect(try await server.patch(path + "/c", .array(deep), type: "application/json-patch+json").status == 413)
        #expect(try await server.get(path + "/c").json["data"] == ["a": "1"])
    }
}
