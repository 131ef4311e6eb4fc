internal import Core
internal import Cryptography

/// Reads a protobuf message in its JSON form (the dialect of Sigstore's bundles and trusted roots), strictly: names in
/// lowerCamelCase, `null` means absent, 64-bit integers as strings or numbers, bytes as base64 in either alphabet, every
/// member of the message must be read.
struct MessageReader {
    /// Where the message stands, for messages: `verificationMaterial.tlogEntries[0]`.
    let path: String
    private let members: [String: JSONValue]
    private var read: Set<String> = []

    init(_ value: JSONValue, path: String) throws(Rejection) {
        guard case .object(let members) = value else {
            throw Rejection(
                .malformed, "\(path.isEmpty ? "the document" : path) is a JSON \(value.kind), not an object")
        }
        self.members = members.filter { !$0.value.isNull }
        self.path = path
    }

    /// The whole text as a message.
    init(parsing bytes: [UInt8], limit: Int) throws(Rejection) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: limit, depth: 16, values: 100_000))
        } catch {
            throw Rejection(.malformed, "it is no valid JSON: \(shown(error.description))")
        }
        try self.init(value, path: "")
    }

    mutating func value(_ name: String) -> JSONValue? {
        read.insert(name)
        return members[name]
    }

    mutating func string(_ name: String) throws(Rejection) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.stringValue else { throw wrongKind(name, "a string", value) }
        return text
    }

    mutating func bytes(_ name: String) throws(Rejection) -> [UInt8]? {
        guard let text = try string(name) else { return nil }
        guard let bytes = Base64.decode(text, .protobuf) else {
            throw Rejection(.malformed, "\(place(name)) is no valid base64")
        }
        return bytes
    }

    mutating func integer(_ name: String) throws(Rejection) -> Int64? {
        switch value(name) {
        case nil: return nil
        case .integer(let value): return value
        case .string(let text):
            // `Int64` alone would take a leading plus.
            guard let value = Int64(text), text.utf8.first != UInt8(ascii: "+") else {
                throw Rejection(.malformed, "\(place(name)) is no integer")
            }
            return value
        case .some(let value): throw wrongKind(name, "an integer", value)
        }
    }

    mutating func time(_ name: String) throws(Rejection) -> Timestamp? {
        guard let text = try string(name) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw Rejection(.malformed, "\(place(name)) is no RFC 3339 time")
        }
        return time
    }

    mutating func message(_ name: String) throws(Rejection) -> MessageReader? {
        guard let value = value(name) else { return nil }
        return try MessageReader(value, path: place(name))
    }

    mutating func messages(_ name: String, limit: Int) throws(Rejection) -> [MessageReader] {
        guard let value = value(name) else { return [] }
        guard let elements = value.arrayValue else { throw wrongKind(name, "an array", value) }
        guard elements.count <= limit else {  // check: list-limit
            throw Rejection(.malformed, "\(place(name)) has \(elements.count) entries, more than the limit of \(limit)")
        }
        var readers: [MessageReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try MessageReader(element, path: "\(place(name))[\(index)]"))
        }
        return readers
    }

    /// Fails when the message has members that were not read: unknown ones.
    func finish() throws(Rejection) {
        let unknown = members.keys.filter { !read.contains($0) }.min()
        guard unknown == nil else {  // check: unknown-member
            throw Rejection(.unsupported, "\(place(shown(unknown ?? "", limit: 60))) is not known")
        }
    }

    func missing(_ name: String) -> Rejection { Rejection(.malformed, "\(place(name)) is missing") }

    func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func wrongKind(_ name: String, _ wanted: String, _ value: JSONValue) -> Rejection {
        Rejection(.malformed, "\(place(name)) is a JSON \(value.kind), not \(wanted)")
    }
}
