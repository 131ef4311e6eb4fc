internal import CCurl
internal import Core
internal import Glibc

/// The thread on which libcurl runs, seen from outside: an inbox and a way to wake it.
final class EventLoop: Sendable {
    enum Command: Sendable {
        case start(Exchange)
        case cancel(Exchange)
        case resumeReceiving(Exchange)
        case resumeSending(Exchange)
        case shutDown
    }

    private struct Inbox {
        var commands: [Command] = []
        var isOpen = true
        var endWaiters: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    let configuration: CurlClient.Configuration
    let statistics = Locked(CurlClient.Statistics())
    private let inbox = Locked(Inbox())
    /// Readable while the inbox may have something; -1 when the thread could not be started.
    let wakeDescriptor: Int32

    init(configuration: CurlClient.Configuration) {
        self.configuration = configuration
        self.wakeDescriptor = ccurl_eventfd()
        if wakeDescriptor < 0 || !startThread() {
            inbox.withLock { inbox in
                inbox.isOpen = false
                inbox.hasEnded = true
            }
        }
    }

    deinit {
        if wakeDescriptor >= 0 { close(wakeDescriptor) }
    }

    private func startThread() -> Bool {
        let context = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let loop = unsafe Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue()
                // Signals are for the main thread's handlers; a peer that left must not end the process.
                var signals = sigset_t()
                unsafe sigfillset(&signals)
                unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
                unsafe ccurl_name_thread("http-client")
                LoopWorker(loop).run()
                loop.markEnded()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            unsafe context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Leaves a command for the loop's thread; after the shutdown, starting fails and everything else is nothing to do.
    func post(_ command: Command) {
        let (isOpen, wakes) = inbox.withLock { inbox in
            guard inbox.isOpen else { return (false, false) }
            if case .shutDown = command { inbox.isOpen = false }
            inbox.commands.append(command)
            return (true, inbox.commands.count == 1)
        }
        if wakes { wake() }
        if !isOpen, case .start(let exchange) = command { exchange.finish(.failure(Self.shutDownError(exchange))) }
    }

    private func wake() {
        var one: UInt64 = 1
        while unsafe write(wakeDescriptor, &one, 8) < 0, errno == EINTR {}
    }

    /// The commands that came since the last call.
    func takeCommands() -> [Command] {
        var count: UInt64 = 0
        while unsafe read(wakeDescriptor, &count, 8) < 0, errno == EINTR {}
        return inbox.withLock { inbox in
            defer { inbox.commands.removeAll(keepingCapacity: inbox.commands.capacity <= 1024) }
            return inbox.commands
        }
    }

    static func shutDownError(_ exchange: Exchange) -> HTTPTransportError {
        HTTPTransportError(
            .shutdown, "the HTTP client is shut down", endpoint: exchange.target.endpoint, isRetryable: false)
    }

    private func markEnded() {
        let (waiters, left) = inbox.withLock { inbox in
            inbox.isOpen = false
            inbox.hasEnded = true
            defer {
                inbox.endWaiters = []
                inbox.commands = []
            }
            return (inbox.endWaiters, inbox.commands)
        }
        for case .start(let exchange) in left { exchange.finish(.failure(Self.shutDownError(exchange))) }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the thread has ended.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = inbox.withLock { inbox in
                if !inbox.hasEnded { inbox.endWaiters.append(continuation) }
                return inbox.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }
}
