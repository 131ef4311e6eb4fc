internal import Core

/// Writes the endpoints of resources into OpenAPI documents.
struct OpenAPIPaths {
    let dialect: OpenAPIDialect

    func paths(of resource: APIResource) -> [String: JSONValue] {
        let root = resource.group.isEmpty ? "/api/\(resource.version)" : "/apis/\(resource.groupVersion)"
        let collection =
            resource.isNamespaced
            ? "\(root)/namespaces/{namespace}/\(resource.plural)" : "\(root)/\(resource.plural)"
        var paths: [String: JSONValue] = [:]
        let scope = resource.isNamespaced ? [pathParameter("namespace")] : []
        paths[collection] = item(
            resource, scope, [("get", "list"), ("post", "create"), ("delete", "deletecollection")])
        paths["\(collection)/{name}"] = item(
            resource, scope + [pathParameter("name")],
            [("get", "get"), ("put", "update"), ("patch", "patch"), ("delete", "delete")])
        if resource.hasStatus {
            paths["\(collection)/{name}/status"] = item(
                resource, scope + [pathParameter("name")], [("get", "get"), ("put", "update"), ("patch", "patch")],
                suffix: "Status")
        }
        if resource.isNamespaced {
            paths["\(root)/\(resource.plural)"] = item(
                resource, [], [("get", "list")], suffix: "ForAllNamespaces")
        }
        return paths
    }

    private func item(
        _ resource: APIResource, _ parameters: [JSONValue], _ methods: [(method: String, verb: String)],
        suffix: String = ""
    ) -> JSONValue {
        var item: JSONValue = [:]
        if !parameters.isEmpty { item["parameters"] = .array(parameters) }
        for (method, verb) in methods where resource.verbs.contains(verb) {
            item[method] = operation(resource, verb: verb, suffix: suffix)
        }
        return item
    }

    private func operation(_ resource: APIResource, verb: String, suffix: String) -> JSONValue {
        let writer = OpenAPISchemaWriter(dialect: dialect)
        let actions = ["create": "post", "update": "put"]
        var parameters: [JSONValue] = []
        switch verb {
        case "list", "deletecollection":
            parameters =
                ["labelSelector", "fieldSelector", "continue", "resourceVersion", "resourceVersionMatch"]
                .map { queryParameter($0) } + [
                    queryParameter("limit", "integer"), queryParameter("timeoutSeconds", "integer"),
                ]
            if verb == "list" {
                parameters += [queryParameter("watch", "boolean"), queryParameter("allowWatchBookmarks", "boolean")]
            }
        case "create", "update": parameters = ["dryRun", "fieldManager", "fieldValidation"].map { queryParameter($0) }
        case "patch":
            parameters =
                ["dryRun", "fieldManager", "fieldValidation"].map { queryParameter($0) }
                + [queryParameter("force", "boolean")]
        case "delete":
            parameters =
                ["dryRun", "propagationPolicy"].map { queryParameter($0) }
                + [queryParameter("gracePeriodSeconds", "integer")]
        default: break
        }
        let name = verb == "list" ? OpenAPISchemaWriter.listName(of: resource) : OpenAPISchemaWriter.name(of: resource)
        let answer = verb.hasPrefix("delete") ? OpenAPISchemaWriter.status : name
        let scope = resource.isNamespaced && suffix != "ForAllNamespaces" ? "Namespaced" : ""
        let group = (resource.group.isEmpty ? "core" : resource.group).split(separator: ".")
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        var value: JSONValue = [
            "operationId": .string(
                "\(verb)\(group)\(resource.version.prefix(1).uppercased())\(resource.version.dropFirst())\(scope)\(resource.kind)\(suffix)"
            ),
            "description": .string("\(verb) \(resource.kind)"),
            "x-kubernetes-action": .string(actions[verb] ?? verb),
            "x-kubernetes-group-version-kind": writer.groupVersionKind(resource, resource.kind),
        ]
        let media = verb == "patch" ? patchTypes(resource) : ["application/json", "application/yaml"]
        let body: String? =
            switch verb {
            case "create", "update": name
            case "patch": OpenAPISchemaWriter.patch
            default: nil
            }
        switch dialect {
        case .v2:
            if let body {
                parameters.append([
                    "name": "body", "in": "body", "required": true,
                    "schema": ["$ref": .string(dialect.reference(body))],
                ])
                value["consumes"] = .array(media.map { .string($0) })
            }
            value["produces"] = ["application/json", "application/yaml"]
            value["responses"] = [
                "200": ["description": "OK", "schema": ["$ref": .string(dialect.reference(answer))]]
            ]
        case .v3:
            func content(_ name: String, _ types: [String]) -> JSONValue {
                .object(
                    Dictionary(
                        uniqueKeysWithValues: types.map {
                            ($0, ["schema": ["$ref": .string(dialect.reference(name))]])
                        }))
            }
            if let body { value["requestBody"] = ["required": true, "content": content(body, media)] }
            value["responses"] = [
                "200": ["description": "OK", "content": content(answer, ["application/json", "application/yaml"])]
            ]
        }
        if !parameters.isEmpty { value["parameters"] = .array(parameters) }
        return value
    }

    private func patchTypes(_ resource: APIResource) -> [String] {
        var types = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
        if !resource.isCustom { types.append("application/strategic-merge-patch+json") }
        return types
    }

    private func pathParameter(_ name: String) -> JSONValue {
        parameter(name, "path", "string", isRequired: true)
    }

    private func queryParameter(_ name: String, _ type: String = "string") -> JSONValue {
        parameter(name, "query", type, isRequired: false)
    }

    private func parameter(_ name: String, _ place: String, _ type: String, isRequired: Bool) -> JSONValue {
        var value: JSONValue = ["name": .string(name), "in": .string(place), "uniqueItems": true]
        if isRequired { value["required"] = true }
        switch dialect {
        case .v2: value["type"] = .string(type)
        case .v3:
            value["schema"] = ["type": .string(type), "uniqueItems": true]
            value["uniqueItems"] = nil
        }
        return value
    }
}
