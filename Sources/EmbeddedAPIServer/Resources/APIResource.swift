internal import Core

/// One resource in one version as the API offers it.
struct APIResource: Sendable {
    /// Empty for the legacy group.
    let group: String
    let version: String
    let plural: String
    let singular: String
    let kind: String
    let listKind: String
    let isNamespaced: Bool
    let shortNames: [String]
    let categories: [String]
    let verbs: [String]
    let hasStatus: Bool
    let isCustom: Bool
    /// The text of the `Warning` header that every request for this version gets.
    let deprecationWarning: String?
    /// The schema of the whole object.
    let schema: Schema
    let columns: [TableColumn]
    /// Where the objects are kept: the same for all versions.
    let storage: StorageIdentity
    /// How this version's objects differ from the stored ones.
    let conversion: Conversion
    /// The object without any value, as a typed server serialises it: what a creation is compared with.
    let emptyObject: JSONValue
    let nameRule: NameRule
    let allowsCreateOnUpdate: Bool
    let allowsUnconditionalUpdate: Bool
    /// Dotted paths that field selectors may name beside `metadata.name` and `metadata.namespace`.
    let selectableFields: [String]

    enum Conversion: Sendable {
        /// Only `apiVersion` differs.
        case none
        /// events.k8s.io/v1 on top of core/v1 events.
        case event
    }

    enum NameRule: Sendable {
        case subdomain, label
    }

    /// `widgets.example.test`, or `secrets`.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }
    /// `Widget.example.test`, or `Secret`.
    var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
    /// `example.test/v1`, or `v1`.
    var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    /// Whether answers can be had as protobuf.
    var hasProtobuf: Bool { !isCustom && !schema.wireFields.isEmpty }
    /// Whether objects count the changes of their spec.
    var hasGeneration: Bool { isCustom }
}

/// What objects are stored under.
struct StorageIdentity: Sendable, Hashable {
    let group: String
    let plural: String
    /// `apiVersion` of the stored objects.
    let apiVersion: String
    let kind: String
}
