import Core
import EmbeddedAPIServer
import Foundation
import HTTPServing
import TestSupport
import Testing

/// Random requests: whatever they say, there is an answer, and the server goes on.
@Suite struct FuzzTests {
    private static let segments = [
        "api", "apis", "v1", "v1beta2", "example.test", "namespaces", "demo", "widgets", "a", "b", "status", "secrets",
        "serviceaccounts", "token", "events", "events.k8s.io", "coordination.k8s.io", "leases", "openapi", "v2", "v3",
        "healthz", "version", "%00", "%zz", "..", "%2e%2e", "", "ü", "finalize", "customresourcedefinitions",
        "apiextensions.k8s.io",
    ]
    private static let queries = [
        "watch=1&timeoutSeconds=0", "limit=1", "limit=-5", "limit=99999999999999999999", "continue=AAAA",
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MX0", "resourceVersion=0", "resourceVersion=-1",
        "resourceVersion=18446744073709551615", "labelSelector=a%20in%20(", "labelSelector=!!", "labelSelector=a,,b",
        "fieldSelector=metadata.name%3D%5C", "fieldSelector=%3D%3D", "dryRun=All", "dryRun=x", "force=true",
        "fieldManager=%00", "fieldManager=m", "fieldValidation=Strict", "%", "a=%f", "=&=&=",
        "resourceVersionMatch=Exact", "propagationPolicy=Foreground", "includeObject=Object", "timeoutSeconds=-1",
    ]
    private static let types = [
        "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/merge-patch+json",
        "application/json-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml",
        "text/plain", ";;;", "application/json;as=Table;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "*/*",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "",
    ]
    private static let bodies = [
        #"{"apiVersion":"example.test/v1","kind":"Widget","metadata":{"name":"a","finalizers":["x/y"]},"spec":{"url":"oci://x","count":1}}"#,
        #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"k":"dg=="},"stringData":{"e":"f"}}"#,
        #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"a"},"secrets":[{"name":"x"}]}"#,
        #"{"apiVersion":"v1","kind":"Event","metadata":{"generateName":"a"},"involvedObject":{"namespace":"demo"}}"#,
        #"{"spec":{"ref":{"tag":"x"},"suspend":null},"metadata":{"managedFields":[{}]}}"#,
        #"[{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"remove","path":"/spec/url"}]"#,
        #"{"secrets":[{"$patch":"delete","name":"x"}],"$setElementOrder/secrets":[{"name":"x"}],"$retainKeys":["a"]}"#,
        #"{"metadata":"x","spec":[],"status":{"observedGeneration":1e400}}"#, "{", "", "null", "[]", "\"",
        "- a\n- b: &x [*x]\n",
        "k8s\0\n\u{f}\n\u{2}v1\u{12}\tNamespace\u{12}\u{1c}\n\u{14}\n\u{4}demo\u{12}\0\u{1a}\0\"\0*\02\08\0B\0\u{12}\0\u{1a}\u{2}\n\0\u{1a}\0\"\0",
    ]

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `any request has an answer`(seed: UInt64) async throws {
        var random = SeededGenerator(seed)
        let server = try TestServer()
        for _ in 0..<700 {
            let count = Int.random(in: 0...8, using: &random)
            var path = (0..<count).map { _ in "/" + (Self.segments.randomElement(using: &random) ?? "") }.joined()
            if Bool.random(using: &random) {
                let group = [
                    "/apis/example.test/v1/namespaces/demo/widgets", "/api/v1/namespaces/demo/secrets",
                    "/api/v1/namespaces/demo/serviceaccounts", "/api/v1/namespaces/demo/events", "/api/v1/namespaces",
                ]
                path =
                    (group.randomElement(using: &random) ?? "")
                    + (["", "/a", "/a/status", "/a/token"].randomElement(using: &random) ?? "")
            }
            let query = (0..<Int.random(in: 0...3, using: &random))
                .map { _ in Self.queries.randomElement(using: &random) ?? "" }.joined(separator: "&")
            var body = [UInt8]((Self.bodies.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) where !body.isEmpty {
                body[Int.random(in: 0..<body.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let request = HTTPServerRequest(
                method: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "BREW"].randomElement(using: &random)
                    ?? "GET",
                path: path, query: query,
                headers: [
                    "Host": "127.0.0.1", "Content-Type": Self.types.randomElement(using: &random) ?? "",
                    "Accept": Self.types.randomElement(using: &random) ?? "",
                ], body: body)
            let response = await server.server.respond(to: request)
            #expect((200..<600).contains(response.status))
            #expect(response.status != 500 || path.contains("widgets"), "\(request.method) \(path)?\(query)")
        }
        #expect(try await server.get("/readyz").text == "ok")
        #expect(try await server.get("/api/v1/namespaces").status == 200)
    }
}
