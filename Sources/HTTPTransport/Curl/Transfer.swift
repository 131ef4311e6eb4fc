internal import CCurl
internal import Core

/// One exchange on the loop's thread: queued first, then with a libcurl handle.
final class Transfer {
    let exchange: Exchange
    unowned let pool: ConnectionPool
    let started: ContinuousClock.Instant
    /// When a byte last moved, or waiting for our own side ended.
    var lastActivity: ContinuousClock.Instant
    var easy: EasyHandle?
    var isReceivePaused = false
    var isSendPaused = false
    /// What a callback found wrong; libcurl's own error only says that it was told to stop.
    var failure: HTTPTransportError?
    /// Of the connection that was opened for this exchange; nil if it goes over one that has served before.
    private(set) var certificateRequest: CertificateRequest?
    /// Whether anything of a response has come.
    private(set) var hasBegunResponse = false

    private var head: ResponseHeadParser
    private var pendingHead: ResponseHeadParser.Head?
    private var incoming: [UInt8] = []
    private var isDirty = false
    /// How much of a body given as bytes is sent.
    private var sent = 0
    private let configuration: CurlClient.Configuration

    init(
        _ exchange: Exchange, pool: ConnectionPool, configuration: CurlClient.Configuration,
        now: ContinuousClock.Instant
    ) {
        self.exchange = exchange
        self.pool = pool
        self.configuration = configuration
        self.started = now
        self.lastActivity = now
        self.head = ResponseHeadParser(
            maximumBytes: configuration.maximumHeaderBytes, maximumFields: configuration.maximumHeaderFields)
    }

    /// How much is read from the socket at once.
    var receiveBufferSize: Int {
        let size =
            exchange.request.connection.version == .http1
            ? configuration.bulkReceiveBufferSize : configuration.receiveBufferSize
        // With a limited rate, never more than a second's worth: the pauses between reads stay short.
        return exchange.request.maximumReceiveRate.map { min(size, max(1024, $0)) } ?? size
    }

    // MARK: Time

    /// The next moment at which a time limit could be over; nil: none.
    var nextExpiry: ContinuousClock.Instant? {
        let deadline = exchange.request.deadline.map { started + $0 }
        let idle = waitsForPeer ? exchange.request.idleTimeout.map { lastActivity + $0 } : nil
        guard let deadline else { return idle }
        return idle.map { min($0, deadline) } ?? deadline
    }

    /// While our own side holds the transfer up, the peer is not idle.
    private var waitsForPeer: Bool { easy != nil && !isReceivePaused && !isSendPaused }

    /// The error of a time limit that is over.
    func expiry(at now: ContinuousClock.Instant) -> HTTPTransportError? {
        let request = exchange.request
        if let deadline = request.deadline, now >= started + deadline {
            return timeout(
                "the exchange with \(exchange.target.authority) did not end within \(Self.text(deadline))"
                    + (easy == nil ? " (it waited for a free connection)" : ""))
        }
        if waitsForPeer, let idle = request.idleTimeout, now >= lastActivity + idle {
            return timeout("\(exchange.target.authority) sent nothing for \(Self.text(idle))")
        }
        return nil
    }

    private func timeout(_ message: String) -> HTTPTransportError {
        HTTPTransportError(.timeout, message, endpoint: exchange.target.endpoint)
    }

    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if seconds == 0 { return "\(milliseconds) ms" }
        return milliseconds == 0 ? "\(seconds) s" : "\(seconds * 1000 + milliseconds) ms"
    }

    // MARK: Callbacks from libcurl

    /// Sets up the `SSL_CTX` of a connection that is opened for this exchange.
    func setUp(_ context: OpaquePointer) -> Bool {
        let request = CertificateRequest()
        certificateRequest = request
        return unsafe pool.setUp(context) && request.install(into: context)
    }

    /// A line of the response's head, or of its trailers.
    func receiveHeader(_ line: [UInt8]) -> Bool {
        lastActivity = .now
        hasBegunResponse = true
        do throws(ResponseHeadParser.Problem) {
            if let complete = try head.take(line) {
                pendingHead = complete
                markDirty()
            }
            return true
        } catch {
            let (code, reason): (HTTPTransportError.Code, String) =
                switch error {
                case .tooLarge(let bytes): (.tooLarge, "sent a response head larger than \(bytes) bytes")
                case .tooManyFields(let count): (.tooLarge, "sent a response head with more than \(count) lines")
                case .malformed: (.protocol, "sent a malformed response head")
                }
            fail(
                HTTPTransportError(
                    code, "\(exchange.target.authority) \(reason)", endpoint: exchange.target.endpoint,
                    isRetryable: false))
            return false
        }
    }

    /// Bytes of the body; false: not now, give them again later.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastActivity = .now
        // HTTP/2 and TLS may give many pieces before the loop gets to hand them over: never more than one limit's worth.
        if incoming.count >= configuration.bufferedBytesPerTransfer {
            isReceivePaused = true
            return false
        }
        // A full piece is hardly the last one.
        if incoming.isEmpty, bytes.count >= Int(CURL_MAX_WRITE_SIZE) {
            incoming.reserveCapacity(max(bytes.count, receiveBufferSize))
        }
        unsafe incoming.append(contentsOf: bytes)
        markDirty()
        return true
    }

    /// Fills `buffer` with content of the request: the number of bytes, or what libcurl is to be told.
    func readBody(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        lastActivity = .now
        if let upload = exchange.upload {
            switch unsafe upload.read(into: buffer) {
            case .bytes(let count): return count
            case .end: return 0
            case .nothingYet:
                isSendPaused = true
                return Int(CURL_READFUNC_PAUSE)
            case .failed(let error):
                fail(error)
                return Int(CURL_READFUNC_ABORT)
            }
        }
        guard case .bytes(let content) = exchange.request.body else { return 0 }
        let count = min(buffer.count, content.count - sent)
        unsafe content.withUnsafeBytes { bytes in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<(sent + count)]))
        }
        sent += count
        return count
    }

    /// Goes back in the request's content, as libcurl wants when it sends it a second time on a fresh connection.
    func rewind(to offset: Int) -> Bool {
        guard case .bytes(let content) = exchange.request.body, (0...content.count).contains(offset) else {
            return false
        }
        sent = offset
        return true
    }

    private func fail(_ error: HTTPTransportError) {
        if failure == nil { failure = error }
    }

    private func markDirty() {
        if !isDirty {
            isDirty = true
            pool.dirty.append(self)
        }
    }

    // MARK: Handing over

    /// Gives to the caller's side what the callbacks collected, and stops or goes on reading as it wants.
    func flush() {
        isDirty = false
        if let head = pendingHead.take() { exchange.deliver(head) }
        let bytes = incoming
        incoming = []
        switch exchange.deliver(bytes) {
        case .pause: if !isReceivePaused { pause(receiving: true, sending: isSendPaused) }
        case .more: if isReceivePaused { pause(receiving: false, sending: isSendPaused) }
        }
    }

    /// Holds up or lets go on; libcurl may call back at once.
    func pause(receiving: Bool, sending: Bool) {
        guard let easy else { return }
        if (isReceivePaused && !receiving) || (isSendPaused && !sending) { lastActivity = .now }
        isReceivePaused = receiving
        isSendPaused = sending
        _ = unsafe curl_easy_pause(
            easy.pointer, (receiving ? CURLPAUSE_RECV : 0) | (sending ? CURLPAUSE_SEND : 0))
    }
}
