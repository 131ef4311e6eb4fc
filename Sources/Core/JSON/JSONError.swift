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
    /// The text has more bytes or values than were allowed: part of it might be read.
    package let isSize: Bool

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

/// What becomes of an object's member names that are other bytes but canonically equivalent in Unicode, such as "é" composed
/// and decomposed. To other readers they are two names; a `JSONValue` holds one.
package enum JSONEquivalentNames: Sendable, Hashable {
    /// The text is refused: where bytes decide, such as below a signature.
    case refused
    /// The last one stays: where one member must not make the rest unreadable.
    case lastWins
}
