/// What a path of the API points at.
struct RequestTarget: Sendable, Hashable {
    let group: String
    let version: String
    /// nil: the group version itself.
    let resource: String?
    /// nil: all namespaces, or no namespace.
    let namespace: String?
    let name: String?
    let subresource: String?

    /// Reads `/api/v1/...` and `/apis/<group>/<version>/...`; nil for anything else.
    init?(path: String) {
        var segments: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true) {
            guard let text = PercentEncoding.decode(segment) else { return nil }
            segments.append(text)
        }
        var rest = segments[...]
        switch rest.popFirst() {
        case "api":
            guard let version = rest.popFirst() else { return nil }
            group = ""
            self.version = version
        case "apis":
            guard let group = rest.popFirst(), let version = rest.popFirst() else { return nil }
            self.group = group
            self.version = version
        default: return nil
        }
        guard let first = rest.popFirst() else {
            (resource, namespace, name, subresource) = (nil, nil, nil, nil)
            return
        }
        guard first == "namespaces", rest.count >= 2, !["status", "finalize"].contains(rest[rest.startIndex + 1])
        else {
            resource = first
            namespace = nil
            name = rest.popFirst()
            subresource = rest.popFirst()
            guard rest.isEmpty else { return nil }
            return
        }
        namespace = rest.popFirst()
        resource = rest.popFirst()
        name = rest.popFirst()
        subresource = rest.popFirst()
        guard rest.isEmpty else { return nil }
    }
}
