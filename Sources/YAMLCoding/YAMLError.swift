/// Why a YAML text was refused, and where.
package struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    package struct Code: Sendable, Hashable {
        private enum Value { case syntax, duplicateKey, unsupported, limit }
        private let value: Value
        /// The text is not YAML 1.1/1.2.
        package static let syntax = Code(value: .syntax)
        /// A mapping has the same key twice.
        package static let duplicateKey = Code(value: .duplicateKey)
        /// Valid YAML that has no JSON counterpart: unknown tags, keys that are collections, infinities.
        package static let unsupported = Code(value: .unsupported)
        /// A limit of `YAMLLimits` was exceeded.
        package static let limit = Code(value: .limit)
    }

    package let code: Code
    /// The name of the file as it was given to the parser; empty if there is none.
    package let fileName: String
    /// Line of the text, from 1.
    package let line: Int
    /// Column of the line, from 1.
    package let column: Int
    /// What is wrong, without the place.
    package let message: String

    package var description: String {
        (fileName.isEmpty ? "" : fileName + ": ") + "line \(line), column \(column): \(message)"
    }
}

/// What a YAML stream may cost at the most. Aliases count as much as what they stand for.
package struct YAMLLimits: Sendable, Hashable {
    /// Bytes of the whole stream.
    package var bytes: Int
    /// Nested sequences and mappings.
    package var depth: Int
    /// Scalars, sequences and mappings of one document, after aliases are expanded.
    package var values: Int
    /// Bytes of all scalars of one document, after aliases are expanded.
    package var expandedBytes: Int
    /// Documents of the stream.
    package var documents: Int

    /// 16 MiB, 100 levels, a million values, 64 MiB expanded and 10,000 documents unless told otherwise.
    package init(
        bytes: Int = 16 << 20, depth: Int = 100, values: Int = 1_000_000, expandedBytes: Int = 64 << 20,
        documents: Int = 10_000
    ) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
        self.expandedBytes = expandedBytes
        self.documents = documents
    }
}
