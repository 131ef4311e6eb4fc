/// What can go wrong in serving HTTP.
package struct HTTPServingError: Error, Sendable, CustomStringConvertible {
    /// The kind of error.
    package struct Code: Sendable, Hashable {
        private enum Kind { case address, bind, system, state, file, disconnected }
        private let kind: Kind

        /// The listen address cannot be understood or resolved.
        package static let address = Code(kind: .address)
        /// The address cannot be listened on.
        package static let bind = Code(kind: .bind)
        /// The system refused a resource (threads, descriptors).
        package static let system = Code(kind: .system)
        /// `run()` was called a second time.
        package static let state = Code(kind: .state)
        /// A file cannot be opened for serving.
        package static let file = Code(kind: .file)
        /// The client left, or the server stopped, before the response was complete.
        package static let disconnected = Code(kind: .disconnected)
    }

    package let code: Code
    /// What happened, to what, and what to do.
    package let message: String
    /// The system's error number, 0 if there is none.
    package let errno: Int32

    init(_ code: Code, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.message = message
        self.errno = errno
    }

    package var description: String { message }
}
