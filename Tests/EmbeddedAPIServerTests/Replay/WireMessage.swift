import Core

@testable import EmbeddedAPIServer

/// A recorded protobuf message.
struct WireMessage {
    let json: JSONValue
    let encoded: [UInt8]

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    static func decode(_ bytes: [UInt8], path: String) throws -> WireMessage {
        let resource = try resource(of: path)
        let probe = try ProtobufCoding.decode(bytes, schema: .message("", []))
        if probe["kind"] == .string(resource.listKind) {
            let schema = Schema.message(
                "", [.message(1, "metadata", BuiltInSchemas.listMeta), .messages(2, "items", "", resource.schema)])
            let value = try ProtobufCoding.decode(bytes, schema: schema)
            return WireMessage(
                json: value,
                encoded: ProtobufCoding.encodeList(
                    value["items"]?.arrayValue ?? [], metadata: value["metadata"] ?? [:], resource: resource))
        }
        let value = try ProtobufCoding.decode(bytes, schema: resource.schema)
        return WireMessage(json: value, encoded: ProtobufCoding.encode(value, schema: resource.schema))
    }

    /// The bytes of a message that was noted as text, with a mark in the place of each byte that is no UTF-8: the first byte
    /// of a number above 127. The right one is found by trying.
    static func repaired(_ text: String, path: String) throws -> [UInt8] {
        let parts = text.unicodeScalars.split(separator: "\u{fffd}", omittingEmptySubsequences: false)
            .map { [UInt8](String(String.UnicodeScalarView($0)).utf8) }
        guard parts.count > 1 else { return parts[0] }
        let resource = try resource(of: path)
        for byte in UInt8(0x80)...0xff {
            let bytes = Array(parts.joined(separator: [byte]))
            guard let value = try? ProtobufCoding.decode(bytes, schema: resource.schema),
                ProtobufCoding.encode(value, schema: resource.schema) == bytes
            else { continue }
            // A duration that somebody asked for is in whole minutes, ten of them at least.
            if let seconds = value.member(at: "spec", "expirationSeconds")?.integerValue,
                seconds < 600 || seconds % 60 != 0
            {
                continue
            }
            return bytes
        }
        throw Unreadable(description: "the message cannot be repaired")
    }

    private static func resource(of path: String) throws -> APIResource {
        guard let target = RequestTarget(path: String(path.prefix { $0 != "?" })) else {
            throw Unreadable(description: "unknown path \(path)")
        }
        if target.subresource == "token" { return BuiltInResources.tokenRequests }
        guard
            let resource = BuiltInResources.all.first(where: {
                $0.plural == target.resource && $0.group == target.group
            })
        else { throw Unreadable(description: "unknown resource of \(path)") }
        return resource
    }
}
