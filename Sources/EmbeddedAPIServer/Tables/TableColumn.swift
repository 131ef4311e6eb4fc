internal import Core

/// One column of a Table and how its cells are made.
struct TableColumn: Sendable {
    let name: String
    let type: String
    var format = ""
    let description: String
    var priority: Int64 = 0
    /// The cell of an object.
    let cell: @Sendable (JSONValue, Timestamp) -> JSONValue

    var definition: JSONValue {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": .integer(priority),
        ]
    }

    static let name = TableColumn(
        name: "Name", type: "string", format: "name", description: BuiltInSchemas.nameText,
        cell: { value, _ in value.member(at: "metadata", "name") ?? "" })

    static let age = TableColumn(
        name: "Age", type: "string", description: BuiltInSchemas.creationTimestampText,
        cell: { value, now in
            .string(Age.text(since: value.member(at: "metadata", "creationTimestamp")?.stringValue, now: now))
        })

    static let nameAndAge = [name, age]

    static let namespace = [
        name,
        TableColumn(
            name: "Status", type: "string", description: "The status of the namespace",
            cell: { value, _ in value.member(at: "status", "phase") ?? "" }),
        age,
    ]

    static let secret = [
        name,
        TableColumn(
            name: "Type", type: "string",
            description:
                "Used to facilitate programmatic handling of secret data. More info: "
                + "https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
            cell: { value, _ in value["type"] ?? "" }),
        TableColumn(
            name: "Data", type: "string",
            description:
                "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The "
                + "serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly "
                + "non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
            cell: { value, _ in .integer(Int64(value["data"]?.objectValue?.count ?? 0)) }),
        age,
    ]

    static let configMap = [
        name,
        TableColumn(
            name: "Data", type: "string",
            description:
                "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or "
                + "'.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must "
                + "not overlap with the keys in the BinaryData field, this is enforced during validation process.",
            cell: { value, _ in
                .integer(
                    Int64((value["data"]?.objectValue?.count ?? 0) + (value["binaryData"]?.objectValue?.count ?? 0)))
            }),
        age,
    ]

    static let serviceAccount = nameAndAge

    static let lease = [
        name,
        TableColumn(
            name: "Holder", type: "string",
            description:
                "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is "
                + "used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
            cell: { value, _ in value.member(at: "spec", "holderIdentity") ?? "" }),
        age,
    ]

    static let customResourceDefinition = [
        name,
        TableColumn(
            name: "Created At", type: "date", description: BuiltInSchemas.creationTimestampText,
            cell: { value, _ in value.member(at: "metadata", "creationTimestamp") ?? .null }),
    ]

    /// The columns of one version of a CustomResourceDefinition.
    static func columns(of version: JSONValue) -> [TableColumn] {
        guard let declared = version["additionalPrinterColumns"]?.arrayValue, !declared.isEmpty else {
            return [
                name,
                TableColumn(
                    name: "Age", type: "date", description: BuiltInSchemas.creationTimestampText,
                    cell: dateCell(JSONPath(parsing: ".metadata.creationTimestamp"))),
            ]
        }
        return [name]
            + declared.map { column in
                let path = column["jsonPath"]?.stringValue ?? ""
                let type = column["type"]?.stringValue ?? "string"
                let parsed = JSONPath(parsing: path)
                return TableColumn(
                    name: column["name"]?.stringValue ?? "", type: type, format: column["format"]?.stringValue ?? "",
                    description: column["description"]?.stringValue
                        ?? "Custom resource definition column (in JSONPath format): \(path)",
                    priority: column["priority"]?.integerValue ?? 0,
                    cell: type == "date" ? dateCell(parsed) : valueCell(parsed, type: type))
            }
    }

    private static func dateCell(_ path: JSONPath?) -> @Sendable (JSONValue, Timestamp) -> JSONValue {
        { value, now in
            guard let text = path?.values(in: value).first?.stringValue else { return .null }
            guard Timestamp(rfc3339: text) != nil else { return "<invalid>" }
            return .string(Age.text(since: text, now: now))
        }
    }

    private static func valueCell(
        _ path: JSONPath?, type: String
    ) -> @Sendable (JSONValue, Timestamp) -> JSONValue {
        { value, _ in
            guard let found = path?.values(in: value), let first = found.first else { return .null }
            switch (type, first) {
            case ("integer", .integer), ("number", .integer), ("number", .double), ("boolean", .bool), (_, .null):
                return first
            case ("string", _):
                let texts = found.map { item in item.stringValue ?? item.text() }
                return .string(texts.joined(separator: ","))
            default: return .null
            }
        }
    }
}
