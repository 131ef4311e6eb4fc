import Core
import Testing
import YAMLCoding

/// The CustomResourceDefinition, row by row: what clients, `kubectl get` and Flux's own manifests rely on.
@Suite("The definition of OCIRepository")
struct DefinitionTests {
    private static func definition() throws -> JSONValue {
        try YAML.parseSingle(Array(Definitions.ociRepository.utf8))
    }

    @Test("Names, versions and annotation")
    func names() throws {
        let definition = try Self.definition()
        #expect(
            definition.member(at: "metadata", "annotations") == ["kustomize.toolkit.fluxcd.io/substitute": "disabled"])
        let spec = try #require(definition["spec"])
        #expect(spec["group"] == "source.toolkit.fluxcd.io" && spec["scope"] == "Namespaced")
        #expect(spec.member(at: "conversion", "strategy") == "None")
        let names = try #require(spec["names"])
        #expect(names["kind"] == "OCIRepository" && names["plural"] == "ocirepositories")
        #expect(names["shortNames"] == ["ocirepo"])
        #expect(names["categories"] == ["all", "fluxcd", "fluxcd-sources"])
        let versions = spec["versions"]?.arrayValue ?? []
        #expect(versions.map { $0["name"] } == ["v1", "v1beta2"])
        #expect(versions.map { $0["storage"] } == [true, false])
        #expect(versions.map { $0["deprecated"] } == [nil, true])
        #expect(versions.allSatisfy { $0["served"] == true && $0.member(at: "subresources", "status") == [:] })
        #expect(versions.first?["schema"] == versions.last?["schema"], "the versions have the same schema")
    }

    @Test("What `kubectl get` prints")
    func columns() throws {
        for version in try Self.definition().member(at: "spec", "versions")?.arrayValue ?? [] {
            let columns = version["additionalPrinterColumns"]?.arrayValue ?? []
            #expect(
                columns.map { "\($0["name"]?.stringValue ?? "") \($0["jsonPath"]?.stringValue ?? "")" } == [
                    "URL .spec.url", #"Ready .status.conditions[?(@.type=="Ready")].status"#,
                    #"Status .status.conditions[?(@.type=="Ready")].message"#, "Age .metadata.creationTimestamp",
                ])
        }
    }

    /// Validation of one field of the spec; nil where there must be none.
    struct Field: Sendable, CustomTestStringConvertible {
        let path: [String]
        let type: String
        var validation: JSONValue = [:]

        var testDescription: String { path.joined(separator: ".") }
    }

    static let fields: [Field] = [
        Field(path: ["url"], type: "string", validation: ["pattern": "^oci://.*$"]),
        Field(path: ["ref", "tag"], type: "string"), Field(path: ["ref", "semver"], type: "string"),
        Field(path: ["ref", "semverFilter"], type: "string"), Field(path: ["ref", "digest"], type: "string"),
        Field(path: ["layerSelector", "mediaType"], type: "string"),
        Field(path: ["layerSelector", "operation"], type: "string", validation: ["enum": ["extract", "copy"]]),
        Field(
            path: ["provider"], type: "string",
            validation: ["enum": ["generic", "aws", "azure", "gcp"], "default": "generic"]),
        Field(path: ["secretRef", "name"], type: "string"), Field(path: ["serviceAccountName"], type: "string"),
        Field(path: ["certSecretRef", "name"], type: "string"),
        Field(path: ["proxySecretRef", "name"], type: "string"),
        Field(path: ["interval"], type: "string", validation: ["pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"]),
        Field(
            path: ["timeout"], type: "string",
            validation: ["pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m))+$", "default": "60s"]),
        Field(path: ["ignore"], type: "string", validation: ["nullable": true]),
        Field(path: ["insecure"], type: "boolean"),
        Field(
            path: ["verify", "provider"], type: "string",
            validation: ["enum": ["cosign", "notation"], "default": "cosign"]),
        Field(path: ["verify", "secretRef", "name"], type: "string"),
        Field(path: ["verify", "trustedRootSecretRef", "name"], type: "string"),
        Field(path: ["verify", "matchOIDCIdentity"], type: "array"), Field(path: ["suspend"], type: "boolean"),
    ]

    @Test("Type, validation and default of each field", arguments: fields, [0, 1])
    func field(field: Field, version: Int) throws {
        let versions = try Self.definition().member(at: "spec", "versions")?.arrayValue ?? []
        let schema = try #require(versions[version].member(at: "schema", "openAPIV3Schema", "properties"))
        let path = ["spec"] + field.path.flatMap { ["properties", $0] }
        let found = try #require(path.reduce(schema as JSONValue?) { $0?[$1] }, "there is no such field")
        #expect(found["type"] == .string(field.type))
        for name in ["pattern", "enum", "default", "nullable"] {
            #expect(found[name] == field.validation[name], "\(name) is \(found[name] ?? "missing")")
        }
    }

    @Test("What is required, and the status that an object begins with")
    func required() throws {
        for version in try Self.definition().member(at: "spec", "versions")?.arrayValue ?? [] {
            let schema = try #require(version.member(at: "schema", "openAPIV3Schema", "properties"))
            #expect(Set(schema.member(at: "spec", "required")?.arrayValue ?? []) == ["interval", "url"])
            #expect(schema.member(at: "status", "default") == ["observedGeneration": -1])
            let verify = schema.member(at: "spec", "properties", "verify", "properties")
            let matchers = verify?.member(at: "matchOIDCIdentity", "items")
            #expect(Set(matchers?["required"]?.arrayValue ?? []) == ["issuer", "subject"])
            let status = Set(schema.member(at: "status", "properties")?.objectValue?.keys ?? [:].keys)
            let contract: Set = [
                "observedGeneration", "conditions", "url", "artifact", "observedIgnore", "observedLayerSelector",
                "lastHandledReconcileAt",
            ]
            #expect(contract.isSubset(of: status), "\(status)")
        }
    }
}
