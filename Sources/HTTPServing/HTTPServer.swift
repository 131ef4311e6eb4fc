package import Core

/// An HTTP/1.1 server (RFC 9110, RFC 9112) on libevent's event loops, one thread each, behind one listening socket.
///
/// `init` binds, `run()` serves until its task is cancelled. Then nothing new is accepted, connections without a
/// request are closed, responses in flight may finish within the grace period, and `run()` returns.
package final class HTTPServer: Service {
    private enum State {
        case bound(Listener)
        case running
    }

    private let context: ServerContext
    private let mailboxes: [Mailbox]
    private let state: Locked<State>
    /// The port listened on; useful where the configuration asked for port 0.
    package let port: Int

    /// Binds to the configuration's address; connections wait in the backlog until `run()`.
    /// - Throws: `HTTPServingError` with code `.address`, `.bind` or `.system`.
    package init(
        configuration: Configuration, handler: any HTTPHandler, logger: Logger = .disabled,
        observer: (any HTTPServerObserver)? = nil
    ) throws(HTTPServingError) {
        let address = try ListenAddress(parsing: configuration.address)
        let listener = try Listener(address, text: configuration.address)
        var mailboxes: [Mailbox] = []
        for _ in 0..<max(1, configuration.threads) { mailboxes.append(try Mailbox()) }
        self.mailboxes = mailboxes
        context = ServerContext(
            configuration: configuration, handler: handler, observer: observer, logger: logger,
            counters: ServerCounters())
        port = listener.port
        state = Locked(.bound(listener))
    }

    /// Serves until the task is cancelled and the responses in flight are done or out of time. Once only.
    /// - Throws: `HTTPServingError` with code `.state` on a second call, `.system` when threads cannot be started.
    package func run() async throws {
        let listener = state.withLock { state -> Listener? in
            guard case .bound(let listener) = state else { return nil }
            state = .running
            return listener
        }
        guard let listener else {
            throw HTTPServingError(.state, "the HTTP server \(context.configuration.name) was already started")
        }
        context.logger.info(
            "serving HTTP", ["server": .string(context.configuration.name), "port": .integer(Int64(port))])
        defer { context.logger.info("HTTP server has stopped", ["server": .string(context.configuration.name)]) }
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, mailbox) in mailboxes.enumerated() {
                    group.addTask { [self] in
                        try await runLoop(mailbox, accepting: index == 0 ? listener : nil)
                    }
                }
                do {
                    try await group.waitForAll()
                } catch {
                    // One loop that cannot start ends the others.
                    stop()
                    throw error
                }
            }
        } onCancel: {
            stop()
        }
    }

    private func stop() {
        for mailbox in mailboxes { mailbox.post(.stop) }
    }

    private func runLoop(_ mailbox: Mailbox, accepting listener: Listener?) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do {
                try EventLoopThread.start(name: context.configuration.name) { [context, mailboxes] in
                    continuation.resume(
                        with: Result {
                            let loop = try EventLoop(mailbox: mailbox, context: context)
                            if let listener { try loop.accept(on: listener, handOutTo: mailboxes) }
                            loop.run()
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// What the server holds at this moment.
    package struct Statistics: Sendable {
        /// Connections accepted and not yet closed.
        package let openConnections: Int
        /// Bytes of streamed responses that handlers wrote and the sockets have not taken.
        package let bufferedStreamBytes: Int
        /// The highest value of that so far.
        package let peakBufferedStreamBytes: Int
    }

    package var statistics: Statistics {
        Statistics(
            openConnections: context.counters.openConnections, bufferedStreamBytes: context.counters.buffered,
            peakBufferedStreamBytes: context.counters.peakBuffered)
    }
}
