internal import Core
internal import RegularExpressions

/// One node of a structural schema (apiextensions.k8s.io/v1 `JSONSchemaProps`, without CEL and combinators).
///
/// The same tree describes custom resources (read from the CRD) and the built-in kinds, and drives validation, pruning,
/// defaulting, field sets, strategic merge, protobuf and the OpenAPI documents.
final class Schema: Sendable {
    enum ValueType: String, Sendable {
        case object, array, string, integer, number, boolean
    }

    /// How server-side apply looks at a list or map (`x-kubernetes-list-type`, `x-kubernetes-map-type`).
    enum Topology: Sendable, Hashable {
        case granular
        case atomic
        case set
        case keyed([String])
    }

    /// How one member is written in the protobuf encoding of a built-in kind.
    struct WireField: Sendable {
        enum Encoding: Sendable {
            case string, integer, boolean, time, microTime, bytes, stringMap, bytesMap, message, fields
        }

        let number: Int
        let name: String
        let encoding: Encoding
        let isRepeated: Bool
        /// Written even when it has no value, as Go's generated code does for what is no pointer.
        let isAlwaysWritten: Bool
    }

    /// The bounds and literal restrictions of a value.
    struct Restrictions: Sendable {
        var format: String?
        var enumeration: [JSONValue] = []
        var pattern: RegularExpression?
        var minimum: Double?
        var maximum: Double?
        var exclusiveMinimum = false
        var exclusiveMaximum = false
        var multipleOf: Double?
        var minimumLength: Int?
        var maximumLength: Int?
        var minimumItems: Int?
        var maximumItems: Int?
        var minimumProperties: Int?
        var maximumProperties: Int?

        var patternText: String? { pattern?.pattern }
    }

    /// nil: any value (`x-kubernetes-int-or-string`, or a schema without type).
    let type: ValueType?
    let description: String
    let properties: [String: Schema]
    let required: [String]
    /// The schema of the members that `properties` does not name.
    let additional: Schema?
    let items: Schema?
    let restrictions: Restrictions
    let isNullable: Bool
    let defaultValue: JSONValue?
    let preservesUnknownFields: Bool
    let isIntegerOrString: Bool
    let topology: Topology
    /// The member that identifies an element of this list in a strategic merge patch; nil: the list is replaced.
    let mergeKey: String?
    /// Protobuf fields by member name; empty for kinds that have no protobuf encoding.
    let wireFields: [WireField]
    /// Whether a default is somewhere at or below this node.
    let hasDefaults: Bool

    init(
        type: ValueType?, description: String = "", properties: [String: Schema] = [:], required: [String] = [],
        additional: Schema? = nil, items: Schema? = nil, restrictions: Restrictions = Restrictions(),
        isNullable: Bool = false, defaultValue: JSONValue? = nil, preservesUnknownFields: Bool = false,
        isIntegerOrString: Bool = false, topology: Topology = .granular, mergeKey: String? = nil,
        wireFields: [WireField] = []
    ) {
        self.type = type
        self.description = description
        self.properties = properties
        self.required = required
        self.additional = additional
        self.items = items
        self.restrictions = restrictions
        self.isNullable = isNullable
        self.defaultValue = defaultValue
        self.preservesUnknownFields = preservesUnknownFields
        self.isIntegerOrString = isIntegerOrString
        self.topology = topology
        self.mergeKey = mergeKey
        self.wireFields = wireFields
        self.hasDefaults =
            defaultValue != nil || properties.values.contains { $0.hasDefaults } || additional?.hasDefaults == true
            || items?.hasDefaults == true
    }

    /// The schema of the member called `name`; nil when the schema does not know it.
    func member(_ name: String) -> Schema? { properties[name] ?? additional }
}
