internal import Core

extension APIResource {
    /// The resources of a CustomResourceDefinition, one per served version, the storage version first.
    /// - Throws: `EmbeddedAPIServerError` that names what cannot be served.
    static func resources(of definition: JSONValue) throws(EmbeddedAPIServerError) -> [APIResource] {
        func fail(_ text: String) -> EmbeddedAPIServerError {
            let name = definition.member(at: "metadata", "name")?.stringValue ?? "(no name)"
            return EmbeddedAPIServerError(
                code: .invalidDefinition, message: "CustomResourceDefinition '\(name)': \(text)")
        }
        guard definition["kind"] == "CustomResourceDefinition",
            definition["apiVersion"] == "apiextensions.k8s.io/v1", let spec = definition["spec"],
            let group = spec["group"]?.stringValue, let names = spec["names"],
            let plural = names["plural"]?.stringValue, let kind = names["kind"]?.stringValue,
            let versions = spec["versions"]?.arrayValue
        else { throw fail("not an apiextensions.k8s.io/v1 definition with group, names and versions") }
        guard let storageVersion = versions.first(where: { $0["storage"] == true })?["name"]?.stringValue else {
            throw fail("no version has storage: true")
        }
        let storage = StorageIdentity(
            group: group, plural: plural, apiVersion: "\(group)/\(storageVersion)", kind: kind)
        var resources: [APIResource] = []
        for version in versions where version["served"] == true {
            guard let name = version["name"]?.stringValue else { throw fail("a version has no name") }
            let parsed: Schema
            do {
                parsed = try Schema(parsing: version.member(at: "schema", "openAPIV3Schema") ?? [:])
            } catch {
                throw fail("version \(name): \(error.path): \(error.message)")
            }
            resources.append(
                APIResource(
                    group: group, version: name, plural: plural,
                    singular: names["singular"]?.stringValue ?? kind.lowercased(), kind: kind,
                    listKind: names["listKind"]?.stringValue ?? kind + "List",
                    isNamespaced: spec["scope"] == "Namespaced",
                    shortNames: (names["shortNames"]?.arrayValue ?? []).compactMap(\.stringValue),
                    categories: (names["categories"]?.arrayValue ?? []).compactMap(\.stringValue),
                    verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
                    hasStatus: version.member(at: "subresources", "status") != nil, isCustom: true,
                    deprecationWarning: version["deprecated"] == true
                        ? version["deprecationWarning"]?.stringValue ?? "\(group)/\(name) \(kind) is deprecated" : nil,
                    schema: parsed.withObjectMembers, columns: TableColumn.columns(of: version), storage: storage,
                    conversion: .none, emptyObject: [:], nameRule: .subdomain, allowsCreateOnUpdate: false,
                    allowsUnconditionalUpdate: false, selectableFields: []))
        }
        return resources.filter { $0.version == storageVersion } + resources.filter { $0.version != storageVersion }
    }

    /// The definition as a cluster would show it once it is served.
    static func establishedDefinition(_ definition: JSONValue, now: String, uid: String) -> JSONValue {
        var value = definition
        value["metadata", default: [:]]["uid"] = .string(uid)
        value["metadata", default: [:]]["creationTimestamp"] = .string(now)
        value["metadata", default: [:]]["generation"] = 1
        if value.member(at: "spec", "conversion") == nil {
            value["spec", default: [:]]["conversion"] = ["strategy": "None"]
        }
        let versions = definition.member(at: "spec", "versions")?.arrayValue ?? []
        let stored = versions.filter { $0["storage"] == true }.compactMap { $0["name"] }
        value["status"] = [
            "acceptedNames": definition.member(at: "spec", "names") ?? [:],
            "conditions": [
                [
                    "type": "NamesAccepted", "status": "True", "reason": "NoConflicts",
                    "message": "no conflicts found", "lastTransitionTime": .string(now),
                ],
                [
                    "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
                    "message": "the initial names have been accepted", "lastTransitionTime": .string(now),
                ],
            ],
            "storedVersions": .array(stored),
        ]
        return value
    }
}

extension Schema {
    /// A custom resource's schema with the members that every object has.
    fileprivate var withObjectMembers: Schema {
        var properties = properties
        properties["apiVersion"] = properties["apiVersion"] ?? Schema(type: .string)
        properties["kind"] = properties["kind"] ?? Schema(type: .string)
        properties["metadata"] = BuiltInSchemas.objectMeta
        return Schema(
            type: .object, description: description, properties: properties, required: required, additional: additional,
            restrictions: restrictions, defaultValue: defaultValue, preservesUnknownFields: preservesUnknownFields)
    }
}
