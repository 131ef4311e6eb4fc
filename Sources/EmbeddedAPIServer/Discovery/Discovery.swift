internal import Core
internal import Cryptography
internal import HTTPServing

/// Discovery documents: the legacy ones and the aggregated ones (`apidiscovery.k8s.io`).
struct Discovery: Sendable {
    let registry: ResourceRegistry

    /// `/api`, `/apis`, `/apis/<group>` and the two `/<version>` levels; nil: no such document.
    func respond(to request: HTTPServerRequest, path: [String]) -> HTTPServerResponse? {
        switch (path.first, path.count) {
        case ("api", 1):
            if let version = aggregatedVersion(request) { return aggregated(groups: [""], version: version, request) }
            return .json(
                200,
                [
                    "kind": "APIVersions", "versions": ["v1"],
                    "serverAddressByClientCIDRs": [
                        ["clientCIDR": "0.0.0.0/0", "serverAddress": .string(request.headers["Host"] ?? "localhost")]
                    ],
                ])
        case ("apis", 1):
            if let version = aggregatedVersion(request) {
                return aggregated(groups: registry.groups, version: version, request)
            }
            return .json(
                200,
                [
                    "kind": "APIGroupList", "apiVersion": "v1",
                    "groups": .array(registry.groups.map { group($0) }),
                ])
        case ("api", 2): return resourceList(group: "", version: path[1])
        case ("apis", 2):
            guard registry.groups.contains(path[1]) else { return nil }
            var value = group(path[1])
            value["kind"] = "APIGroup"
            value["apiVersion"] = "v1"
            return .json(200, value)
        case ("apis", 3): return resourceList(group: path[1], version: path[2])
        default: return nil
        }
    }

