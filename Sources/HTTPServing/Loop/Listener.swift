internal import Core
internal import Glibc

/// A listening socket.
final class Listener: Sendable {
    let descriptor: CInt
    /// The port, also where the system chose it.
    let port: Int
    private let isOpen = Locked(true)

    /// Listens on `address`.
    /// - Throws: `HTTPServingError` with code `.address` or `.bind`.
    init(_ address: ListenAddress, text: String, backlog: CInt = 1024) throws(HTTPServingError) {
        var lastError: CInt = EADDRNOTAVAIL
        for candidate in try Self.candidates(address, text: text) {
            let descriptor = candidate.bind(backlog: backlog)
            if descriptor >= 0 {
                self.descriptor = descriptor
                port = Self.port(of: descriptor)
                return
            }
            lastError = errno
        }
        throw HTTPServingError(
            .bind,
            "cannot listen on \(text): \(systemMessage(lastError)); stop what uses the address, or choose another",
            errno: lastError)
    }

    deinit { close() }

    /// Refuses connections from now on; those in the backlog are reset.
    func close() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if wasOpen { Glibc.close(descriptor) }
    }

    private struct Candidate {
        let family: CInt
        let address: [UInt8]
        let isDualStack: Bool

        /// The bound and listening socket, or -1 with errno set.
        func bind(backlog: CInt) -> CInt {
            let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let descriptor = socket(family, type, 0)
            guard descriptor >= 0 else { return -1 }
            set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            // Accepted sockets inherit this: every write of a stream leaves at once.
            set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
            if family == AF_INET6 { set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, isDualStack ? 0 : 1) }
            let bound = unsafe address.withUnsafeBytes { raw in
                guard let pointer = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                    return CInt(-1)
                }
                return unsafe Glibc.bind(descriptor, pointer, socklen_t(raw.count))
            }
            if bound == 0, listen(descriptor, backlog) == 0 { return descriptor }
            let reason = errno
            Glibc.close(descriptor)
            errno = reason
            return -1
        }

        private func set(_ descriptor: CInt, _ level: CInt, _ option: CInt, _ value: CInt) {
            var value = value
            unsafe _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    private static func candidates(_ address: ListenAddress, text: String) throws(HTTPServingError) -> [Candidate] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        // Every interface: IPv6 that takes IPv4 too, and IPv4 where the machine has no IPv6.
        let hosts = address.host.map { [$0] } ?? ["::", "0.0.0.0"]
        var candidates: [Candidate] = []
        var failure: CInt = 0
        for host in hosts {
            var list: UnsafeMutablePointer<addrinfo>?
            let result = unsafe getaddrinfo(host, String(address.port), &hints, &list)
            guard result == 0 else {
                failure = result
                continue
            }
            defer { unsafe freeaddrinfo(list) }
            var next = unsafe list
            while let entry = unsafe next {
                if let pointer = unsafe entry.pointee.ai_addr {
                    let raw = unsafe UnsafeRawBufferPointer(start: pointer, count: Int(entry.pointee.ai_addrlen))
                    candidates.append(
                        Candidate(
                            family: unsafe entry.pointee.ai_family, address: unsafe Array(raw),
                            isDualStack: host == "::"))
                }
                unsafe next = entry.pointee.ai_next
            }
        }
        if candidates.isEmpty {
            let reason = unsafe String(cString: gai_strerror(failure))
            throw HTTPServingError(.address, "cannot resolve the listen address \(text): \(reason)")
        }
        return candidates
    }

    private static func port(of descriptor: CInt) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            _ = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getsockname(descriptor, address, &length)
            }
            // The port is at the same place in both families.
            return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                unsafe Int(UInt16(bigEndian: address.pointee.sin_port))
            }
        }
    }
}
