internal import Core
internal import Glibc

/// One client's connection: reads requests, one after the other, and sends the response of each before it looks at the
/// next. Lives on its event loop's thread; tasks know it only by its `ExchangeID`, so none can outlive it.
final class Connection {
    enum Phase {
        /// Between requests, or inside one that has not completely come in.
        case reading
        /// A task makes the response.
        case handling
        /// A response that is completely known goes out.
        case responding
        /// A stream's content goes out as it is written.
        case streaming
        /// The last response is out; what the client still sends is dropped until it closes, because closing with
        /// unread bytes would destroy the response on its way (RFC 9112, section 9.6).
        case lingering
        case closed
    }

    let id: UInt64
    unowned let loop: EventLoop
    private let descriptor: CInt
    private let peer: String
    var phase = Phase.reading
    var parser: RequestParser
    var output = OutputQueue()
    var timeout = ConnectionTimeout()
    private var readEvent: Event?
    private var writeEvent: Event?
    private var timer: Event?

    // The exchange at hand.
    var exchange: ExchangeID
    var current: CurrentExchange?
    var task: Task<Void, Never>?
    var isLastExchange = false
    private var peerHasClosed = false
    private var isPumping = false

    init(_ id: UInt64, descriptor: CInt, peer: String, loop: EventLoop) throws(HTTPServingError) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        self.loop = loop
        let configuration = loop.context.configuration
        parser = RequestParser(
            limits: RequestLimits(
                headerBytes: configuration.maxHeaderBytes, headerCount: configuration.maxHeaderCount,
                bodyBytes: configuration.maxBodyBytes))
        exchange = ExchangeID(connection: id, number: 0)
        let base = loop.base
        // Each body is one call: it keeps the connection alive until it returns, even if it closes the connection.
        readEvent = try Event(base, descriptor: descriptor, .readable) { [unowned self] in receive() }
        writeEvent = try Event(base, descriptor: descriptor, .writable) { [unowned self] in becameWritable() }
        timer = try Event(timerOn: base) { [unowned self] in timerFired() }
    }

    func start() {
        readEvent?.enable()
        setDeadline(loop.context.configuration.headerTimeout)
    }

    /// The server stops: a connection without a request ends now, the others after their response.
    func closeWhenIdle() {
        isLastExchange = true
        if case .reading = phase, !parser.isInsideRequest { close() }
    }

    /// Frees everything at once. The socket is closed here only.
    func close() {
        guard phase != .closed else { return }
        phase = .closed
        readEvent?.cancel()
        writeEvent?.cancel()
        timer?.cancel()
        Glibc.close(descriptor)
        task?.cancel()
        task = nil
        endExchange(isComplete: false)
        loop.remove(self)
    }

    // MARK: Reading

    private func receive() {
        let count = unsafe loop.scratch.withUnsafeMutableBytes { raw in
            unsafe recv(descriptor, raw.baseAddress, raw.count, 0)
        }
        if count < 0 {
            if errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR { return }
            return close()
        }
        if count == 0 { return peerClosed() }
        if case .lingering = phase { return drop(count) }
        parser.append(loop.scratch[..<count])
        switch phase {
        case .reading: pump()
        case .handling, .responding, .streaming:
            // A client may send the next request ahead; how far is bounded.
            if parser.bufferedCount > loop.context.configuration.maxHeaderBytes { readEvent?.disable() }
        case .lingering, .closed: break
        }
    }

    /// The client sends no more. It may still read: a response that is known goes out to its end.
    private func peerClosed() {
        readEvent?.disable()
        peerHasClosed = true
        isLastExchange = true
        switch phase {
        case .reading, .lingering, .streaming, .closed: close()
        case .handling: task?.cancel()
        case .responding: break
        }
    }

    /// Takes requests out of what came in and answers them, until one has to wait.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while case .reading = phase {
            switch parser.next() {
            case .incomplete:
                if peerHasClosed { return close() }
                waitForMore()
                return
            case .request(let head, let body):
                begin(head, body: body)
            case .failure(let failure):
                refuse(failure)
            }
        }
    }

    private func waitForMore() {
        let configuration = loop.context.configuration
        if isLastExchange, !parser.isInsideRequest { return close() }
        readEvent?.enable()
        if parser.isReadingBody {
            if parser.wantsContinue {
                parser.wantsContinue = false
                output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
                flush()
            }
            if timeout.enter(.body) { setDeadline(configuration.bodyTimeout) }
        } else if parser.isInsideRequest {
            if timeout.enter(.head) { setDeadline(configuration.headerTimeout) }
        } else if exchange.number > 0 {
            if timeout.enter(.idle) { setDeadline(configuration.idleTimeout) }
        }
    }

    private func begin(_ head: RequestHead, body: [UInt8]) {
        exchange = ExchangeID(connection: id, number: exchange.number + 1)
        current = CurrentExchange(head: head, sentBefore: output.sentCount)
        if !head.keepsAlive || loop.isStopping { isLastExchange = true }
        if timeout.enter(.none) { clearDeadline() }
        let request = HTTPServerRequest(
            method: head.method, path: head.path, query: head.query, headers: head.fields, body: body, peer: peer)
        phase = .handling
        if let response = loop.context.handler.respondImmediately(to: request) {
            if case .stream(let content) = response.body, head.method != "HEAD" {
                let stream = makeStream()
                respond(response, stream: stream)
                if case .streaming = phase { task = Task { await stream.run(content) } }
            } else {
                respond(response, stream: nil)
            }
        } else {
            startTask(request)
        }
    }

    private func makeStream() -> ResponseStream {
        ResponseStream(
            exchange: exchange, mailbox: loop.mailbox, limit: loop.context.configuration.streamBufferBytes,
            counters: loop.context.counters, logger: loop.context.logger)
    }

    private func startTask(_ request: HTTPServerRequest) {
        let stream = makeStream()
        task = Task { [handler = loop.context.handler, mailbox = loop.mailbox, exchange] in
            let response = await handler.respond(to: request)
            if case .stream(let content) = response.body, request.method != "HEAD" {
                mailbox.post(.respond(exchange, response, stream))
                await stream.run(content)
            } else {
                mailbox.post(.respond(exchange, response, nil))
            }
        }
    }

    private func refuse(_ failure: RequestFailure) {
        isLastExchange = true
        exchange = ExchangeID(connection: id, number: exchange.number + 1)
        current = CurrentExchange(head: nil, sentBefore: output.sentCount)
        phase = .handling
        respond(.text(failure.status, failure.message), stream: nil)
    }

    private func drop(_ count: Int) {
        if !timeout.mayDrop(count) { close() }
    }

    // MARK: Writing

    private func becameWritable() {
        flush()
        pump()
    }

    /// Sends what can be sent, and goes on when the response is out.
    func flush() {
        guard phase != .closed else { return }
        switch output.flush(to: descriptor, limit: 1 << 20) {
        case .drained:
            writeEvent?.disable()
            acknowledgeStream()
            switch phase {
            case .responding: finishExchange()
            case .streaming: if timeout.enter(.none) { clearDeadline() }
            default: break
            }
        case .blocked, .yielded:
            writeEvent?.enable()
            acknowledgeStream()
            if timeout.noteProgress(output.sentCount) { setDeadline(loop.context.configuration.writeTimeout) }
        case .failed:
            close()
        }
    }

    /// The response is with the kernel: next request, or the end.
    private func finishExchange() {
        let head = current?.head
        endExchange(isComplete: true)
        task = nil
        guard isLastExchange else {
            phase = .reading
            return
        }
        // A refused request's rest may still be coming in.
        guard !peerHasClosed, head == nil || parser.bufferedCount > 0 else { return close() }
        phase = .lingering
        shutdown(descriptor, CInt(SHUT_WR))
        readEvent?.enable()
        setDeadline(.seconds(2))
    }

    // MARK: Time

    func setDeadline(_ duration: Duration) {
        timeout.deadline = monotonicNanoseconds() &+ duration.nanoseconds
        // The timer is moved only to come earlier; when it fires too early it is set again.
        guard timeout.armedFor > timeout.deadline else { return }
        timeout.armedFor = timeout.deadline
        timer?.enable(afterNanoseconds: duration.nanoseconds)
    }

    func clearDeadline() {
        timeout.deadline = .max
    }

    private func timerFired() {
        let now = monotonicNanoseconds()
        timeout.armedFor = .max
        guard timeout.deadline != .max else { return }
        // The coarse clock may be behind the timer by a tick.
        guard now &+ 10_000_000 >= timeout.deadline else {
            timeout.armedFor = timeout.deadline
            timer?.enable(afterNanoseconds: timeout.deadline - now)
            return
        }
        if case .reading = phase, parser.isInsideRequest {
            refuse(RequestFailure(status: 408, message: "the request took too long to come in"))
        } else {
            close()
        }
    }
}
