internal import Core

/// The protobuf form of built-in kinds (`application/vnd.kubernetes.protobuf`).
enum ProtobufCoding {
    static func decode(_ bytes: [UInt8], resource: APIResource) throws(APIStatus) -> JSONValue {
        throw .unsupportedMediaType(accepted: ["application/json", "application/yaml"])
    }

    static func encode(_ value: JSONValue, schema: Schema) -> [UInt8] { [] }

    static func decode(_ bytes: [UInt8], schema: Schema) throws(APIStatus) -> JSONValue { [:] }
    static func encodeList(_ items: [JSONValue], metadata: JSONValue, resource: APIResource) -> [UInt8] { [] }
}
