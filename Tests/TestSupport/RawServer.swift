import Foundation

/// A TCP server on loopback whose connections are played by a closure, so that it can break every rule of HTTP.
package final class RawServer: Sendable {
    /// The port it listens on.
    package let port: Int
    private let listener: Int32
    private let script: @Sendable (RawConnection) throws -> Void
    private let counter = NSLock()
    nonisolated(unsafe) private var acceptedCount = 0

    /// Listens on a free port; every connection runs `script` on a thread of its own and is closed after it.
    package init(_ script: @escaping @Sendable (RawConnection) throws -> Void) throws {
        self.script = script
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(listener, pointer, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard listener >= 0, bound else { throw POSIXError(.EADDRNOTAVAIL) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self, listener] in
            // The descriptor is this thread's: closed elsewhere, its number could be another server's when `accept` runs.
            defer { close(listener) }
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor >= 0, let self {
                    self.serve(descriptor)
                } else if descriptor >= 0 {
                    close(descriptor)
                } else if errno == EINVAL {
                    return  // Shut down.
                } else {
                    usleep(1000)
                }
            }
        }
    }

    private func serve(_ descriptor: Int32) {
        counter.withLock { unsafe acceptedCount += 1 }
        let script = script
        Thread.detachNewThread {
            let connection = RawConnection(descriptor)
            try? script(connection)
            connection.close()
        }
    }

    // `accept` fails from now on, and its thread ends.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// How many connections came so far.
    package var connections: Int { counter.withLock { unsafe acceptedCount } }

    /// The URL of `path` at it.
    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }
}

/// One connection of a `RawServer`: blocking, for its own thread only.
package final class RawConnection: @unchecked Sendable {
    /// The client has gone.
    package struct Closed: Error {}

    private var descriptor: Int32
    private var pending: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A request's head, with the empty line.
    package func readHead() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = pending.firstRange(of: end) {
                let head = String(decoding: pending[..<range.upperBound], as: UTF8.self)
                pending.removeSubrange(..<range.upperBound)
                return head
            }
            try fill()
        }
    }

    /// Whether the client begins a TLS handshake. What it sent is still there to be read.
    package func beginsTLS() throws -> Bool {
        while pending.isEmpty { try fill() }
        return pending[0] == 0x16
    }

    /// That many bytes of content.
    package func read(_ count: Int) throws -> [UInt8] {
        while pending.count < count { try fill() }
        defer { pending.removeSubrange(..<count) }
        return Array(pending[..<count])
    }

    /// Everything until the client closes.
    package func readToEnd() -> [UInt8] {
        while (try? fill()) != nil {}
        return pending
    }

    /// Chunked content.
    package func readChunked() throws -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let line = try readLine()
            let size = Int(line.split(separator: ";")[0], radix: 16) ?? 0
            content += try read(size)
            _ = try readLine()
            if size == 0 { return content }
        }
    }

    private func readLine() throws -> String {
        while true {
            if let range = pending.firstRange(of: Array("\r\n".utf8)) {
                defer { pending.removeSubrange(..<range.upperBound) }
                return String(decoding: pending[..<range.lowerBound], as: UTF8.self)
            }
            try fill()
        }
    }

    private func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Closed() }
        pending += buffer[..<count]
    }

    /// Sends text as it is.
    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Sends bytes as they are.
    package func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    /// Answers with a length.
    package func respond(_ status: String = "200 OK", headers: String = "", body: String = "") throws {
        try write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Waits for room in the kernel's buffer.
    package func isWritable(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) > 0
    }

    /// A server that takes its time.
    package func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

    /// Ends the sending side only.
    package func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection with a reset.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Ends the connection.
    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}
