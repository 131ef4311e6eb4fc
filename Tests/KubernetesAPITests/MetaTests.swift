import Core
import KubernetesAPI
import Testing

@Suite struct MetaTests {
    /// As kube-apiserver writes them.
    @Test(
        arguments: [
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"widgets \\"x\\" not found",
             "reason":"NotFound","details":{"name":"x","group":"example.test","kind":"widgets"},"code":404}
            """,
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"invalid","reason":"Invalid",
             "details":{"name":"x","kind":"w","causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.a"}]},
             "code":422}
            """,
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"slow","reason":"TooManyRequests",
             "details":{"retryAfterSeconds":5},"code":429}
            """,
            #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"x","kind":"w","uid":"u"}}"#,
        ])
    func statusKeepsEverything(_ text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(try Status(json: json).json == json)
    }

    @Test func anythingElseIsNoStatus() {
        #expect(throws: ObjectDecodingError.self) { try Status(json: ["kind": "Pod"]) }
        #expect(throws: ObjectDecodingError.self) { try Status(json: "x") }
    }

    @Test func watchEventsAreTold() throws {
        let object: JSONValue = ["metadata": ["resourceVersion": "5"]]
        for (type, event) in [
            ("ADDED", WatchEvent.added(object)), ("MODIFIED", .modified(object)), ("DELETED", .deleted(object)),
        ] {
            let json: JSONValue = ["type": .string(type), "object": object]
            #expect(try WatchEvent(json: json) == event)
            #expect(event.json() == json)
        }
        #expect(try WatchEvent(json: ["type": "BOOKMARK", "object": object]) == .bookmark(resourceVersion: "5"))
        let gone = Status(message: "too old", reason: "Expired", code: 410)
        #expect(try WatchEvent(json: WatchEvent.error(gone).json()) == .error(gone))
        let bookmark = WatchEvent.bookmark(resourceVersion: "7").json(
            bookmarkObject: GroupVersionKind(group: "g", version: "v1", kind: "K"))
        #expect(bookmark["object"] == ["apiVersion": "g/v1", "kind": "K", "metadata": ["resourceVersion": "7"]])
    }

    @Test(
        arguments: [
            [:], ["type": "ADDED"], ["type": "OTHER", "object": [:]],
            ["type": "BOOKMARK", "object": ["metadata": [:]]],
            ["type": "ERROR", "object": ["kind": "Pod"]], "x",
        ] as [JSONValue])
    func brokenWatchEventsAreRefused(_ json: JSONValue) {
        #expect(throws: ObjectDecodingError.self) { try WatchEvent(json: json) }
    }

    @Test func pathsAreEncoded() {
        let resource = OCIRepository.resource
        #expect(resource.path() == "/apis/source.toolkit.fluxcd.io/v1/ocirepositories")
        #expect(
            resource.path(namespace: "a", name: "b", subresource: "status")
                == "/apis/source.toolkit.fluxcd.io/v1/namespaces/a/ocirepositories/b/status")
        #expect(Secret.resource.path(namespace: "../x", name: "a/b?c") == "/api/v1/namespaces/..%2Fx/secrets/a%2Fb%3Fc")
        #expect(Secret.resource.path(namespace: "n", name: "..") == "/api/v1/namespaces/n/secrets/%2E%2E")
        let nodes = APIResource(group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
        #expect(nodes.path(namespace: "n", name: "x") == "/api/v1/nodes/x")
    }

    @Test func groupVersionKinds() {
        #expect(GroupVersionKind(apiVersion: "v1", kind: "Pod")?.group == "")
        #expect(GroupVersionKind(apiVersion: "a.b/v1", kind: "C")?.description == "a.b/v1, Kind=C")
        for wrong in ["", "/v1", "a/", "a/b/c"] { #expect(GroupVersionKind(apiVersion: wrong, kind: "C") == nil) }
    }

    @Test(
        arguments: [
            (["a": 1], ["a": 1], nil), (["a": 1], ["a": 2], ["a": 2]), (["a": 1], [:], ["a": .null]),
            (["a": ["b": 1, "c": 2]], ["a": ["b": 1, "d": 3]], ["a": ["c": .null, "d": 3]]),
            (["l": [1, 2]], ["l": [1]], ["l": [1]]), (["a": 1], ["a": ["b": 1]], ["a": ["b": 1]]),
        ] as [(JSONValue, JSONValue, JSONValue?)])
    func mergePatchSaysOnlyWhatChanged(_ old: JSONValue, _ new: JSONValue, _ patch: JSONValue?) {
        #expect(MergePatch.difference(from: old, to: new) == patch)
    }

    @Test func secretsAreDecodedAndHidden() throws {
        let secret = try Secret(
            json: ["metadata": ["name": "s"], "type": "kubernetes.io/tls", "data": ["tls.key": "c2VjcmV0"]])
        #expect(secret.data["tls.key"]?.revealed == [UInt8]("secret".utf8))
        #expect(!"\(secret)".contains("115"))
        let error = #expect(throws: ObjectDecodingError.self) {
            try Secret(json: ["metadata": ["name": "s"], "data": ["k": "%%%secret"]])
        }
        #expect(error?.description == "data[k]: is not base64")
        let account = try ServiceAccount(
            json: ["metadata": ["name": "a"], "imagePullSecrets": [["name": "x"], ["name": "y"]]])
        #expect(account.imagePullSecrets == ["x", "y"])
    }

    @Test func leasesRoundTrip() throws {
        let json: JSONValue = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": ["name": "l", "namespace": "n", "resourceVersion": "4"],
            "spec": [
                "holderIdentity": "me", "leaseDurationSeconds": 35, "leaseTransitions": 2,
                "acquireTime": "2026-11-20T09:49:46.000001Z", "renewTime": "2026-11-20T09:49:47.500000Z",
            ],
        ]
        #expect(try Lease(json: json).json == json)
        #expect(try Lease(json: ["metadata": ["name": "l"]]).holderIdentity.isEmpty)
        #expect(throws: ObjectDecodingError.self) {
            try Lease(json: ["metadata": ["name": "l"], "spec": ["renewTime": "yesterday"]])
        }
    }

    @Test func eventsRoundTrip() throws {
        let event = Event(
            metadata: ObjectMeta(name: "e", namespace: "n", annotations: ["a": "b"]),
            involvedObject: ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "n", name: "p"), type: .warning,
            reason: "R", message: "m", component: "source-controller", instance: "i", count: 3,
            firstTimestamp: Timestamp(seconds: 1), lastTimestamp: Timestamp(seconds: 2))
        #expect(try Event(json: event.json) == event)
    }
}
