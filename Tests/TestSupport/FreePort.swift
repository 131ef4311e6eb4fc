import Core
import Foundation
import Glibc

/// A TCP port of the loopback address on which nothing listens, and that nobody else is given: it lies below the range from
/// which the system takes the ports of clients and of servers that ask for any port, and no two calls get the same one, not
/// even of two test processes. For a port on which nothing is to listen there is `RefusingPort`.
/// - Throws: `NeverHappened` if there is none left.
package func freePort() throws -> Int {
    try PortReservations.shared.next()
}

/// A TCP port of the loopback address that refuses connections, and that nobody else gets for as long as this is there.
package final class RefusingPort: Sendable {
    package let number: Int
    private let descriptor: Int32

    /// - Throws: `NeverHappened` if the system gives none.
    package init() throws {
        // Bound and not listening.
        guard let bound = boundSocket(port: 0) else {
            throw NeverHappened(description: "the system has no free TCP port")
        }
        (descriptor, number) = bound
    }

    deinit { close(descriptor) }
}

/// Which ports this process may hand out: it takes them in blocks, and a block is its own for as long as it runs.
private final class PortReservations: Sendable {
    static let shared = PortReservations()

    private static let blockSize = 64
    private let blockLeft = Locked([Int]())

    func next() throws -> Int {
        try blockLeft.withLock { block in
            while true {
                while let port = block.popLast() {
                    // Somebody's own server may be there.
                    guard let bound = boundSocket(port: port) else { continue }
                    close(bound.descriptor)
                    return port
                }
                block = try Self.reserveBlock()
            }
        }
    }

    /// Reserves a block by a name that one process at a time can have, and that the kernel takes back when it ends: an
    /// abstract Unix socket, which leaves no file behind.
    private static func reserveBlock() throws -> [Int] {
        let starts = Array(stride(from: 10_000, to: ephemeralStart() - blockSize, by: blockSize))
        // Not always the same block first: a server of the run before may still be about to end.
        for start in starts.shuffled() where isReserved("source-controller-test-ports-\(start)") {
            return Array(start..<start + blockSize)
        }
        throw NeverHappened(description: "every block of ports below the ephemeral range is reserved")
    }

    /// Where the ports begin that the kernel hands out itself.
    private static func ephemeralStart() -> Int {
        let text = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        return text?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } ?? 32_768
    }

    private static func isReserved(_ name: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A first byte of zero makes the name an abstract one.
        let bytes = [0] + Array(name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) == 0
            }
        }
        if !isBound { close(descriptor) }
        return isBound
    }
}

/// A socket that is bound to a port of the loopback address, 0 for any, and that does not listen; nil if it can't be had.
private func boundSocket(port: Int) -> (descriptor: Int32, port: Int)? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
    }
    guard isBound else {
        close(descriptor)
        return nil
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}
