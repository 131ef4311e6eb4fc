internal import CEvent
internal import Core
internal import Glibc

/// Accepts connections and hands them out to the event loops in turn, within the limit on connections.
final class Acceptor {
    private let listener: Listener
    private unowned let loop: EventLoop
    private let mailboxes: [Mailbox]
    private var next = 0
    /// Given up for a moment when no descriptor is left, to take a waiting connection and close it: left in the
    /// queue, it would wake the loop for ever.
    private var reserve: CInt
    private var event: Event?
    private var pauseTimer: Event?

    init(_ listener: Listener, loop: EventLoop, mailboxes: [Mailbox]) throws(HTTPServingError) {
        self.listener = listener
        self.loop = loop
        self.mailboxes = mailboxes
        reserve = Self.openReserve()
        let event = try Event(loop.base, descriptor: listener.descriptor, .readable) { [unowned self] in acceptAll() }
        event.enable()
        self.event = event
        pauseTimer = try Event(timerOn: loop.base) { [unowned self] in self.event?.enable() }
    }

    deinit {
        event?.cancel()
        pauseTimer?.cancel()
        listener.close()
        if reserve >= 0 { close(reserve) }
    }

    private static func openReserve() -> CInt {
        unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    private func acceptAll() {
        // Somebody else may have been faster the last time.
        if reserve < 0 { reserve = Self.openReserve() }
        // Bounded, so that a flood of connections does not starve those there are.
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            let descriptor = accept(&storage)
            guard descriptor >= 0 else {
                switch errno {
                case EMFILE, ENFILE: shedOne()
                case ENOBUFS, ENOMEM: pause()
                case EINTR, ECONNABORTED: continue
                default: break
                }
                return
            }
            guard loop.context.counters.open(limit: loop.context.configuration.maxConnections) else {
                refuse(descriptor)
                continue
            }
            let mailbox = mailboxes[next]
            next = (next + 1) % mailboxes.count
            let peer = PeerAddress.text(storage)
            if mailbox === loop.mailbox {
                loop.adopt(descriptor, peer: peer)
            } else {
                mailbox.post(.adopt(descriptor: descriptor, peer: peer))
            }
        }
    }

    private func accept(_ storage: inout sockaddr_storage) -> CInt {
        unsafe withUnsafeMutablePointer(to: &storage) { unsafe CEventAccept(listener.descriptor, $0) }
    }

    private func shedOne() {
        guard reserve >= 0 else { return pause() }
        close(reserve)
        var storage = sockaddr_storage()
        let descriptor = accept(&storage)
        if descriptor >= 0 {
            loop.context.observer?.connectionRefused()
            close(descriptor)
        }
        reserve = Self.openReserve()
    }

    /// Leaves connections in the queue for a moment, where nothing can be done about them: they would wake the loop for ever.
    private func pause() {
        event?.disable()
        pauseTimer?.enable(afterNanoseconds: 100_000_000)
    }

    private func refuse(_ descriptor: CInt) {
        loop.context.observer?.connectionRefused()
        var head: [UInt8] = []
        ResponseHead.append(
            to: &head, status: 503, fields: ["Retry-After": "1"], framing: .length(0), connection: "close",
            date: loop.date.current())
        unsafe head.withUnsafeBytes { raw in
            unsafe _ = send(descriptor, raw.baseAddress, raw.count, CInt(MSG_NOSIGNAL))
        }
        shutdown(descriptor, CInt(SHUT_WR))
        close(descriptor)
    }
}
