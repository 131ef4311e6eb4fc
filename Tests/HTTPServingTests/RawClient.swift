import Glibc

/// A plain blocking socket, so that tests send and see exact bytes. Every read has a deadline.
final class RawClient {
    struct Failure: Error { let what: String }

    private let descriptor: CInt
    private var isOpen = true

    /// - Parameter prepare: called between the making of the socket and the connecting.
    init(port: Int, receiveBuffer: CInt? = nil, v6: Bool = false, prepare: () throws -> Void = {}) throws {
        descriptor = socket(v6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try prepare()
        if var size = receiveBuffer {
            unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var timeout = timeval(tv_sec: 120, tv_usec: 0)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let result: CInt
        if v6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(UInt16(port).bigEndian)
            address.sin6_addr = in6addr_loopback
            result = unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port).bigEndian)
            address.sin_addr.s_addr = in_addr_t(UInt32(0x7f00_0001).bigEndian)
            result = unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        guard result == 0 else { throw Failure(what: "connect: \(errno)") }
    }

    deinit { close() }

    func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    /// Closes with a reset instead of an orderly end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func shutdownWriting() { shutdown(descriptor, CInt(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(what: "send: \(errno)") }
            offset += count
        }
    }

    func setSendTimeout(milliseconds: Int) throws {
        var timeout = timeval(tv_sec: 0, tv_usec: milliseconds * 1000)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads bytes that nobody wants; how many, 0 at the end.
    func drop(upTo limit: Int) throws -> Int {
        if !pending.isEmpty {
            defer { pending = [] }
            return pending.count
        }
        if sink.count < limit { sink = [UInt8](repeating: 0, count: limit) }
        let count = unsafe sink.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, limit, 0) }
        guard count >= 0 else { throw Failure(what: "recv: \(errno)") }
        return count
    }

    private var sink: [UInt8] = []
    private var pending: [UInt8] = []

    /// Some bytes; none at the end.
    func receive(upTo limit: Int = 65_536) throws -> [UInt8] {
        if !pending.isEmpty {
            defer { pending = Array(pending.dropFirst(limit)) }
            return Array(pending.prefix(limit))
        }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, limit, 0) }
        guard count >= 0 else { throw Failure(what: "recv: \(errno)") }
        return Array(buffer.prefix(count))
    }

    /// Everything until the server closes.
    func receiveAll() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    /// Reads until `text` has come in; what is behind it stays for later.
    func receive(until text: String) throws -> String {
        var all: [UInt8] = []
        let mark = Array(text.utf8)
        while true {
            if all.count >= mark.count, let end = all.firstEnd(of: mark) {
                pending = Array(all[end...]) + pending
                return String(decoding: all[..<end], as: UTF8.self)
            }
            let bytes = try receive()
            guard !bytes.isEmpty else { throw Failure(what: "closed after \(String(decoding: all, as: UTF8.self))") }
            all += bytes
        }
    }

    struct Response {
        let status: Int
        let head: String
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        func field(_ name: String) -> String? {
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
    }

    /// One response with a Content-Length, or in chunks.
    func response(toHead isHead: Bool = false) throws -> Response {
        let head = try receive(until: "\r\n\r\n")
        let status = Int(head.split(separator: " ")[1]) ?? 0
        let bare = Response(status: status, head: head, body: [])
        if isHead || status == 204 || status == 304 || status == 100 { return bare }
        if bare.field("Transfer-Encoding") == "chunked" {
            var body: [UInt8] = []
            while let chunk = try chunk() { body += chunk }
            return Response(status: status, head: head, body: body)
        }
        guard let length = bare.field("Content-Length").flatMap(Int.init) else {
            return Response(status: status, head: head, body: try receiveAll())
        }
        return Response(status: status, head: head, body: try receive(exactly: length))
    }

    /// The next chunk of a chunked response, nil at its end.
    func chunk() throws -> [UInt8]? {
        let line = try receive(until: "\r\n")
        guard let size = Int(line.dropLast(1), radix: 16) else { throw Failure(what: "chunk size \(line)") }
        let data = try receive(exactly: size)
        guard try receive(exactly: 2) == [13, 10] else { throw Failure(what: "chunk end") }
        return size == 0 ? nil : data
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try receive(upTo: min(65_536, count - all.count))
            guard !bytes.isEmpty else { throw Failure(what: "closed \(count - all.count) bytes early") }
            all += bytes
        }
        return all
    }
}

extension [UInt8] {
    fileprivate func firstEnd(of mark: [UInt8]) -> Int? {
        guard count >= mark.count else { return nil }
        for start in 0...(count - mark.count) where self[start..<(start + mark.count)].elementsEqual(mark) {
            return start + mark.count
        }
        return nil
    }
}
