/// What is wrong with a command line; a process ends with exit code 2 for it.
package struct CommandLineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of mistake.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        package static let unknownFlag = Code(description: "unknownFlag")
        package static let missingValue = Code(description: "missingValue")
        package static let invalidValue = Code(description: "invalidValue")
        /// A command, or a number of arguments, that does not exist.
        package static let arguments = Code(description: "arguments")
    }

    package let code: Code
    /// Names the flag or variable and, unless it is a secret, its value.
    package let message: String

    /// A mistake.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
