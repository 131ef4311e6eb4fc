import Core

/// This server offers a part of what a kube-apiserver offers; what it offers must look the same.
enum DiscoverySubset {
    static func differences(_ recorded: JSONValue, _ own: JSONValue) -> [String] {
        var found: [String] = []
        compare(recorded, own, path: "", into: &found)
        return found
    }

    private static func compare(_ recorded: JSONValue, _ own: JSONValue, path: String, into found: inout [String]) {
        switch (recorded, own) {
        case (.object(let left), .object(let right)):
            if left["paths"] != nil {
                for name in ["api/v1", "apis/example.test/v1", "apis/coordination.k8s.io/v1"]
                where right["paths"]?[name] == nil {
                    found.append("\(path).paths: \(name) is missing")
                }
                return
            }
            for name in Set(left.keys).union(right.keys).sorted() where name != "serverAddressByClientCIDRs" {
                guard let one = left[name], let other = right[name] else {
                    found.append("\(path).\(name): \(right[name] == nil ? "missing" : "unexpected")")
                    continue
                }
                compare(one, other, path: "\(path).\(name)", into: &found)
            }
        case (.array(let left), .array(let right)) where identity(right.first) != nil:
            for element in right {
                // Definitions cannot be changed through this server.
                if identity(element) == "customresourcedefinitions" { continue }
                guard let match = left.first(where: { identity($0) == identity(element) }) else {
                    found.append("\(path): \(identity(element) ?? "") is unexpected")
                    continue
                }
                compare(match, element, path: "\(path)[\(identity(element) ?? "")]", into: &found)
            }
        default:
            if recorded != own {
                found.append("\(path): \(own.text().prefix(200)), not \(recorded.text().prefix(200))")
            }
        }
    }

    /// What a group, version, resource or subresource is called.
    private static func identity(_ value: JSONValue?) -> String? {
        guard let value, value.objectValue != nil else { return nil }
        if let name = value["name"] ?? value["resource"] ?? value["subresource"] ?? value["version"] {
            return name.stringValue
        }
        if let metadata = value["metadata"] { return metadata["name"]?.stringValue ?? "" }
        return nil
    }
}
