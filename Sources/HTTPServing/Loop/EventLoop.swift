internal import Core
internal import Glibc

/// What the loops of one server share.
struct ServerContext: Sendable {
    let configuration: HTTPServer.Configuration
    let handler: any HTTPHandler
    let observer: (any HTTPServerObserver)?
    let logger: Logger
    let counters: ServerCounters
}

/// One thread's connections. Made, used and freed on that thread; others reach it through its mailbox.
final class EventLoop {
    let base: EventBase
    let mailbox: Mailbox
    let context: ServerContext
    var date = DateLine()
    /// Where every connection reads into first.
    var scratch: [UInt8]
    private(set) var isStopping = false
    private var connections: [UInt64: Connection] = [:]
    private var lastConnection: UInt64 = 0
    private var wakeEvent: Event?
    private var graceTimer: Event?
    private var acceptor: Acceptor?

    init(mailbox: Mailbox, context: ServerContext) throws(HTTPServingError) {
        base = try EventBase()
        self.mailbox = mailbox
        self.context = context
        scratch = [UInt8](repeating: 0, count: 65_536)
        let event = try Event(base, descriptor: mailbox.descriptor, .readable) { [unowned self] in takeCommands() }
        event.enable()
        wakeEvent = event
    }

    /// Accepts connections on this loop's thread and hands them out to all `mailboxes` in turn.
    func accept(on listener: Listener, handOutTo mailboxes: [Mailbox]) throws(HTTPServingError) {
        acceptor = try Acceptor(listener, loop: self, mailboxes: mailboxes)
    }

    /// Serves until stopped.
    func run() {
        base.run()
        for connection in Array(connections.values) { connection.close() }
    }

    private func takeCommands() {
        for command in mailbox.drain() {
            switch command {
            case .adopt(let descriptor, let peer): adopt(descriptor, peer: peer)
            case .respond(let exchange, let response, let stream):
                if let connection = connection(at: exchange) {
                    connection.respond(response, stream: stream)
                } else {
                    stream?.abandon()
                }
            case .chunk(let exchange, let bytes): connection(at: exchange)?.appendChunk(bytes)
            case .finish(let exchange, let isComplete):
                connection(at: exchange)?.finishStream(isComplete: isComplete)
            case .stop: stop()
            }
        }
    }

    private func connection(at exchange: ExchangeID) -> Connection? {
        guard let connection = connections[exchange.connection], connection.exchange == exchange else { return nil }
        return connection
    }

    func adopt(_ descriptor: CInt, peer: String) {
        lastConnection += 1
        do {
            guard !isStopping else { throw HTTPServingError(.state, "the server is stopping") }
            let connection = try Connection(lastConnection, descriptor: descriptor, peer: peer, loop: self)
            connections[lastConnection] = connection
            context.observer?.connectionOpened()
            connection.start()
        } catch {
            Glibc.close(descriptor)
            context.counters.close()
        }
    }

    func remove(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        context.counters.close()
        context.observer?.connectionClosed()
        if isStopping, connections.isEmpty { base.stop() }
    }

    private func stop() {
        guard !isStopping else { return }
        isStopping = true
        acceptor = nil
        for connection in Array(connections.values) { connection.closeWhenIdle() }
        if connections.isEmpty { return base.stop() }
        do {
            let timer = try Event(timerOn: base) { [unowned self] in base.stop() }
            timer.enable(afterNanoseconds: context.configuration.gracePeriod.nanoseconds)
            graceTimer = timer
        } catch {
            base.stop()
        }
    }
}
