/// A configuration of the Kubernetes client that cannot be used: which file, which field, and why. Never repeats secrets.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file at fault; empty if none is.
    package let file: String
    /// The field at fault, such as `users[admin].token`; empty if none is.
    package let field: String
    package let message: String

    init(file: String = "", field: String = "", _ message: String) {
        self.file = file
        self.field = field
        self.message = message
    }

    package var description: String {
        [file, field, message].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
