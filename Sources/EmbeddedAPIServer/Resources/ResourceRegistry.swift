internal import Core

/// Every resource that the server offers.
struct ResourceRegistry: Sendable {
    let resources: [APIResource]
    private let byPath: [String: Int]

    init(custom: [APIResource]) {
        resources = BuiltInResources.all + custom
        byPath = Dictionary(
            resources.enumerated().map { ("\($1.group)/\($1.version)/\($1.plural)", $0) },
            uniquingKeysWith: { one, _ in one })
    }

    func resource(group: String, version: String, plural: String) -> APIResource? {
        byPath["\(group)/\(version)/\(plural)"].map { resources[$0] }
    }

    /// The named groups, in the order in which kube-apiserver lists them.
    var groups: [String] {
        var seen: Set<String> = [""]
        let custom = resources.filter(\.isCustom).map(\.group)
        return (["events.k8s.io", "apiextensions.k8s.io", "coordination.k8s.io"] + custom)
            .filter { seen.insert($0).inserted }
    }

    /// The versions of a group, the preferred one first.
    func versions(of group: String) -> [String] {
        var seen: Set<String> = []
        return resources.filter { $0.group == group }.map(\.version).filter { seen.insert($0).inserted }
    }

    func resources(group: String, version: String) -> [APIResource] {
        resources.filter { $0.group == group && $0.version == version }.sorted { $0.plural < $1.plural }
    }

    /// What objects are stored under, each once.
    var identities: [StorageIdentity] {
        var seen: Set<StorageIdentity> = []
        return resources.map(\.storage).filter { seen.insert($0).inserted }
    }

    /// What lives in namespaces.
    var namespacedIdentities: [StorageIdentity] {
        var seen: Set<StorageIdentity> = []
        return resources.filter(\.isNamespaced).map(\.storage).filter { seen.insert($0).inserted }
    }
}
