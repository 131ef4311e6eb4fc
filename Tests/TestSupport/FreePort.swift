import Glibc

/// A TCP port of the loopback address on which nothing listened a moment ago. Somebody else may come first; for a port on
/// which nothing is to listen there is `RefusingPort`.
/// - Throws: `NeverHappened` if the system gives none.
package func freePort() throws -> Int {
    try RefusingPort().number
}

/// A TCP port of the loopback address that refuses connections, and that nobody else gets for as long as this is there.
package final class RefusingPort: Sendable {
    package let number: Int
    private let descriptor: Int32

    /// - Throws: `NeverHappened` if the system gives none.
    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Bound and not listening.
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard descriptor >= 0, isBound else {
            close(descriptor)
            throw NeverHappened(description: "the system has no free TCP port")
        }
        self.descriptor = descriptor
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