    private func group(_ name: String) -> JSONValue {
        let versions: [JSONValue] = registry.versions(of: name).map {
            ["groupVersion": .string("\(name)/\($0)"), "version": .string($0)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? [:]]
    }

    // MARK: Legacy

    private func resourceList(group: String, version: String) -> HTTPServerResponse? {
        let resources = registry.resources(group: group, version: version)
        guard !resources.isEmpty else { return nil }
        var value: JSONValue = [
            "kind": "APIResourceList", "groupVersion": .string(resources[0].groupVersion),
            "resources": .array(resources.flatMap { entries(of: $0) }),
        ]
        // As kube-apiserver has it: the legacy group's list says no version of its own.
        if !group.isEmpty { value["apiVersion"] = "v1" }
        return .json(200, value)
    }

    private func entries(of resource: APIResource) -> [JSONValue] {
        var entry: JSONValue = [
            "name": .string(resource.plural), "singularName": .string(resource.singular),
            "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
            "verbs": .array(resource.verbs.map { .string($0) }),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = .array(resource.shortNames.map { .string($0) }) }
        if !resource.categories.isEmpty { entry["categories"] = .array(resource.categories.map { .string($0) }) }
        entry["storageVersionHash"] = .string(Self.storageVersionHash(resource.storage))
        return [entry]
            + Subresource.all(of: resource).map { subresource in
                var value: JSONValue = [
                    "name": .string("\(resource.plural)/\(subresource.name)"), "singularName": "",
                    "namespaced": .bool(resource.isNamespaced), "kind": .string(subresource.kind),
                    "verbs": .array(subresource.verbs.map { .string($0) }),
                ]
                if !subresource.group.isEmpty, !resource.isCustom {
                    value["group"] = .string(subresource.group)
                    value["version"] = .string(subresource.version)
                }
                return value
            }
    }

    /// The first eight bytes of a digest of the storage version, as clients compare it between servers.
    static func storageVersionHash(_ storage: StorageIdentity) -> String {
        let version = storage.apiVersion.split(separator: "/").last.map(String.init) ?? ""
        let digest = Digest.of("\(storage.group)/\(version)/\(storage.kind)")
        return Base64.encode(Array((Hexadecimal.decode(digest.hex) ?? []).prefix(8)))
    }

    // MARK: Aggregated

    private func aggregatedVersion(_ request: HTTPServerRequest) -> String? {
        for clause in MediaType.accepted(request.headers["Accept"]) where clause.type == "application/json" {
            guard clause.parameters["as"] != nil else { return nil }
            guard clause.parameters["g"] == "apidiscovery.k8s.io", clause.parameters["as"] == "APIGroupDiscoveryList",
                let version = clause.parameters["v"], version == "v2" || version == "v2beta1"
            else { continue }
            return version
        }
        return nil
    }

    private func aggregated(groups: [String], version: String, _ request: HTTPServerRequest) -> HTTPServerResponse {
        let items: [JSONValue] = groups.map { group in
            [
                "metadata": group.isEmpty ? [:] : ["name": .string(group)],
                "versions": .array(
                    registry.versions(of: group).map { version in
                        [
                            "version": .string(version), "freshness": "Current",
                            "resources": .array(
                                registry.resources(group: group, version: version).map { aggregatedEntry($0) }),
                        ]
                    }),
            ]
        }
        let value: JSONValue = [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
            "metadata": [:], "items": .array(items),
        ]
        let bytes = value.serialized()
        return ETag.respond(
            to: request, bytes: bytes, hash: ETag.hash(bytes),
            contentType: "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList")
    }

    private func aggregatedEntry(_ resource: APIResource) -> JSONValue {
        func kind(_ group: String, _ version: String, _ kind: String) -> JSONValue {
            ["group": .string(group), "version": .string(version), "kind": .string(kind)]
        }
        // The built-in kinds leave the group out here: it is that of the list.
        var entry: JSONValue = [
            "resource": .string(resource.plural),
            "responseKind": resource.isCustom
                ? kind(resource.group, resource.version, resource.kind) : kind("", "", resource.kind),
            "scope": resource.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(resource.singular), "verbs": .array(resource.verbs.map { .string($0) }),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = .array(resource.shortNames.map { .string($0) }) }
        if !resource.categories.isEmpty { entry["categories"] = .array(resource.categories.map { .string($0) }) }
        let subresources: [JSONValue] = Subresource.all(of: resource).map {
            [
                "subresource": .string($0.name), "responseKind": kind($0.group, $0.version, $0.kind),
                "verbs": .array($0.verbs.map { .string($0) }),
            ]
        }
        if !subresources.isEmpty { entry["subresources"] = .array(subresources) }
        return entry
    }
}

/// A part of a resource with an endpoint of its own.
struct Subresource: Sendable {
    let name: String
    let group: String
    let version: String
    let kind: String
    let verbs: [String]

    static func all(of resource: APIResource) -> [Subresource] {
        let group = resource.isCustom ? resource.group : ""
        let version = resource.isCustom ? resource.version : ""
        var result: [Subresource] = []
        if resource.storage == BuiltInResources.namespaces.storage {
            result.append(Subresource(name: "finalize", group: "", version: "", kind: "Namespace", verbs: ["update"]))
        }
        if resource.hasStatus {
            result.append(
                Subresource(
                    name: "status", group: group, version: version, kind: resource.kind,
                    verbs: ["get", "patch", "update"]))
        }
        if resource.storage == BuiltInResources.serviceAccounts.storage {
            result.append(
                Subresource(
                    name: "token", group: "authentication.k8s.io", version: "v1", kind: "TokenRequest",
                    verbs: ["create"]))
        }
        return result
    }
}

/// Entity tags of generated documents (RFC 9110, section 8.8.3).
enum ETag {
    /// SHA-512 in uppercase hexadecimal, as kube-apiserver's.
    static func hash(_ bytes: [UInt8]) -> String { Digest.of(bytes, .sha512).hex.uppercased() }

    /// The document, or 304 when the client has it.
    static func respond(
        to request: HTTPServerRequest, bytes: [UInt8], hash: String, contentType: String, headers: HTTPFields = [:]
    ) -> HTTPServerResponse {
        var fields = headers
        fields["Etag"] = "\"\(hash)\""
        fields["Vary"] = "Accept"
        if let known = request.headers["If-None-Match"], known.contains(hash) {
            return HTTPServerResponse(status: 304, headers: fields)
        }
        fields["Content-Type"] = contentType
        return .json(200, bytes, headers: fields)
    }
}
