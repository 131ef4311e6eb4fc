internal import Core

/// Writes watch events in the form a client asked for.
struct WatchEventEncoder: Sendable {
    private let resource: APIResource
    private let representation: Representation
    private let included: TableBuilder.Included
    private let time: any TimeSource
    private var hasSentColumns = false
    let contentType = "application/json"

    init(request: APIRequest, time: any TimeSource) throws(APIStatus) {
        resource = request.resource
        self.time = time
        included = try TableBuilder.Included(request.query["includeObject"])
        // Frames of protobuf are not offered: whoever accepts them accepts JSON too, or is refused.
        let accept = MediaType.accepted(request.header("Accept"))
        let usable = accept.filter { !$0.type.contains("protobuf") && $0.type != "application/yaml" }
        if !accept.isEmpty, usable.isEmpty { throw .notAcceptable(["application/json;stream=watch"]) }
        let wanted = try Representation.negotiate(accept: request.header("Accept"), resource: resource)
        switch wanted {
        case .object: representation = .object(.json)
        default: representation = wanted
        }
    }

    /// The event that a change is for a client with a selection; nothing when it is none.
    mutating func event(_ change: Change, selection: Selection) -> [UInt8] {
        let isIn = change.kind != .deleted && selection.matches(change.object)
        let wasIn = change.previous.map { selection.matches($0) } ?? false
        switch (wasIn, isIn) {
        case (false, false): return []
        case (false, true): return event("ADDED", change.object)
        case (true, true): return event("MODIFIED", change.object)
        case (true, false):
            if change.kind == .deleted { return event("DELETED", change.object) }
            // The object left the selection: its last state within it, at the version of the change.
            guard let previous = change.previous else { return [] }
            var value = previous.value
            value["metadata", default: [:]]["resourceVersion"] = .string(String(change.version))
            return event("DELETED", StoredObject(value: value, resourceVersion: change.version))
        }
    }

    mutating func event(_ type: String, _ object: StoredObject) -> [UInt8] {
        switch representation {
        case .object: return line(type, resource.bytes(of: object))
        case .table(let version):
            let builder = TableBuilder(resource: resource, version: version, now: time.now, included: included)
            let table = builder.table(
                of: [resource.value(of: object)],
                metadata: ["resourceVersion": .string(String(object.resourceVersion))], withColumns: !hasSentColumns)
            hasSentColumns = true
            return line(type, table.serialized())
        case .metadata(let version):
            return line(
                type, TableBuilder.partialMetadata(of: resource.value(of: object), version: version).serialized())
        }
    }

    func bookmark(_ version: UInt64) -> [UInt8] {
        let metadata: JSONValue = ["resourceVersion": .string(String(version))]
        let value: JSONValue
        switch representation {
        case .object:
            value = [
                "apiVersion": .string(resource.groupVersion), "kind": .string(resource.kind), "metadata": metadata,
            ]
        case .table(let version):
            value = [
                "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
                "columnDefinitions": .null, "rows": [],
            ]
        case .metadata(let version):
            value = [
                "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            ]
        }
        return line("BOOKMARK", value.serialized())
    }

    func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](#"{"type":"\#(type)","object":"#.utf8)
        bytes += object
        bytes += [UInt8(ascii: "}"), 0x0a]
        return bytes
    }
}
