internal import Core

/// The opaque place at which the next part of a list starts (k8s.io/apiserver `storage.EncodeContinue`).
struct ContinueToken: Sendable {
    /// The version of the list; nil: continue with what there is now.
    let version: UInt64?
    /// The first key that is not yet in the list, with a NUL that makes it exclusive.
    let start: String

    init(version: UInt64?, after key: String) {
        self.version = version
        start = key + "\0"
    }

    /// - Throws: 400, worded as kube-apiserver's.
    init(parsing text: String) throws(APIStatus) {
        guard let bytes = Base64.decodeURLSafe(text) else {
            throw .badRequest("continue key is not valid: illegal base64 data")
        }
        guard let value = try? JSONValue(parsing: bytes), value.objectValue != nil else {
            let reason = GoJSONError.message(for: bytes) ?? "not an object"
            throw .badRequest("invalid continue token: continue key is not valid: \(reason)")
        }
        guard value["v"] == "meta.k8s.io/v1" else {
            throw .badRequest(
                "invalid continue token: continue key is not valid: server does not recognize this encoded version")
        }
        guard let start = value["start"]?.stringValue, !start.isEmpty, let version = value["rv"]?.integerValue,
            version != 0
        else {
            throw .badRequest(
                "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion or key")
        }
        self.version = version < 0 ? nil : UInt64(version)
        self.start = start
    }

    var text: String {
        let value: JSONValue = [
            "v": "meta.k8s.io/v1", "rv": .integer(version.flatMap { Int64(exactly: $0) } ?? -1),
            "start": .string(start),
        ]
        return Base64.encode(value.serialized(), urlSafe: true)
    }
}
