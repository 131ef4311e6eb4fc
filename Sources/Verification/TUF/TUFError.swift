/// Why metadata or a target of a TUF repository is not accepted, or could not be had.
package struct TUFError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A document breaks its format or a limit.
        package static let malformed = Code(description: "malformed")
        /// Too few of the role's keys signed.
        package static let unsigned = Code(description: "unsigned")
        /// Older than what was accepted before.
        package static let rollback = Code(description: "rollback")
        /// Past its expiry.
        package static let expired = Code(description: "expired")
        /// Not what the document above says: another version, length or hash.
        package static let mismatch = Code(description: "mismatch")
        /// The mirror could not be asked, or lacks the file.
        package static let fetch = Code(description: "fetch")
        /// The store on disk failed, or has no complete set of documents.
        package static let store = Code(description: "store")
    }

    package let code: Code
    /// The file and what is wrong with it: printable text.
    package let message: String
    package let underlying: (any Error)?

    package var description: String { message }

    /// Whether the same refresh may succeed later without a change by the operator. A mirror may be stale for a while.
    package var isRetryable: Bool { code != .store }

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }
}
