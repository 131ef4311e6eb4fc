/// Why a helper program gave no result.
package struct SubprocessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// No such program, or not one that may be executed.
        package static let notFound = Code(description: "notFound")
        /// The system refused to start it.
        package static let spawn = Code(description: "spawn")
        /// It ran longer than allowed and was killed.
        package static let timeout = Code(description: "timeout")
        /// It wrote more than allowed and was killed.
        package static let outputLimit = Code(description: "outputLimit")
        /// The calling task was cancelled; the program was killed.
        package static let cancelled = Code(description: "cancelled")
    }

    package let code: Code
    /// What happened, with the program's name; never its input, output or environment.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
