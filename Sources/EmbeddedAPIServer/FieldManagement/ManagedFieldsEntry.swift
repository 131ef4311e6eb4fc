internal import Core

/// One entry of `metadata.managedFields`: which fields one manager owns.
struct ManagedFieldsEntry: Hashable, Sendable {
    enum Operation: String, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    var manager: String
    var operation: Operation
    var apiVersion: String
    /// Empty: none.
    var subresource: String
    /// RFC 3339; nil: never set.
    var time: String?
    var fields: FieldSet

    /// Whether two entries are of the same manager doing the same.
    func hasSameIdentity(as other: ManagedFieldsEntry) -> Bool {
        manager == other.manager && operation == other.operation && subresource == other.subresource
            && (operation == .apply || apiVersion == other.apiVersion)
    }

    init(
        manager: String, operation: Operation, apiVersion: String, subresource: String, time: String? = nil,
        fields: FieldSet = FieldSet()
    ) {
        self.manager = manager
        self.operation = operation
        self.apiVersion = apiVersion
        self.subresource = subresource
        self.time = time
        self.fields = fields
    }

    init?(parsing value: JSONValue) {
        guard let operation = value["operation"]?.stringValue.flatMap(Operation.init(rawValue:)),
            value["fieldsType"] == "FieldsV1", let fields = FieldSet(parsing: value["fieldsV1"] ?? [:])
        else { return nil }
        self.init(
            manager: value["manager"]?.stringValue ?? "", operation: operation,
            apiVersion: value["apiVersion"]?.stringValue ?? "",
            subresource: value["subresource"]?.stringValue ?? "", time: value["time"]?.stringValue, fields: fields)
    }

    var json: JSONValue {
        var value: JSONValue = [
            "manager": .string(manager), "operation": .string(operation.rawValue), "apiVersion": .string(apiVersion),
            "fieldsType": "FieldsV1", "fieldsV1": fields.json,
        ]
        if let time { value["time"] = .string(time) }
        if !subresource.isEmpty { value["subresource"] = .string(subresource) }
        return value
    }

    /// The manager as conflict messages name it.
    var messageText: String {
        var text = JSONValue.string(manager).text()
        if !subresource.isEmpty { text += " with subresource \(JSONValue.string(subresource).text())" }
        return operation == .update ? "\(text) using \(apiVersion)" : text
    }
}

/// The value of `metadata.managedFields`.
struct ManagedFields: Sendable {
    var entries: [ManagedFieldsEntry]

    init(entries: [ManagedFieldsEntry] = []) { self.entries = entries }

    /// The entries of an object; nil when they are malformed.
    init?(of object: JSONValue) {
        guard let list = object["metadata"]?["managedFields"]?.arrayValue else {
            entries = []
            return
        }
        entries = []
        for value in list {
            guard let entry = ManagedFieldsEntry(parsing: value) else { return nil }
            entries.append(entry)
        }
    }

    /// In kube-apiserver's order: Apply before Update, then oldest first (without a time before all), then by name.
    var json: [JSONValue] {
        entries.sorted { one, other in
            let left = [one.operation.rawValue, one.time ?? "", one.manager, one.apiVersion, one.subresource]
            let right = [
                other.operation.rawValue, other.time ?? "", other.manager, other.apiVersion, other.subresource,
            ]
            return left.lexicographicallyPrecedes(right)
        }.map(\.json)
    }

    /// Writes the entries into an object's metadata.
    func write(to object: inout JSONValue) {
        object["metadata", default: [:]]["managedFields"] = entries.isEmpty ? nil : .array(json)
    }
}
