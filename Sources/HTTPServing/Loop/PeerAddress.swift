internal import Glibc

/// Writes a peer's address as text.
enum PeerAddress {
    /// `192.0.2.1:4711` or `[2001:db8::1]:4711`; an IPv4 client of a dual-stack socket is written as IPv4.
    static func text(_ storage: sockaddr_storage) -> String {
        var storage = storage
        let family = CInt(storage.ss_family)
        return unsafe withUnsafePointer(to: &storage) { pointer in
            switch family {
            case AF_INET:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    var host = unsafe address.pointee.sin_addr
                    return unsafe "\(name(AF_INET, &host)):\(UInt16(bigEndian: address.pointee.sin_port))"
                }
            case AF_INET6:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    var host = unsafe address.pointee.sin6_addr
                    let text = unsafe name(AF_INET6, &host)
                    let port = unsafe UInt16(bigEndian: address.pointee.sin6_port)
                    let mapped = "::ffff:"
                    if text.hasPrefix(mapped), text.contains(".") { return "\(text.dropFirst(mapped.count)):\(port)" }
                    return "[\(text)]:\(port)"
                }
            default:
                return ""
            }
        }
    }

    private static func name(_ family: CInt, _ address: UnsafeRawPointer) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let base = buffer.baseAddress,
                let text = unsafe inet_ntop(family, address, base, socklen_t(buffer.count))
            else { return "" }
            return unsafe String(cString: text)
        }
    }
}
