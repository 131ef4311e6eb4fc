internal import CCurl
internal import Core
internal import Glibc

/// What the loop's thread does: it owns every libcurl handle and nobody else sees one.
final class LoopWorker {
    private let loop: EventLoop
    private let configuration: CurlClient.Configuration
    private let epoll: Int32
    private var pools: [PoolKey: ConnectionPool] = [:]
    private var poolsByID: [UInt32: ConnectionPool] = [:]
    private var nextPoolID: UInt32 = 1
    private var transfers: [ObjectIdentifier: Transfer] = [:]
    /// Transfers that wait for their turn, in order; ended ones are skipped.
    private var queue: [Transfer] = []
    private var isStartingQueued = false
    private var active = 0
    /// When a time limit has to be looked at next.
    private var nextSweep: ContinuousClock.Instant?
    private var roots: CertificateList?

    init(_ loop: EventLoop) {
        self.loop = loop
        self.configuration = loop.configuration
        self.epoll = ccurl_epoll_create()
        _ = ccurl_epoll_watch(epoll, loop.wakeDescriptor, 1, 0, 0)
    }

    deinit {
        if epoll >= 0 { close(epoll) }
    }

    /// Works until told to shut down.
    func run() {
        guard epoll >= 0 else { return refuseAll() }
        var events = [ccurl_event](repeating: ccurl_event(), count: Int(CCURL_EVENT_BATCH))
        while true {
            let timeout = waitingTime()
            loop.statistics.withLock { $0.longestSleep = timeout < 0 ? nil : .milliseconds(timeout) }
            let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
                unsafe ccurl_epoll_wait(epoll, buffer.baseAddress, timeout)
            }
            loop.statistics.withLock { $0.wakeups += 1 }
            var shutsDown = false
            for event in events.prefix(max(0, Int(count))) {
                if event.tag == 0 {
                    for command in loop.takeCommands() where !execute(command) { shutsDown = true }
                } else if let pool = poolsByID[UInt32(event.tag >> 32)] {
                    let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: event.tag))
                    pool.act(on: descriptor, mask: ccurl_event_mask(event.events))
                    settle(pool)
                }
            }
            if shutsDown { return shutDown() }
            fireTimers()
        }
    }

    /// Without its descriptor nothing can be waited for.
    private func refuseAll() {
        while true {
            var wake = pollfd(fd: loop.wakeDescriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wake, 1, -1) > 0 else { continue }
            for command in loop.takeCommands() {
                switch command {
                case .start(let exchange):
                    exchange.finish(
                        .failure(
                            HTTPTransportError(
                                .internal,
                                "the HTTP client could not start; raise the limit on open files (RLIMIT_NOFILE) and start "
                                    + "the process again", endpoint: exchange.target.endpoint, isRetryable: false)))
                case .shutDown: return shutDown()
                case .cancel, .resumeReceiving, .resumeSending: continue
                }
            }
        }
    }

    // MARK: Time

    /// Milliseconds until something is due; -1: nothing is.
    private func waitingTime() -> Int32 {
        var next = nextSweep
        func consider(_ instant: ContinuousClock.Instant) {
            next = next.map { min($0, instant) } ?? instant
        }
        for pool in poolsByID.values {
            if let timer = pool.timer { consider(timer) }
            if pool.activeTransfers == 0 { consider(pool.lastUsed + configuration.idleConnectionLifetime) }
        }
        guard let next else { return -1 }
        return Int32(clamping: max(0, ContinuousClock.now.duration(to: next).milliseconds))
    }

    private func fireTimers() {
        let now = ContinuousClock.now
        for pool in Array(poolsByID.values) {
            if let timer = pool.timer, timer <= now {
                pool.timer = nil
                pool.act(on: CURL_SOCKET_TIMEOUT, mask: 0)
                settle(pool)
            }
            if pool.activeTransfers == 0, now >= pool.lastUsed + configuration.idleConnectionLifetime { discard(pool) }
        }
        guard let due = nextSweep, due <= now else { return }
        nextSweep = nil
        for transfer in Array(transfers.values) {
            if let error = transfer.expiry(at: now) {
                end(transfer, .failure(error))
            } else {
                scheduleSweep(for: transfer)
            }
        }
    }

    private func scheduleSweep(for transfer: Transfer) {
        guard let expiry = transfer.nextExpiry else { return }
        nextSweep = nextSweep.map { min($0, expiry) } ?? expiry
    }

    // MARK: Commands

    /// False: shut down.
    private func execute(_ command: EventLoop.Command) -> Bool {
        switch command {
        case .start(let exchange): accept(exchange)
        case .cancel(let exchange):
            if let transfer = transfers[ObjectIdentifier(exchange)] {
                end(transfer, .failure(cancelled(exchange)))
            }
        case .resumeReceiving(let exchange): resume(exchange) { $0.pause(receiving: false, sending: $0.isSendPaused) }
        case .resumeSending(let exchange): resume(exchange) { $0.pause(receiving: $0.isReceivePaused, sending: false) }
        case .shutDown: return false
        }
        return true
    }

    private func cancelled(_ exchange: Exchange) -> HTTPTransportError {
        HTTPTransportError(.cancelled, "the request was cancelled", endpoint: exchange.target.endpoint)
    }

    private func resume(_ exchange: Exchange, _ body: (Transfer) -> Void) {
        guard let transfer = transfers[ObjectIdentifier(exchange)] else { return }
        body(transfer)
        scheduleSweep(for: transfer)
        settle(transfer.pool)
    }

    private func accept(_ exchange: Exchange) {
        guard !exchange.isFinished else { return }
        let now = ContinuousClock.now
        guard let pool = pool(for: exchange.poolKey, now: now) else {
            exchange.finish(
                .failure(
                    HTTPTransportError(
                        .internal, "cannot connect to \(exchange.target.authority): out of memory",
                        endpoint: exchange.target.endpoint)))
            return
        }
        let transfer = Transfer(exchange, pool: pool, configuration: configuration, now: now)
        transfers[ObjectIdentifier(exchange)] = transfer
        pool.activeTransfers += 1
        if mayStart(transfer) {
            begin(transfer)
        } else {
            queue.append(transfer)
            loop.statistics.withLock { $0.queuedTransfers += 1 }
            scheduleSweep(for: transfer)
        }
    }

    // MARK: Transfers

    private func mayStart(_ transfer: Transfer) -> Bool {
        active < configuration.maximumTransfers
            && (transfer.pool.activeByTarget[transfer.exchange.target] ?? 0) < configuration.maximumTransfersPerHost
    }

    private func begin(_ transfer: Transfer) {
        let exchange = transfer.exchange
        do throws(HTTPTransportError) {
            if exchange.target.isTLS || transfer.pool.key.proxy?.scheme == .https { try prepareTLS(transfer) }
            let easy = try transfer.makeHandle(configuration: configuration)
            transfer.easy = easy
            active += 1
            transfer.pool.activeByTarget[exchange.target, default: 0] += 1
            loop.statistics.withLock { statistics in
                statistics.transfersStarted += 1
                statistics.activeTransfers += 1
            }
            guard transfer.pool.add(easy) else {
                throw HTTPTransportError(
                    .internal, "cannot start a request to \(exchange.target.authority)",
                    endpoint: exchange.target.endpoint)
            }
        } catch {
            return end(transfer, .failure(error))
        }
        transfer.lastActivity = .now
        scheduleSweep(for: transfer)
        exchange.startUpload()
    }

    private func prepareTLS(_ transfer: Transfer) throws(HTTPTransportError) {
        do throws(TLSPolicyError) {
            try transfer.pool.prepareTLS {
                if let roots { return roots }
                let loaded = SystemRoots.load { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
                roots = loaded
                return loaded
            }
        } catch {
            throw HTTPTransportError(
                .tls, "tls: \(error.message)", endpoint: transfer.exchange.target.endpoint, isRetryable: false)
        }
    }

    /// Hands over what libcurl gave, and ends what it is done with.
    private func settle(_ pool: ConnectionPool) {
        repeat {
            while let transfer = pool.dirty.popLast() {
                transfer.flush()
            }
            while let (transfer, code) = pool.nextCompleted() {
                transfer.flush()
                guard code == CURLE_OK, transfer.failure == nil else {
                    end(transfer, .failure(transfer.failure ?? transfer.error(for: code)))
                    continue
                }
                end(transfer, .success(()))
            }
        } while !pool.dirty.isEmpty
    }

    private func end(_ transfer: Transfer, _ outcome: Result<Void, HTTPTransportError>) {
        let exchange = transfer.exchange
        let pool = transfer.pool
        guard transfers.removeValue(forKey: ObjectIdentifier(exchange)) != nil else { return }
        pool.activeTransfers -= 1
        pool.lastUsed = .now
        if let easy = transfer.easy.take() {
            pool.remove(easy)
            active -= 1
            let left = (pool.activeByTarget[exchange.target] ?? 0) - 1
            pool.activeByTarget[exchange.target] = left > 0 ? left : nil
            loop.statistics.withLock { $0.activeTransfers -= 1 }
        }
        exchange.finish(outcome)
        startQueued()
    }

    /// Starts the transfer whose turn it is: whoever ended made room for one.
    private func startQueued() {
        // A transfer that fails at its start ends inside the loop below, which then goes on to the next one.
        guard !queue.isEmpty, !isStartingQueued else { return }
        isStartingQueued = true
        defer { isStartingQueued = false }
        let activeBefore = active
        var index = 0
        while index < queue.count, active == activeBefore, active < configuration.maximumTransfers {
            let transfer = queue[index]
            let isWaiting = transfers[ObjectIdentifier(transfer.exchange)] != nil
            if isWaiting, !mayStart(transfer) {
                index += 1
                continue
            }
            queue.remove(at: index)
            loop.statistics.withLock { $0.queuedTransfers -= 1 }
            if isWaiting { begin(transfer) }
        }
    }

    // MARK: Pools

    private func pool(for key: PoolKey, now: ContinuousClock.Instant) -> ConnectionPool? {
        if let pool = pools[key] { return pool }
        if pools.count >= configuration.maximumPools {
            let unused = pools.values.filter { $0.activeTransfers == 0 }
            if let oldest = unused.min(by: { $0.lastUsed < $1.lastUsed }) { discard(oldest) }
        }
        let id = nextPoolID
        guard
            let pool = ConnectionPool(
                id: id, key: key, epoll: epoll, configuration: configuration, statistics: loop.statistics, now: now)
        else { return nil }
        nextPoolID = nextPoolID == .max ? 1 : nextPoolID + 1
        pools[key] = pool
        poolsByID[id] = pool
        return pool
    }

    private func discard(_ pool: ConnectionPool) {
        pools[pool.key] = nil
        poolsByID[pool.id] = nil
        pool.close()
    }

    private func shutDown() {
        for command in loop.takeCommands() {
            if case .start(let exchange) = command { exchange.finish(.failure(EventLoop.shutDownError(exchange))) }
        }
        queue.removeAll()
        for transfer in Array(transfers.values) {
            end(transfer, .failure(EventLoop.shutDownError(transfer.exchange)))
        }
        for pool in Array(poolsByID.values) { discard(pool) }
    }
}
