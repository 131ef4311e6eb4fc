internal import Core

extension APIResource {
    /// A stored object's JSON text in this version.
    func bytes(of object: StoredObject) -> [UInt8] {
        switch conversion {
        case .event: return value(of: object).serialized()
        case .none:
            if groupVersion == storage.apiVersion { return object.bytes }
            // Members are sorted, so every stored text starts with the version.
            let stored = [UInt8](#"{"apiVersion":"\#(storage.apiVersion)""#.utf8)
            guard object.bytes.starts(with: stored) else { return value(of: object).serialized() }
            return [UInt8](#"{"apiVersion":"\#(groupVersion)""#.utf8) + object.bytes[stored.count...]
        }
    }

    /// A stored object as a tree in this version.
    func value(of object: StoredObject) -> JSONValue {
        fromStorage(object.value)
    }

    func fromStorage(_ value: JSONValue) -> JSONValue {
        switch conversion {
        case .event: return EventConversion.toEvents(value)
        case .none:
            var copy = value
            copy["apiVersion"] = .string(groupVersion)
            return copy
        }
    }

    /// An object of this version as it is stored.
    func toStorage(_ value: JSONValue) -> JSONValue {
        switch conversion {
        case .event: return EventConversion.toCore(value)
        case .none:
            var copy = value
            copy["apiVersion"] = .string(storage.apiVersion)
            return copy
        }
    }
}
