internal import Core

/// The two versions of OpenAPI that clients ask for.
enum OpenAPIDialect: Sendable {
    case v2, v3

    /// A reference to a named schema.
    func reference(_ name: String) -> String {
        switch self {
        case .v2: "#/definitions/\(name)"
        case .v3: "#/components/schemas/\(name)"
        }
    }
}

/// Writes schemas into OpenAPI documents.
struct OpenAPISchemaWriter {
    let dialect: OpenAPIDialect

    static let objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    static let listMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
    static let deleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
    static let status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
    static let patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"

    /// Schemas that every document has.
    var common: [String: JSONValue] {
        [
            Self.objectMeta: schema(BuiltInSchemas.objectMeta), Self.listMeta: schema(BuiltInSchemas.listMeta),
            Self.deleteOptions: schema(BuiltInSchemas.deleteOptions), Self.status: schema(BuiltInSchemas.status),
            Self.patch: ["type": "object", "description": "A patch in one of the forms that its content type says."],
        ]
    }

    /// The schemas of a resource: its kind and its list.
    func schemas(of resource: APIResource) -> [String: JSONValue] {
        var kind = schema(resource.schema)
        kind["properties", default: [:]]["metadata"] = metadata(Self.objectMeta, "Standard object's metadata.")
        kind["x-kubernetes-group-version-kind"] = [groupVersionKind(resource, resource.kind)]
        let list: JSONValue = [
            "description": .string("\(resource.listKind) is a list of \(resource.kind)"), "type": "object",
            "required": ["items"],
            "properties": [
                "apiVersion": ["type": "string", "description": .string(BuiltInSchemas.apiVersionText)],
                "kind": ["type": "string", "description": .string(BuiltInSchemas.kindText)],
                "metadata": metadata(Self.listMeta, "Standard list metadata."),
                "items": [
                    "type": "array", "description": .string("List of \(resource.plural)."),
                    "items": ["$ref": .string(dialect.reference(Self.name(of: resource)))],
                ],
            ],
            "x-kubernetes-group-version-kind": [groupVersionKind(resource, resource.listKind)],
        ]
        return [Self.name(of: resource): kind, Self.listName(of: resource): list]
    }

    /// The group, version and kind as documents name them.
    func groupVersionKind(_ resource: APIResource, _ kind: String) -> JSONValue {
        ["group": .string(resource.group), "version": .string(resource.version), "kind": .string(kind)]
    }

    /// `io.fluxcd.toolkit.source.v1.OCIRepository`: the group's labels in reverse.
    static func name(of resource: APIResource, kind: String? = nil) -> String {
        let prefix: String
        if resource.isCustom {
            prefix = resource.group.split(separator: ".").reversed().joined(separator: ".")
        } else {
            let group = resource.group.split(separator: ".").first.map(String.init) ?? "core"
            prefix = "io.k8s.api.\(group)"
        }
        return "\(prefix).\(resource.version).\(kind ?? resource.kind)"
    }

    static func listName(of resource: APIResource) -> String { name(of: resource, kind: resource.listKind) }

    private func metadata(_ name: String, _ description: String) -> JSONValue {
        switch dialect {
        case .v2: ["description": .string(description), "$ref": .string(dialect.reference(name))]
        case .v3:
            [
                "description": .string(description), "default": [:],
                "allOf": [["$ref": .string(dialect.reference(name))]],
            ]
        }
    }

    /// One schema, with everything below it written in place.
    func schema(_ schema: Schema) -> JSONValue {
        var value: [String: JSONValue] = [:]
        if let type = schema.type { value["type"] = .string(type.rawValue) }
        if !schema.description.isEmpty { value["description"] = .string(schema.description) }
        if !schema.properties.isEmpty {
            value["properties"] = .object(schema.properties.mapValues { self.schema($0) })
        }
        if !schema.required.isEmpty { value["required"] = .array(schema.required.sorted().map { .string($0) }) }
        if let additional = schema.additional { value["additionalProperties"] = self.schema(additional) }
        if let items = schema.items { value["items"] = self.schema(items) }
        addRestrictions(schema.restrictions, to: &value)
        if let defaultValue = schema.defaultValue { value["default"] = defaultValue }
        if schema.preservesUnknownFields { value["x-kubernetes-preserve-unknown-fields"] = true }
        if schema.isIntegerOrString { value["x-kubernetes-int-or-string"] = true }
        // Version 2 has no nullable: the closest is a value of any type, as kube-apiserver publishes it.
        if schema.isNullable, schema.wireFields.isEmpty, dialect == .v3 { value["nullable"] = true }
        addTopology(schema, to: &value)
        return .object(value)
    }

    private func addRestrictions(_ restrictions: Schema.Restrictions, to value: inout [String: JSONValue]) {
        if let format = restrictions.format { value["format"] = .string(format) }
        if !restrictions.enumeration.isEmpty { value["enum"] = .array(restrictions.enumeration) }
        if let pattern = restrictions.patternText { value["pattern"] = .string(pattern) }
        let numbers: [(String, Double?)] = [
            ("minimum", restrictions.minimum), ("maximum", restrictions.maximum),
            ("multipleOf", restrictions.multipleOf),
        ]
        for (name, number) in numbers {
            if let number { value[name] = Int64(exactly: number).map { .integer($0) } ?? .double(number) }
        }
        let counts: [(String, Int?)] = [
            ("minLength", restrictions.minimumLength), ("maxLength", restrictions.maximumLength),
            ("minItems", restrictions.minimumItems), ("maxItems", restrictions.maximumItems),
            ("minProperties", restrictions.minimumProperties), ("maxProperties", restrictions.maximumProperties),
        ]
        for (name, count) in counts {
            if let count { value[name] = .integer(Int64(count)) }
        }
        if restrictions.exclusiveMinimum { value["exclusiveMinimum"] = true }
        if restrictions.exclusiveMaximum { value["exclusiveMaximum"] = true }
    }

    private func addTopology(_ schema: Schema, to value: inout [String: JSONValue]) {
        if schema.type == .array {
            switch schema.topology {
            case .set: value["x-kubernetes-list-type"] = "set"
            case .keyed(let keys):
                value["x-kubernetes-list-type"] = "map"
                value["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
            default: break
            }
            if let key = schema.mergeKey {
                value["x-kubernetes-patch-strategy"] = "merge"
                if !key.isEmpty { value["x-kubernetes-patch-merge-key"] = .string(key) }
            }
        } else if schema.topology == .atomic, schema.type == .object {
            value["x-kubernetes-map-type"] = "atomic"
        }
    }
}
