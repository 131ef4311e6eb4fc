/// Why bytes are not the JSON that was expected, and where.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, without the place.
    package let message: String
    /// Byte offset into the text, from 0.
    package let offset: Int
    /// Line of the text, from 1.
    package let line: Int
    /// Column (in bytes) of the line, from 1.
    package let column: Int

    package var description: String { "line \(line), column \(column): \(message)" }
}

/// What a JSON text may cost at the most.
package struct JSONLimits: Sendable, Hashable {
    /// Bytes of the whole text.
    package var bytes: Int
    /// Nested arrays and objects.
    package var depth: Int
    /// Values of every kind together.
    package var values: Int

    /// 16 MiB, 100 levels and four million values unless told otherwise.
    package init(bytes: Int = 16 << 20, depth: Int = 100, values: Int = 4_000_000) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }
}
