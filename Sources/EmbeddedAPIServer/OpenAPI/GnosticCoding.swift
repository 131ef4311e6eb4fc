internal import Core

/// OpenAPI version 2 as protobuf (google/gnostic `openapiv2.Document`), the only form that older kubectl asks for.
enum GnosticCoding {
    static func encode(_ document: JSONValue) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, document["swagger"]?.stringValue ?? "")
        writer.message(2) { info in
            info.string(1, document.member(at: "info", "title")?.stringValue ?? "")
            info.string(2, document.member(at: "info", "version")?.stringValue ?? "")
        }
        writer.message(8) { paths in
            for (name, item) in sorted(document["paths"]) {
                paths.message(2) { named in
                    named.string(1, name)
                    named.message(2) { pathItem(item, to: &$0) }
                }
            }
        }
        writer.message(9) { definitions in namedSchemas(document["definitions"], to: &definitions) }
        return writer.bytes
    }

    private static func sorted(_ value: JSONValue?) -> [(String, JSONValue)] {
        (value?.objectValue ?? [:]).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0, $1) }
    }

    private static func pathItem(_ item: JSONValue, to writer: inout ProtobufWriter) {
        for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
            guard let operation = item[method] else { continue }
            writer.message(number) { self.operation(operation, to: &$0) }
        }
        for parameter in item["parameters"]?.arrayValue ?? [] {
            writer.message(9) { self.parameter(parameter, to: &$0) }
        }
    }

    private static func operation(_ value: JSONValue, to writer: inout ProtobufWriter) {
        writer.string(3, value["description"]?.stringValue ?? "")
        writer.string(5, value["operationId"]?.stringValue ?? "")
        for type in value["produces"]?.arrayValue ?? [] { writer.string(6, type.stringValue ?? "") }
        for type in value["consumes"]?.arrayValue ?? [] { writer.string(7, type.stringValue ?? "") }
        for parameter in value["parameters"]?.arrayValue ?? [] {
            writer.message(8) { self.parameter(parameter, to: &$0) }
        }
        writer.message(9) { responses in
            for (code, response) in sorted(value["responses"]) {
                responses.message(1) { named in
                    named.string(1, code)
                    named.message(2) { choice in
                        choice.message(1) { body in
                            body.string(1, response["description"]?.stringValue ?? "")
                            if let schema = response["schema"] {
                                body.message(2) { item in item.message(1) { self.schema(schema, to: &$0) } }
                            }
                        }
                    }
                }
            }
        }
        extensions(value, number: 13, to: &writer)
    }

    /// A `ParametersItem`: a choice within choices.
    private static func parameter(_ value: JSONValue, to writer: inout ProtobufWriter) {
        let name = value["name"]?.stringValue ?? ""
        let place = value["in"]?.stringValue ?? ""
        let isRequired: UInt64 = value["required"] == true ? 1 : 0
        writer.message(1) { parameter in
            if place == "body" {
                parameter.message(1) { body in
                    body.string(2, name)
                    body.string(3, place)
                    body.varint(4, isRequired)
                    if let schema = value["schema"] { body.message(5) { self.schema(schema, to: &$0) } }
                }
                return
            }
            parameter.message(2) { other in
                other.message(place == "path" ? 4 : 3) { field in
                    if isRequired == 1 { field.varint(1, 1) }
                    field.string(2, place)
                    field.string(4, name)
                    field.string(place == "path" ? 5 : 6, value["type"]?.stringValue ?? "string")
                }
            }
        }
    }

    private static func namedSchemas(_ value: JSONValue?, to writer: inout ProtobufWriter) {
        for (name, schema) in sorted(value) {
            writer.message(1) { named in
                named.string(1, name)
                named.message(2) { self.schema(schema, to: &$0) }
            }
        }
    }

    private static func schema(_ value: JSONValue, to writer: inout ProtobufWriter) {
        if let text = value["$ref"]?.stringValue { writer.string(1, text) }
        if let text = value["format"]?.stringValue { writer.string(2, text) }
        if let text = value["description"]?.stringValue { writer.string(4, text) }
        if let any = value["default"] { writer.message(5) { self.any(any, to: &$0) } }
        if let text = value["pattern"]?.stringValue { writer.string(13, text) }
        for name in value["required"]?.arrayValue ?? [] { writer.string(19, name.stringValue ?? "") }
        for choice in value["enum"]?.arrayValue ?? [] { writer.message(20) { any(choice, to: &$0) } }
        if let additional = value["additionalProperties"] {
            writer.message(21) { item in item.message(1) { schema(additional, to: &$0) } }
        }
        if let type = value["type"]?.stringValue { writer.message(22) { $0.string(1, type) } }
        if let items = value["items"] {
            writer.message(23) { item in item.message(1) { schema(items, to: &$0) } }
        }
        if let properties = value["properties"] {
            writer.message(25) { namedSchemas(properties, to: &$0) }
        }
        extensions(value, number: 31, to: &writer)
    }

    private static func extensions(_ value: JSONValue, number: Int, to writer: inout ProtobufWriter) {
        for (name, content) in sorted(value) where name.hasPrefix("x-") {
            writer.message(number) { named in
                named.string(1, name)
                named.message(2) { any(content, to: &$0) }
            }
        }
    }

    /// Values of any type travel as YAML text; JSON is YAML.
    private static func any(_ value: JSONValue, to writer: inout ProtobufWriter) {
        writer.string(2, value.text() + "\n")
    }
}
