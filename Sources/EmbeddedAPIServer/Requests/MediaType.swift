/// One clause of an `Accept` header, or the value of `Content-Type`.
struct MediaType: Sendable, Hashable {
    let type: String
    let parameters: [String: String]

    init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: true)
        guard let first = parts.first else { return nil }
        type = Self.trimmed(first).lowercased()
        guard type.contains("/") else { return nil }
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            parameters[Self.trimmed(pair[0]).lowercased()] = Self.trimmed(pair[1])
        }
        self.parameters = parameters
    }

    /// The clauses of an `Accept` header, in order.
    static func accepted(_ header: String?) -> [MediaType] {
        (header ?? "").split(separator: ",").prefix(32).compactMap { MediaType(parsing: $0) }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var part = Substring(text)
        while let first = part.first, first == " " || first == "\t" || first == "\"" { part.removeFirst() }
        while let last = part.last, last == " " || last == "\t" || last == "\"" { part.removeLast() }
        return String(part)
    }
}

/// The form in which a client wants objects.
enum Representation: Sendable, Hashable {
    enum Encoding: Sendable, Hashable {
        case json, yaml, protobuf
    }

    case object(Encoding)
    /// `meta.k8s.io` Table, in the given version.
    case table(String)
    /// Only type and metadata, in the given version of `meta.k8s.io`.
    case metadata(String)

    /// The first clause of `accept` that can be served.
    /// - Throws: 406 when there is none.
    static func negotiate(accept: String?, resource: APIResource) throws(APIStatus) -> Representation {
        let clauses = MediaType.accepted(accept)
        if clauses.isEmpty { return .object(.json) }
        for clause in clauses {
            switch clause.type {
            case "application/json", "application/*", "*/*":
                let version = clause.parameters["v"] ?? "v1"
                guard let view = clause.parameters["as"] else { return .object(.json) }
                guard clause.parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { continue }
                switch view {
                case "Table": return .table(version)
                case "PartialObjectMetadata", "PartialObjectMetadataList": return .metadata(version)
                default: continue
                }
            case "application/yaml": return .object(.yaml)
            case "application/vnd.kubernetes.protobuf" where resource.hasProtobuf && clause.parameters["as"] == nil:
                return .object(.protobuf)
            default: continue
            }
        }
        var supported = ["application/json", "application/yaml"]
        if resource.hasProtobuf { supported.append("application/vnd.kubernetes.protobuf") }
        throw .notAcceptable(supported)
    }
}
