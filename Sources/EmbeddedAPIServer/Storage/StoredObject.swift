internal import Core

/// One version of one object as it is kept: the JSON text, and what selectors and indexes need beside it.
final class StoredObject: Sendable {
    /// Empty for objects of cluster scope.
    let namespace: String
    let name: String
    let uid: String
    let resourceVersion: UInt64
    let labels: [String: String]
    /// Compact JSON in the storage version.
    let bytes: [UInt8]

    init(value: JSONValue, resourceVersion: UInt64) {
        let metadata = value["metadata"]
        namespace = metadata?["namespace"]?.stringValue ?? ""
        name = metadata?["name"]?.stringValue ?? ""
        uid = metadata?["uid"]?.stringValue ?? ""
        labels = (metadata?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        self.resourceVersion = resourceVersion
        // A copy has no room left to grow, which otherwise would be up to half of what a thousand objects take.
        let text = value.serialized()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        bytes += text
        self.bytes = bytes
    }

    init(parsing bytes: [UInt8], resourceVersion: UInt64) throws(JSONError) {
        let metadata = try JSONValue(parsing: bytes)["metadata"]
        namespace = metadata?["namespace"]?.stringValue ?? ""
        name = metadata?["name"]?.stringValue ?? ""
        uid = metadata?["uid"]?.stringValue ?? ""
        labels = (metadata?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        self.resourceVersion = resourceVersion
        self.bytes = bytes
    }

    /// The object as a tree. What is stored was written by this server, so it parses.
    var value: JSONValue {
        (try? JSONValue(parsing: bytes)) ?? [:]
    }
}
