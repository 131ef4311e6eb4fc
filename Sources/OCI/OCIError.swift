/// Why a text is no reference, or bytes are no manifest that we use.
package struct OCIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A reference, tag or URL that breaks the grammar.
        package static let invalidReference = Code(description: "invalidReference")
        /// Bytes that are no manifest, or one that contradicts itself.
        package static let invalidManifest = Code(description: "invalidManifest")
        /// A manifest of a kind that we do not use, such as Docker's schema 1.
        package static let unsupportedManifest = Code(description: "unsupportedManifest")
        /// A pinned tag that names another manifest by now.
        package static let digestMismatch = Code(description: "digestMismatch")
        /// An index that lists no manifest that fits.
        package static let noMatchingManifest = Code(description: "noMatchingManifest")
        /// An index with several manifests of which none is to be preferred: the user has to name one.
        package static let ambiguousIndex = Code(description: "ambiguousIndex")
    }

    package let code: Code
    /// What is wrong and, where there is one, the next step. Text of others in it is bounded and printable.
    package let message: String

    /// An error of the given kind.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
