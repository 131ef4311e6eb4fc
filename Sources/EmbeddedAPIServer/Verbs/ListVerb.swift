internal import Core
internal import HTTPServing
internal import YAMLCoding

/// What a request wants listed, watched or deleted.
struct Selection: Sendable {
    let labels: LabelSelector
    let fields: FieldSelector
    /// nil: all namespaces.
    let namespace: String?
    /// The path names a single object, or a selector does.
    let name: String?

    init(_ request: APIRequest) throws(APIStatus) {
        do {
            labels =
                try request.query["labelSelector"].map { text throws(SelectorError) in try LabelSelector(parsing: text)
                } ?? .everything
            fields =
                try request.query["fieldSelector"].map { text throws(SelectorError) in
                    try FieldSelector(parsing: text, resource: request.resource)
                } ?? .everything
        } catch {
            throw .badRequest(error.message)
        }
        namespace = request.listNamespace ?? fields.namespace
        name = request.name ?? fields.name
    }

    var isEverything: Bool { labels.isEmpty && fields.isEmpty && name == nil }

    func matches(_ object: StoredObject) -> Bool {
        if let namespace, object.namespace != namespace { return false }
        if let name, object.name != name { return false }
        return labels.matches(object.labels) && fields.matches(object)
    }
}

/// Answers lists.
struct ListVerb {
    let store: ObjectStore
    let request: APIRequest
    let now: Timestamp

    private struct Page {
        var objects: [StoredObject]
        var version: UInt64
        var next: ContinueToken?
        var remaining: Int?
    }

    func respond() throws(APIStatus) -> HTTPServerResponse {
        let page = try page()
        var metadata: JSONValue = ["resourceVersion": .string(String(page.version))]
        if let next = page.next { metadata["continue"] = .string(next.text) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        let resource = request.resource
        switch try request.representation {
        case .object(.json):
            if resource.isCustom { metadata["continue"] = metadata["continue"] ?? "" }
            return .json(200, listBytes(page.objects, metadata: metadata))
        case .object(.yaml):
            let list = listValue(page.objects, metadata: metadata)
            return .json(200, [UInt8](YAML.serialize(list).utf8), headers: ["Content-Type": "application/yaml"])
        case .object(.protobuf):
            return .json(
                200,
                ProtobufCoding.encodeList(
                    page.objects.map { resource.value(of: $0) }, metadata: metadata, resource: resource),
                headers: ["Content-Type": "application/vnd.kubernetes.protobuf"])
        case .table(let version):
            let builder = TableBuilder(
                resource: resource, version: version, now: now,
                included: try TableBuilder.Included(request.query["includeObject"]))
            return .json(200, builder.tableBytes(of: page.objects, metadata: metadata))
        case .metadata(let version):
            return .json(
                200,
                [
                    "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"),
                    "metadata": metadata,
                    "items": .array(
                        page.objects.map { TableBuilder.partialMetadata(of: resource.value(of: $0), version: version) }),
                ])
        }
    }

