import Core
import KubernetesAPI
import Testing

@Suite struct OCIRepositoryTests {
    static let complete = """
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
         "metadata": {"name": "podinfo", "namespace": "apps", "uid": "u-1", "resourceVersion": "12", "generation": 3,
          "creationTimestamp": "2026-11-20T09:49:28Z", "deletionTimestamp": "2026-11-20T10:00:00Z",
          "finalizers": ["finalizers.fluxcd.io"], "labels": {"a": "b"}, "managedFields": [{}],
          "annotations": {"reconcile.fluxcd.io/requestedAt": "now", "event.toolkit.fluxcd.io/team": "x", "other": "y"}},
         "spec": {"url": "oci://host/path", "ref": {"tag": "1", "semver": "", "semverFilter": ".*", "digest": "sha256:1"},
          "layerSelector": {"mediaType": "m", "operation": "copy"}, "provider": "aws", "secretRef": {"name": "s"},
          "serviceAccountName": "sa", "certSecretRef": {"name": "c"}, "proxySecretRef": {"name": "p"},
          "interval": "1m30s", "timeout": "10s", "ignore": "", "insecure": true, "suspend": true,
          "verify": {"provider": "notation", "secretRef": {"name": "v"}, "trustedRootSecretRef": {"name": "t"},
           "matchOIDCIdentity": [{"issuer": "i", "subject": "s"}]}},
         "status": {"observedGeneration": 2, "url": "http://h/l", "observedIgnore": "*.md", "lastHandledReconcileAt": "t0",
          "observedLayerSelector": {"mediaType": "m", "operation": "extract"},
          "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "ok",
            "lastTransitionTime": "2026-11-20T09:49:28Z", "observedGeneration": 2}],
          "artifact": {"path": "p", "url": "u", "revision": "r", "digest": "sha256:2", "size": 12,
            "lastUpdateTime": "2026-11-20T09:49:29Z", "metadata": {"k": "v"}}}}
        """

    @Test func everyFieldOfTheContractIsRead() throws {
        let object = try OCIRepository(json: JSONValue(parsing: Self.complete))
        #expect(object.key.description == "apps/podinfo")
        #expect(object.metadata.uid == "u-1")
        #expect(object.metadata.resourceVersion == "12")
        #expect(object.metadata.generation == 3)
        #expect(object.metadata.isBeingDeleted)
        #expect(object.metadata.finalizers == [OCIRepository.finalizer])
        #expect(object.requestedReconcile == "now")
        let expected = OCIRepositorySpec(
            url: "oci://host/path", reference: .init(tag: "1", semverFilter: ".*", digest: "sha256:1"),
            layerSelector: .init(mediaType: "m", operation: .copy), provider: .aws, secretRef: .init(name: "s"),
            serviceAccountName: "sa", certSecretRef: .init(name: "c"), proxySecretRef: .init(name: "p"),
            interval: .seconds(90), timeout: .seconds(10), ignore: "", isInsecure: true,
            verify: .init(
                provider: .notation, secretRef: .init(name: "v"), trustedRootSecretRef: .init(name: "t"),
                matchOIDCIdentity: [.init(issuer: "i", subject: "s")]),
            isSuspended: true)
        #expect(object.spec == expected)
        #expect(object.status.condition("Ready")?.message == "ok")
        #expect(object.status.artifact?.size == 12)
        #expect(object.status.artifact?.metadata == ["k": "v"])
    }

    @Test func statusIsWrittenAsItWasRead() throws {
        let json = try JSONValue(parsing: Self.complete)
        #expect(try OCIRepository(json: json).status.json == json["status"])
    }

    @Test func whatIsNotSaidHasItsDefault() throws {
        let object = try OCIRepository(
            json: ["metadata": ["name": "n", "namespace": "d"], "spec": ["url": "oci://h/p", "interval": "5m"]])
        #expect(object.spec == OCIRepositorySpec(url: "oci://h/p", interval: .seconds(300), timeout: .seconds(60)))
        #expect(object.spec.ignore == nil)
        #expect(object.status.observedGeneration == -1)
        let old = try OCIRepository(
            json: [
                "apiVersion": "source.toolkit.fluxcd.io/v1beta2", "kind": "OCIRepository",
                "metadata": ["name": "n"], "spec": ["url": "u", "interval": "1s", "ref": [:], "verify": [:]],
                "status": [:],
            ])
        #expect(old.spec.verify?.provider == .cosign)
        #expect(old.status.observedGeneration == 0)
    }

    @Test(
        arguments: [
            ("url", .null, "spec.url: is required"), ("url", 5, "spec.url: must be a string, not integer"),
            ("interval", "x", "spec.interval: time: invalid duration \"x\""),
            ("interval", .null, "spec.interval: is required"),
            ("provider", "ibm", "spec.provider: must be one of 'generic', 'aws', 'azure', 'gcp'"),
            ("suspend", "yes", "spec.suspend: must be a boolean, not string"),
            ("secretRef", [:], "spec.secretRef.name: is required"),
            ("layerSelector", ["operation": "cp"], "spec.layerSelector.operation: must be one of 'extract', 'copy'"),
            (
                "verify", ["matchOIDCIdentity": [["issuer": "a", "subject": "b"], ["issuer": "a"]]],
                "spec.verify.matchOIDCIdentity[1].subject: is required"
            ),
            ("verify", ["matchOIDCIdentity": [3]], "spec.verify.matchOIDCIdentity[0]: must be an object, not integer"),
            ("ref", [1], "spec.ref: must be an object, not array"),
        ] as [(String, JSONValue, String)])
    func faultsNameTheirField(_ field: String, _ value: JSONValue, _ expected: String) {
        var spec: JSONValue = ["url": "oci://h/p", "interval": "5m"]
        spec[field] = value
        let error = #expect(throws: ObjectDecodingError.self) {
            try OCIRepository(json: ["metadata": ["name": "n"], "spec": spec])
        }
        #expect(error?.description == expected)
    }

    @Test(arguments: ["source.toolkit.fluxcd.io/v2", "v1", "example.com/v1"])
    func otherVersionsAreRefused(_ version: String) {
        #expect(throws: ObjectDecodingError.self) {
            try OCIRepository(
                json: [
                    "apiVersion": .string(version), "metadata": ["name": "n"], "spec": ["url": "u", "interval": "1s"],
                ])
        }
    }

    @Test func trimmingKeepsWhatIsRead() throws {
        let object = try OCIRepository(json: JSONValue(parsing: Self.complete)).trimmed()
        #expect(object.metadata.labels.isEmpty)
        #expect(
            object.metadata.annotations.keys.sorted() == [
                "event.toolkit.fluxcd.io/team", "reconcile.fluxcd.io/requestedAt",
            ])
    }
}
