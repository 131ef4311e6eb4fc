internal import Glibc

/// What a connection still has to send: bytes in a buffer, then perhaps one large array or a piece of a file.
struct OutputQueue {
    enum Progress: Equatable {
        /// Everything is with the kernel.
        case drained
        /// The client must read before more can be sent.
        case blocked
        /// More could be sent, but it is another connection's turn.
        case yielded
        /// The connection is broken, or a file is shorter than it was.
        case failed
    }

    private enum Tail {
        case none
        case bytes([UInt8], offset: Int)
        case file(ServedFile, offset: Int64, end: Int64)
    }

    private var buffer: [UInt8] = []
    private var offset = 0
    private var tail = Tail.none
    /// Bytes handed to the kernel so far.
    private(set) var sentCount: Int64 = 0

    /// Bytes held in the buffer.
    var bufferedCount: Int { buffer.count - offset }

    var isEmpty: Bool {
        guard case .none = tail else { return false }
        return bufferedCount == 0
    }

    /// Lets `body` append to the buffer. Only while nothing is behind the buffer.
    mutating func append(_ body: (inout [UInt8]) -> Void) {
        if offset > 65_536 {
            buffer.removeFirst(offset)
            offset = 0
        }
        body(&buffer)
    }

    /// Sends `bytes` after the buffer; large arrays are not copied.
    mutating func append(_ bytes: [UInt8]) {
        if bytes.count <= 32_768 {
            append { $0.append(contentsOf: bytes) }
        } else {
            tail = .bytes(bytes, offset: 0)
        }
    }

    /// Sends a piece of a file after the buffer.
    mutating func append(_ file: ServedFile, _ range: Range<Int64>) {
        if !range.isEmpty { tail = .file(file, offset: range.lowerBound, end: range.upperBound) }
    }

    /// Hands to the kernel what it takes, at most about `limit` bytes.
    mutating func flush(to socket: CInt, limit: Int) -> Progress {
        var budget = limit
        while true {
            let result: Int
            if offset < buffer.count {
                result = sendBuffer(to: socket)
            } else {
                switch tail {
                case .none:
                    buffer.removeAll(keepingCapacity: buffer.capacity <= 65_536)
                    offset = 0
                    return .drained
                case .bytes(let bytes, let offset):
                    guard budget > 0 else { return .yielded }
                    result = send(bytes, from: offset, to: socket, flags: 0)
                    if result > 0 {
                        tail = offset + result == bytes.count ? .none : .bytes(bytes, offset: offset + result)
                    }
                case .file(let file, let offset, let end):
                    guard budget > 0 else { return .yielded }
                    var position = off_t(offset)
                    result = unsafe sendfile(socket, file.descriptor, &position, Int(min(end - offset, Int64(budget))))
                    if result == 0 { return .failed }
                    if result > 0 {
                        let next = offset + Int64(result)
                        tail = next == end ? .none : .file(file, offset: next, end: end)
                    }
                }
            }
            if result < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN || errno == EWOULDBLOCK ? .blocked : .failed
            }
            budget -= result
            sentCount += Int64(result)
        }
    }

    private mutating func sendBuffer(to socket: CInt) -> Int {
        // The head shares a packet with what follows it.
        var flags: CInt = 0
        if case .none = tail {} else { flags = CInt(MSG_MORE) }
        let result = send(buffer, from: offset, to: socket, flags: flags)
        if result > 0 { offset += result }
        return result
    }

    private func send(_ bytes: [UInt8], from offset: Int, to socket: CInt, flags: CInt) -> Int {
        unsafe bytes.withUnsafeBytes { raw in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[offset...])
            return unsafe Glibc.send(socket, rest.baseAddress, rest.count, flags | CInt(MSG_NOSIGNAL))
        }
    }
}
