internal import Core
internal import Cryptography

/// Sound inputs for every target, and what they are judged by. They are kept in `Tests/FuzzTargets/corpus.json`, so that a
/// run's seed names the same inputs on every machine.
package struct FuzzCorpus: Sendable {
    /// A sound input.
    package struct Seed: Sendable {
        /// What it is, such as a kind of log entry or a file.
        package let name: String
        package let bytes: [UInt8]
    }

    /// A corpus that lacks something.
    package struct Incomplete: Error, CustomStringConvertible {
        package let description: String
    }

    /// Keys, certificates and documents that inputs are judged by; test data all of it.
    package internal(set) var context: [String: [UInt8]] = [:]
    /// By the target's name.
    package internal(set) var seeds: [String: [Seed]] = [:]

    init() {}

    /// Reads what `serialized` wrote.
    package init(parsing bytes: [UInt8]) throws {
        let value = try JSONValue(parsing: bytes)
        context = Self.blobs(value["context"])
        for (target, list) in value["seeds"]?.objectValue ?? [:] {
            seeds[target] = Self.blobs(list).map { Seed(name: $0.key, bytes: $0.value) }.sorted { $0.name < $1.name }
        }
    }

    /// The corpus as a JSON text.
    package func serialized() -> [UInt8] {
        func object(_ blobs: [String: [UInt8]]) -> JSONValue {
            .object(blobs.mapValues { .string(Base64.encode($0)) })
        }
        let value: JSONValue = [
            "context": object(context),
            "seeds": .object(
                seeds.mapValues { list in
                    object(Dictionary(list.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first }))
                }),
        ]
        return value.serialized(.pretty)
    }

    private static func blobs(_ value: JSONValue?) -> [String: [UInt8]] {
        (value?.objectValue ?? [:]).compactMapValues { $0.stringValue.flatMap { Base64.decode($0) } }
    }

    /// A part of the context.
    func context(_ name: String) throws -> [UInt8] {
        guard let bytes = context[name] else { throw Incomplete(description: "the corpus has no '\(name)'") }
        return bytes
    }

    func key(_ name: String) throws -> PrivateKey { try PrivateKey(der: try context(name)) }

    func certificate(_ name: String) throws -> Certificate { try Certificate(der: try context(name)) }

    func document(_ name: String) throws -> JSONValue { try JSONValue(parsing: try context(name)) }
}
