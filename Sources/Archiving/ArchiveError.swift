/// Why bytes are no archive that may be used, or why one could not be made.
package struct ArchiveError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String, Sendable {
            case notGzip, corruptGzip, truncated, notTar, corruptTar, unsafePath, unpackedSize, ratio, entryCount
            case pathLength, pathDepth, headerSize, ignoreRules, inputOutput, cancelled
        }

        private let kind: Kind

        /// The bytes do not start like gzip.
        package static let notGzip = Code(kind: .notGzip)
        /// The gzip data contradicts itself or its checksum.
        package static let corruptGzip = Code(kind: .corruptGzip)
        /// The data ends too early.
        package static let truncated = Code(kind: .truncated)
        /// The unpacked bytes do not start like tar.
        package static let notTar = Code(kind: .notTar)
        /// A tar header beyond the first makes no sense.
        package static let corruptTar = Code(kind: .corruptTar)
        /// A name is absolute, leads out of the root or cannot be a file's name.
        package static let unsafePath = Code(kind: .unsafePath)
        /// More unpacked bytes than allowed.
        package static let unpackedSize = Code(kind: .unpackedSize)
        /// More unpacked bytes for each packed one than allowed.
        package static let ratio = Code(kind: .ratio)
        /// More entries than allowed.
        package static let entryCount = Code(kind: .entryCount)
        /// A longer path than allowed.
        package static let pathLength = Code(kind: .pathLength)
        /// A deeper path than allowed.
        package static let pathDepth = Code(kind: .pathDepth)
        /// A long-name or extended header beyond what any real archive needs.
        package static let headerSize = Code(kind: .headerSize)
        /// Ignore rules that are too many, too long or too costly.
        package static let ignoreRules = Code(kind: .ignoreRules)
        /// A file could not be read or written.
        package static let inputOutput = Code(kind: .inputOutput)
        /// Nobody waits for the result any more.
        package static let cancelled = Code(kind: .cancelled)

        package var description: String { kind.rawValue }
    }

    package let code: Code
    /// What is wrong, where, and what to do about it; printable and bounded.
    package let message: String
    /// What made it fail, if that was something else.
    package let underlying: (any Error & Sendable)?

    /// An error with a message for people.
    package init(_ code: Code, _ message: String, underlying: (any Error & Sendable)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    package var description: String { message }
}