    private func listBytes(_ objects: [StoredObject], metadata: JSONValue) -> [UInt8] {
        let resource = request.resource
        var bytes = [UInt8](#"{"apiVersion":"\#(resource.groupVersion)","items":["#.utf8)
        bytes.reserveCapacity(objects.reduce(256) { $0 + $1.bytes.count + 1 })
        for (index, object) in objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += resource.bytes(of: object)
        }
        bytes += [UInt8](#"],"kind":"\#(resource.listKind)","metadata":"#.utf8)
        bytes += metadata.serialized()
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private func listValue(_ objects: [StoredObject], metadata: JSONValue) -> JSONValue {
        [
            "apiVersion": .string(request.resource.groupVersion), "kind": .string(request.resource.listKind),
            "metadata": metadata, "items": .array(objects.map { request.resource.value(of: $0) }),
        ]
    }

    // MARK: Which objects

    private func page() throws(APIStatus) -> Page {
        let selection = try Selection(request)
        let token = try request.query["continue"].map { text throws(APIStatus) in try ContinueToken(parsing: text) }
        let (objects, version) = try objects(token, selection: selection)
        var limit = request.query["limit"].flatMap { Int($0) } ?? 0
        // Any version will do: kube-apiserver answers from its cache then, as a whole.
        if request.query["resourceVersion"] == "0", token == nil { limit = 0 }
        return paged(objects, version: version, token: token, selection: selection, limit: limit)
    }

    private func objects(
        _ token: ContinueToken?, selection: Selection
    ) throws(APIStatus) -> ([StoredObject], UInt64) {
        let identity = request.resource.storage
        let wanted = try ResourceVersionDemand(request.query, hasToken: token != nil)
        if let token, let version = token.version {
            guard let objects = store.objects(identity, namespace: selection.namespace, at: version) else {
                throw expired(token)
            }
            return (objects, version)
        }
        switch wanted {
        case .exact(let version):
            guard version <= store.version else {
                throw .tooLargeResourceVersion(version, current: store.version)
            }
            guard let objects = store.objects(identity, namespace: selection.namespace, at: version) else {
                throw .expired("The resourceVersion for the provided list is too old.")
            }
            return (objects, version)
        case .notOlder(let version) where version > store.version:
            throw .tooLargeResourceVersion(version, current: store.version)
        default:
            if let namespace = selection.namespace, let name = selection.name {
                let version = store.version
                return (store.object(identity, namespace: namespace, name: name).map { [$0] } ?? [], version)
            }
            return store.objects(identity, namespace: selection.namespace)
        }
    }

    private func paged(
        _ objects: [StoredObject], version: UInt64, token: ContinueToken?, selection: Selection, limit: Int
    ) -> Page {
        var page = Page(objects: [], version: version)
        let isWhole = request.listNamespace == nil
        func key(_ object: StoredObject) -> String {
            isWhole ? "\(object.namespace)/\(object.name)" : object.name
        }
        var rest = objects[...]
        if let token {
            rest = rest.drop { key($0).utf8.lexicographicallyPrecedes(token.start.utf8) }
        }
        guard limit > 0 else {
            page.objects = rest.filter(selection.matches)
            return page
        }
        while let object = rest.popFirst() {
            guard selection.matches(object) else { continue }
            page.objects.append(object)
            if page.objects.count == limit, !rest.isEmpty {
                page.next = ContinueToken(version: version, after: key(object))
                if selection.isEverything { page.remaining = rest.count }
                return page
            }
        }
        return page
    }

    private func expired(_ token: ContinueToken) -> APIStatus {
        var status = APIStatus.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
                + "without the continue parameter, or use the continue token in this response to retrieve the remainder "
                + "of the results. Continuing with the provided token results in an inconsistent list - objects that "
                + "were created, modified, or deleted between the time the first chunk was returned and now may show up "
                + "in the list.")
        let next = ContinueToken(version: nil, after: String(token.start.dropLast()))
        status.metadata = ["continue": .string(next.text)]
        return status
    }
}

/// Which state of the store a list asks for (`resourceVersion` and `resourceVersionMatch`).
enum ResourceVersionDemand {
    case newest, any
    case notOlder(UInt64)
    case exact(UInt64)

    init(_ query: QueryParameters, hasToken: Bool) throws(APIStatus) {
        let match = query["resourceVersionMatch"]
        guard let text = query["resourceVersion"] else {
            if match != nil, !query.flag("sendInitialEvents") {
                throw Self.invalid(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            self = .newest
            return
        }
        guard let version = UInt64(text) else {
            throw Self.invalid(
                .invalid("resourceVersion", .string(text), "strconv.ParseUint: parsing \"\(text)\": invalid syntax"))
        }
        if hasToken, version != 0 {
            throw .badRequest("specifying resource version is not allowed when using continue")
        }
        switch match {
        case nil: self = version == 0 ? .any : .notOlder(version)
        case "NotOlderThan": self = version == 0 ? .any : .notOlder(version)
        case "Exact":
            guard version != 0 else {
                throw Self.invalid(
                    .forbidden(
                        "resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
                )
            }
            self = .exact(version)
        case .some(let other):
            throw Self.invalid(
                .notSupported("resourceVersionMatch", .string(other), ["Exact", "NotOlderThan", ""]))
        }
    }

    private static func invalid(_ error: FieldError) -> APIStatus {
        .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", errors: [error])
    }
}
