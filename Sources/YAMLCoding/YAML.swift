package import Core

/// One document of a YAML stream, as the JSON value it stands for.
package struct YAMLDocument: Sendable, Hashable {
    /// The document's content; `.null` for an empty document.
    package let value: JSONValue
    /// The line on which the content starts, from 1.
    package let line: Int
}

/// YAML to and from JSON values, as Kubernetes' tools read and write it.
package enum YAML {
    /// Parses every document of a stream.
    ///
    /// Plain scalars resolve as kubectl resolves them (YAML 1.1: `yes`, `on` and `y` are booleans, `010` is eight, `1_000`
    /// a thousand; quoted scalars are always strings). Keys that are numbers or booleans become their JSON text. Merge keys
    /// (`<<`), anchors and aliases are expanded within the limits. An empty stream has no documents.
    /// - Parameter fileName: only named in errors.
    /// - Throws: `YAMLError` with the place of the first fault; a duplicate key is one.
    package static func parse(
        _ bytes: [UInt8], fileName: String = "", limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> [YAMLDocument] {
        guard bytes.count <= limits.bytes else {
            throw YAMLError(
                code: .limit, fileName: fileName, line: 1, column: 1,
                message: "the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)")
        }
        var composer = YAMLComposer(
            reader: try YAMLEventReader(bytes: bytes, fileName: fileName), fileName: fileName, limits: limits)
        return try composer.composeStream()
    }

    /// Parses a text that must hold exactly one document that is not empty.
    /// - Throws: `YAMLError` for the first fault, for a second document and for none.
    package static func parseSingle(
        _ bytes: [UInt8], fileName: String = "", limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> JSONValue {
        let documents = try parse(bytes, fileName: fileName, limits: limits).filter { !$0.value.isNull }
        guard let first = documents.first else {
            throw YAMLError(code: .syntax, fileName: fileName, line: 1, column: 1, message: "the text has no document")
        }
        guard documents.count == 1 else {
            throw YAMLError(
                code: .syntax, fileName: fileName, line: documents[1].line, column: 1,
                message: "expected one document, found \(documents.count)")
        }
        return first.value
    }

    /// The YAML text of `value`, in the form `kubectl get --output yaml` prints: keys in natural order, two spaces,
    /// strings quoted only where they need it, ending in a newline.
    package static func serialize(_ value: JSONValue) -> String {
        var emitter = YAMLEmitter()
        emitter.emitDocument(value)
        return String(decoding: emitter.output, as: UTF8.self)
    }
}
