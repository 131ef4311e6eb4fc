internal import Core

/// The small language in which the built-in kinds are written down.
extension Schema {
    /// One member of a built-in message.
    struct Member {
        let name: String
        let number: Int
        let schema: Schema
        let encoding: WireField.Encoding
        var isRepeated = false
        var isAlwaysWritten = false
        var isRequired = false

        /// The member, written to protobuf even without a value.
        var always: Member {
            var copy = self
            copy.isAlwaysWritten = true
            return copy
        }

        var required: Member {
            var copy = self
            copy.isRequired = true
            return copy
        }

        static func string(_ number: Int, _ name: String, _ description: String) -> Member {
            Member(
                name: name, number: number, schema: Schema(type: .string, description: description), encoding: .string)
        }

        static func integer(_ number: Int, _ name: String, _ description: String, format: String = "int64") -> Member {
            var restrictions = Restrictions()
            restrictions.format = format
            return Member(
                name: name, number: number,
                schema: Schema(type: .integer, description: description, restrictions: restrictions),
                encoding: .integer)
        }

        static func boolean(_ number: Int, _ name: String, _ description: String) -> Member {
            Member(
                name: name, number: number, schema: Schema(type: .boolean, description: description),
                encoding: .boolean)
        }

        static func time(_ number: Int, _ name: String, _ description: String, micro: Bool = false) -> Member {
            var restrictions = Restrictions()
            restrictions.format = "date-time"
            return Member(
                name: name, number: number,
                schema: Schema(
                    type: .string, description: description, restrictions: restrictions, isNullable: true),
                encoding: micro ? .microTime : .time)
        }

        static func stringMap(_ number: Int, _ name: String, _ description: String) -> Member {
            Member(
                name: name, number: number,
                schema: Schema(
                    type: .object, description: description, additional: Schema(type: .string), isNullable: true),
                encoding: .stringMap)
        }

        static func bytesMap(_ number: Int, _ name: String, _ description: String) -> Member {
            var restrictions = Restrictions()
            restrictions.format = "byte"
            return Member(
                name: name, number: number,
                schema: Schema(
                    type: .object, description: description,
                    additional: Schema(type: .string, restrictions: restrictions), isNullable: true),
                encoding: .bytesMap)
        }

        static func strings(
            _ number: Int, _ name: String, _ description: String, topology: Topology = .atomic
        ) -> Member {
            Member(
                name: name, number: number,
                schema: Schema(
                    type: .array, description: description, items: Schema(type: .string), isNullable: true,
                    topology: topology, mergeKey: topology == .set ? "" : nil),
                encoding: .string, isRepeated: true)
        }

        static func message(_ number: Int, _ name: String, _ schema: Schema) -> Member {
            Member(name: name, number: number, schema: schema, encoding: .message)
        }

        static func messages(
            _ number: Int, _ name: String, _ description: String, _ items: Schema, topology: Topology = .atomic,
            mergeKey: String? = nil
        ) -> Member {
            Member(
                name: name, number: number,
                schema: Schema(
                    type: .array, description: description, items: items, isNullable: true, topology: topology,
                    mergeKey: mergeKey),
                encoding: .message, isRepeated: true)
        }

        static func fields(_ number: Int, _ name: String, _ description: String) -> Member {
            Member(
                name: name, number: number,
                schema: Schema(type: .object, description: description, preservesUnknownFields: true),
                encoding: .fields)
        }
    }

    /// A message of the given members.
    static func message(
        _ description: String, topology: Topology = .granular, isNullable: Bool = true, _ members: [Member]
    ) -> Schema {
        Schema(
            type: .object, description: description,
            properties: Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.schema) }),
            required: members.filter(\.isRequired).map(\.name), isNullable: isNullable, topology: topology,
            wireFields: members.filter { $0.number > 0 }.map {
                WireField(
                    number: $0.number, name: $0.name, encoding: $0.encoding, isRepeated: $0.isRepeated,
                    isAlwaysWritten: $0.isAlwaysWritten)
            }.sorted { $0.number < $1.number })
    }

    /// A top-level kind: type, metadata and the given members.
    static func kind(_ description: String, _ members: [Member]) -> Schema {
        .message(
            description, isNullable: false,
            [
                .string(0, "apiVersion", BuiltInSchemas.apiVersionText), .string(0, "kind", BuiltInSchemas.kindText),
                .message(1, "metadata", BuiltInSchemas.objectMeta).always,
            ] + members)
    }
}
