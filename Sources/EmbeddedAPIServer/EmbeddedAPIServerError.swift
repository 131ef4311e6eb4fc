internal import Glibc

/// Why the embedded API server cannot start or cannot keep its state.
package struct EmbeddedAPIServerError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package struct Code: Sendable, Hashable {
        private enum Kind { case invalidDefinition, damagedState, inUse, storage }
        private let kind: Kind

        /// A CustomResourceDefinition that cannot be served.
        package static let invalidDefinition = Code(kind: .invalidDefinition)
        /// The state file is not what this server wrote.
        package static let damagedState = Code(kind: .damagedState)
        /// Another process uses the data folder.
        package static let inUse = Code(kind: .inUse)
        /// The disk or its file system failed.
        package static let storage = Code(kind: .storage)
    }

    package let code: Code
    /// What failed, where, and what to do about it.
    package let message: String

    package var description: String { message }

    /// An error of the system call that just failed.
    static func system(_ action: String, _ path: String) -> EmbeddedAPIServerError {
        let number = errno
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return EmbeddedAPIServerError(code: .storage, message: "failed to \(action) '\(path)': \(reason)")
    }
}
