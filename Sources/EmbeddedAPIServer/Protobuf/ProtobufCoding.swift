internal import Core

/// The protobuf form of the built-in kinds (`application/vnd.kubernetes.protobuf`): kubectl writes several of its commands'
/// objects in it. A message is wrapped into an envelope (`runtime.Unknown`) behind four magic bytes.
enum ProtobufCoding {
    private static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]
    private static let depthLimit = 32

    // MARK: Reading

    /// The object of an envelope; its type may be missing, as everywhere.
    static func decode(_ bytes: [UInt8], resource: APIResource) throws(APIStatus) -> JSONValue {
        try decode(bytes, schema: resource.schema)
    }

    static func decode(_ bytes: [UInt8], schema: Schema) throws(APIStatus) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw .badRequest(
                "the provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        var apiVersion = ""
        var kind = ""
        var raw: ArraySlice<UInt8> = []
        var reader = ProtobufReader(bytes.dropFirst(magic.count))
        while let field = try reader.next() {
            guard case .bytes(let value) = field.value else { continue }
            if field.number == 1 {
                var type = ProtobufReader(value)
                while let part = try type.next() {
                    guard case .bytes(let text) = part.value else { continue }
                    if part.number == 1 { apiVersion = try string(text) }
                    if part.number == 2 { kind = try string(text) }
                }
            } else if field.number == 2 {
                raw = value
            }
        }
        var object = try message(raw, schema: schema, depth: 0)
        if !apiVersion.isEmpty { object["apiVersion"] = .string(apiVersion) }
        if !kind.isEmpty { object["kind"] = .string(kind) }
        return object
    }

    private static func message(
        _ bytes: ArraySlice<UInt8>, schema: Schema, depth: Int
    ) throws(APIStatus) -> JSONValue {
        guard depth < depthLimit else { throw ProtobufReader.malformed }
        var members: [String: JSONValue] = [:]
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard let wire = schema.wireFields.first(where: { $0.number == field.number }),
                let member = schema.properties[wire.name]
            else { continue }
            if wire.encoding == .stringMap || wire.encoding == .bytesMap {
                let (key, value) = try mapEntry(field.value, isBytes: wire.encoding == .bytesMap)
                var map = members[wire.name]?.objectValue ?? [:]
                members[wire.name] = nil
                map[key] = value
                members[wire.name] = .object(map)
            } else if wire.isRepeated, let items = member.items {
                var list = members[wire.name]?.arrayValue ?? []
                members[wire.name] = nil
                list.append(try value(field.value, wire.encoding, schema: items, depth: depth))
                members[wire.name] = .array(list)
            } else {
                members[wire.name] = try value(field.value, wire.encoding, schema: member, depth: depth)
            }
        }
        return .object(members)
    }

    private static func value(
        _ value: ProtobufReader.Value, _ encoding: Schema.WireField.Encoding, schema: Schema, depth: Int
    ) throws(APIStatus) -> JSONValue {
        switch (encoding, value) {
        case (.string, .bytes(let bytes)): return .string(try string(bytes))
        case (.integer, .varint(let number)): return .integer(Int64(bitPattern: number))
        case (.boolean, .varint(let number)): return .bool(number != 0)
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(Array(bytes)))
        case (.message, .bytes(let bytes)): return try message(bytes, schema: schema, depth: depth + 1)
        case (.time, .bytes(let bytes)), (.microTime, .bytes(let bytes)):
            return try time(bytes, isMicro: encoding == .microTime)
        case (.fields, .bytes(let bytes)):
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                guard field.number == 1, case .bytes(let raw) = field.value else { continue }
                guard let fields = try? JSONValue(parsing: Array(raw), limits: APIRequest.bodyLimits) else {
                    throw ProtobufReader.malformed
                }
                return fields
            }
            return [:]
        default: throw ProtobufReader.malformed
        }
    }

    private static func time(_ bytes: ArraySlice<UInt8>, isMicro: Bool) throws(APIStatus) -> JSONValue {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        var reader = ProtobufReader(bytes)
        guard !bytes.isEmpty else { return .null }
        while let field = try reader.next() {
            guard case .varint(let number) = field.value else { continue }
            if field.number == 1 { seconds = Int64(bitPattern: number) }
            if field.number == 2 { nanoseconds = Int64(bitPattern: number) }
        }
        // The years that RFC 3339 can write.
        guard (-62_135_596_800...253_402_300_799).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else {
            throw ProtobufReader.malformed
        }
        let time = Timestamp(seconds: seconds, nanoseconds: Int32(nanoseconds))
        return .string(isMicro ? time.rfc3339Micro : time.rfc3339)
    }

    private static func mapEntry(
        _ value: ProtobufReader.Value, isBytes: Bool
    ) throws(APIStatus) -> (String, JSONValue) {
        guard case .bytes(let bytes) = value else { throw ProtobufReader.malformed }
        var key = ""
        var content: ArraySlice<UInt8> = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard case .bytes(let part) = field.value else { continue }
            if field.number == 1 { key = try string(part) }
            if field.number == 2 { content = part }
        }
        return (key, .string(isBytes ? Base64.encode(Array(content)) : try string(content)))
    }

    private static func string(_ bytes: ArraySlice<UInt8>) throws(APIStatus) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufReader.malformed }
        return text
    }

    // MARK: Writing

    static func encode(_ value: JSONValue, schema: Schema) -> [UInt8] {
        envelope(
            apiVersion: value["apiVersion"]?.stringValue ?? "", kind: value["kind"]?.stringValue ?? "",
            raw: messageBytes(value, schema: schema))
    }

    static func encodeList(_ items: [JSONValue], metadata: JSONValue, resource: APIResource) -> [UInt8] {
        var list = ProtobufWriter()
        list.data(1, messageBytes(metadata, schema: BuiltInSchemas.listMeta))
        for item in items { list.data(2, messageBytes(item, schema: resource.schema)) }
        return envelope(apiVersion: resource.groupVersion, kind: resource.listKind, raw: list.bytes)
    }

    private static func envelope(apiVersion: String, kind: String, raw: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { type in
            type.string(1, apiVersion)
            type.string(2, kind)
        }
        writer.data(2, raw)
        writer.string(3, "")
        writer.string(4, "")
        return magic + writer.bytes
    }

    private static func messageBytes(_ value: JSONValue, schema: Schema) -> [UInt8] {
        var writer = ProtobufWriter()
        for field in schema.wireFields {
            guard let member = schema.properties[field.name] else { continue }
            let content = value[field.name] ?? .null
            if field.isRepeated {
                for element in content.arrayValue ?? [] {
                    write(element, field, schema: member.items ?? member, to: &writer)
                }
            } else if field.encoding == .stringMap || field.encoding == .bytesMap {
                for (key, text) in (content.objectValue ?? [:]).sorted(by: {
                    $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
                }) {
                    let text = text.stringValue ?? ""
                    writer.message(field.number) { entry in
                        entry.string(1, key)
                        entry.data(
                            2, field.encoding == .bytesMap ? Base64.decode(text) ?? [] : [UInt8](text.utf8))
                    }
                }
            } else if !content.isNull || field.isAlwaysWritten {
                write(content, field, schema: member, to: &writer)
            }
        }
        return writer.bytes
    }

    private static func write(
        _ value: JSONValue, _ field: Schema.WireField, schema: Schema, to writer: inout ProtobufWriter
    ) {
        switch field.encoding {
        case .string: writer.string(field.number, value.stringValue ?? "")
        case .integer: writer.varint(field.number, UInt64(bitPattern: value.integerValue ?? 0))
        case .boolean: writer.varint(field.number, value.boolValue == true ? 1 : 0)
        case .bytes: writer.data(field.number, Base64.decode(value.stringValue ?? "") ?? [])
        case .message: writer.data(field.number, messageBytes(value, schema: schema))
        case .time, .microTime:
            writer.message(field.number) { time in
                guard let stamp = value.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else { return }
                time.varint(1, UInt64(bitPattern: stamp.seconds))
                time.varint(2, UInt64(stamp.nanoseconds))
            }
        case .fields: writer.message(field.number) { $0.data(1, value.serialized()) }
        case .stringMap, .bytesMap: break
        }
    }
}
