package import Core

/// One line of a watch (meta/v1 WatchEvent).
package enum WatchEvent: Sendable, Hashable {
    /// An object that is new to the watch, with its JSON.
    case added(JSONValue)
    case modified(JSONValue)
    /// The last state of an object that is gone.
    case deleted(JSONValue)
    /// Nothing changed up to this resource version.
    case bookmark(resourceVersion: String)
    /// The watch failed and ends; code 410 means that the history before the asked version is gone.
    case error(Status)

    /// Reads one watch event.
    /// - Throws: `ObjectDecodingError` for anything that is none.
    package init(json: JSONValue) throws(ObjectDecodingError) {
        guard case .object(let members) = json, let object = members["object"] else {
            throw ObjectDecodingError(path: "object", message: "is required")
        }
        switch members["type"]?.stringValue {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            guard let version = object.member(at: "metadata", "resourceVersion")?.stringValue, !version.isEmpty else {
                throw ObjectDecodingError(path: "object.metadata.resourceVersion", message: "is required")
            }
            self = .bookmark(resourceVersion: version)
        case "ERROR":
            do throws(ObjectDecodingError) {
                self = .error(try Status(json: object))
            } catch {
                throw error.inside("object")
            }
        default: throw ObjectDecodingError(path: "type", message: "is not a known kind of watch event")
        }
    }

    /// The JSON object of the event; `bookmarkObject` gives a bookmark's object its apiVersion and kind.
    package func json(bookmarkObject: GroupVersionKind? = nil) -> JSONValue {
        switch self {
        case .added(let object): return ["type": "ADDED", "object": object]
        case .modified(let object): return ["type": "MODIFIED", "object": object]
        case .deleted(let object): return ["type": "DELETED", "object": object]
        case .error(let status): return ["type": "ERROR", "object": status.json]
        case .bookmark(let version):
            var object: JSONValue = ["metadata": ["resourceVersion": .string(version)]]
            if let bookmarkObject {
                object["apiVersion"] = .string(bookmarkObject.apiVersion)
                object["kind"] = .string(bookmarkObject.kind)
            }
            return ["type": "BOOKMARK", "object": object]
        }
    }
}
