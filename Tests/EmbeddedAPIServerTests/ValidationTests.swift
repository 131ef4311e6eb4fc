import Core
import TestSupport
import Testing

/// What the product's own definition refuses, in kube-apiserver's words.
@Suite struct ValidationTests {
    private static let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/demo/ocirepositories"

    private static func object(_ spec: JSONValue) -> JSONValue {
        var full: JSONValue = ["url": "oci://host/x", "interval": "1m"]
        for (name, value) in spec.objectValue ?? [:] { full[name] = value == "(absent)" ? nil : value }
        return [
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": ["name": "x"],
            "spec": full,
        ]
    }

    @Test(
        arguments: [
            (
                ["url": "https://x"],
                "spec.url: Invalid value: \"https://x\": spec.url in body should match '^oci://.*$'"
            ),
            (["url": "(absent)"], "spec.url: Required value"),
            (["interval": "(absent)"], "spec.interval: Required value"),
            (["url": .null], "spec.url: Invalid value: \"null\": spec.url in body must be of type string: \"null\""),
            (
                ["timeout": "1h"],
                "spec.timeout: Invalid value: \"1h\": spec.timeout in body should match '^([0-9]+(\\.[0-9]+)?(ms|s|m))+$'"
            ),
            (
                ["provider": "ibm"],
                "spec.provider: Unsupported value: \"ibm\": supported values: \"generic\", \"aws\", \"azure\", \"gcp\""
            ),
            (
                ["suspend": "yes"],
                "spec.suspend: Invalid value: \"string\": spec.suspend in body must be of type boolean: \"string\""
            ),
            (["secretRef": [:]], "spec.secretRef.name: Required value"),
            (
                ["verify": ["provider": "pgp"]],
                "spec.verify.provider: Unsupported value: \"pgp\": supported values: \"cosign\", \"notation\""
            ),
            (
                ["verify": ["matchOIDCIdentity": [["issuer": "a"]]]],
                "spec.verify.matchOIDCIdentity[0].subject: Required value"
            ),
            (
                ["layerSelector": ["operation": "move"]],
                "spec.layerSelector.operation: Unsupported value: \"move\": supported values: \"extract\", \"copy\""
            ),
        ] as [(JSONValue, String)])
    func `a bad spec`(spec: JSONValue, message: String) async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        let answer = try await server.post(Self.path, Self.object(spec))
        #expect(answer.status == 422)
        #expect(answer.message == "OCIRepository.source.toolkit.fluxcd.io \"x\" is invalid: \(message)")
    }

    @Test(
        arguments: [
            (
                "interval", "5",
                Quote(
                    #"spec.interval: Invalid value: "5": spec.interval in body should match '^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$'"#
                )
            ),
            ("interval", "(absent)", Quote(#"spec.interval: Required value"#)),
            (
                "url", "https://x",
                Quote(#"spec.url: Invalid value: "https://x": spec.url in body should match '^oci://.*$'"#)
            ),
            (
                "provider", "foo",
                Quote(#"spec.provider: Unsupported value: "foo": supported values: "generic", "aws", "azure", "gcp""#)
            ),
        ])
    func `what pages quote`(field: String, value: String, quote: Quote) async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        let answer = try await server.post(Self.path, Self.object([field: .string(value)]))
        #expect(quote.matches(answer.message), "\(answer.message)")
    }

    @Test func `a field that there is not`() async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        let answer = try await server.post(
            "\(Self.path)?fieldValidation=Strict", Self.object(["ref": ["tagg": "1"]]))
        #expect(answer.status == 400)
        #expect(Quote(#"strict decoding error: unknown field "spec.ref.tagg""#).matches(answer.message))
    }

    @Test func `a version that is deprecated`() async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        var object = Self.object([:])
        object["apiVersion"] = "source.toolkit.fluxcd.io/v1beta2"
        let answer = try await server.post(
            "/apis/source.toolkit.fluxcd.io/v1beta2/namespaces/demo/ocirepositories", object)
        // `299 - "text"`, of which kubectl makes `Warning: text`.
        let warning = answer.headers["Warning"]?.dropFirst(#"299 - ""#.count).dropLast() ?? ""
        let quote = Quote(
            #"Warning: source.toolkit.fluxcd.io/v1beta2 OCIRepository is deprecated; use source.toolkit.fluxcd.io/v1 OCIRepository"#
        )
        #expect(quote.matches("Warning: \(warning)"), "\(answer.headers)")
    }

    @Test func `defaults, also of nested objects, and nullable members`() async throws {
        let server = try TestServer(definition: Definitions.ociRepository)
        let answer = try await server.post(Self.path, Self.object(["ignore": .null, "verify": [:]]))
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json.member(at: "spec", "provider") == "generic")
        #expect(answer.json.member(at: "spec", "timeout") == "60s")
        #expect(answer.json.member(at: "spec", "verify", "provider") == "cosign")
        #expect(answer.json.member(at: "spec", "ignore") == .null)
        #expect(answer.json["status"] == ["observedGeneration": -1])
    }

    @Test(arguments: [
        ("Bad_Name", "metadata.name"), ("", "metadata.name"), (String(repeating: "a", count: 254), "metadata.name"),
    ])
    func `a bad name`(name: String, field: String) async throws {
        let server = try TestServer()
        let answer = try await server.post(
            "/api/v1/namespaces/demo/secrets",
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)]])
        #expect(answer.status == 422)
        #expect(answer.message.contains(field))
    }

    @Test(
        arguments: [
            (["type": "kubernetes.io/tls", "data": ["tls.crt": ""]], "data[tls.key]: Required value"),
            (["type": "kubernetes.io/dockerconfigjson"], "data[.dockerconfigjson]: Required value"),
            (["data": ["a/b": ""]], "a valid config key"),
        ] as [(JSONValue, String)])
    func `a bad secret`(members: JSONValue, message: String) async throws {
        var value = members
        value["apiVersion"] = "v1"
        value["kind"] = "Secret"
        value["metadata"] = ["name": "s"]
        let answer = try await TestServer().post("/api/v1/namespaces/demo/secrets", value)
        #expect(answer.status == 422)
        #expect(answer.message.contains(message), "\(answer.message)")
    }

    @Test func `wrong types of a built-in kind cannot even be read`() async throws {
        let answer = try await TestServer().post(
            "/api/v1/namespaces/demo/configmaps",
            ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": 1]])
        #expect(answer.status == 400)
        #expect(answer.message.contains("cannot be handled as a ConfigMap"), "\(answer.message)")
    }

    @Test func `a namespace that is missing or on its way out takes nothing in`() async throws {
        let server = try TestServer()
        let widget: JSONValue = [
            "apiVersion": "example.test/v1", "kind": "Widget",
            "metadata": ["name": "w", "finalizers": ["example.test/f"]], "spec": ["url": "oci://x"],
        ]
        let missing = try await server.post("/apis/example.test/v1/namespaces/nope/widgets", widget)
        #expect(missing.status == 404)
        #expect(missing.message == "namespaces \"nope\" not found")
        _ = try await server.post(
            "/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "going"]])
        #expect(try await server.post("/apis/example.test/v1/namespaces/going/widgets", widget).status == 201)
        let going = try await server.delete("/api/v1/namespaces/going")
        #expect(going.json.member(at: "status", "phase") == "Terminating")
        var other = widget
        other["metadata"] = ["name": "v"]
        #expect(try await server.post("/apis/example.test/v1/namespaces/going/widgets", other).status == 403)
        _ = try await server.patch(
            "/apis/example.test/v1/namespaces/going/widgets/w", ["metadata": ["finalizers": .null]])
        #expect(try await server.get("/api/v1/namespaces/going").status == 404)
        #expect(try await server.delete("/api/v1/namespaces/default").status == 403)
    }
}
