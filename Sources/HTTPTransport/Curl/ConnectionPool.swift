internal import CCurl
internal import Core

/// One libcurl multi handle: the connections of one policy. Only for the loop's thread.
@safe
final class ConnectionPool {
    /// Tells the pools' events apart; never used twice.
    let id: UInt32
    let key: PoolKey
    /// When libcurl wants to be called although no socket is ready.
    var timer: ContinuousClock.Instant?
    /// When the last transfer ended.
    var lastUsed: ContinuousClock.Instant
    var activeTransfers = 0
    /// Running transfers by origin.
    var activeByTarget: [RequestTarget: Int] = [:]
    /// Transfers that have something to hand over.
    var dirty: [Transfer] = []

    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private let statistics: Locked<CurlClient.Statistics>
    private var sockets: [Int32: String] = [:]
    private var tls: TLSMaterial?
    private var isClosed = false

    init?(
        id: UInt32, key: PoolKey, epoll: Int32, configuration: CurlClient.Configuration,
        statistics: Locked<CurlClient.Statistics>, now: ContinuousClock.Instant
    ) {
        guard let multi = unsafe curl_multi_init() else { return nil }
        self.id = id
        self.key = key
        self.epoll = epoll
        self.statistics = statistics
        self.lastUsed = now
        unsafe self.multi = unsafe multi
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_multi_set_callbacks(multi, onSocket, onTimer, context)
        // Unused connections kept; libcurl closes the oldest ones beyond that.
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maximumTransfersPerHost)
        statistics.withLock { $0.pools += 1 }
    }

    /// Closes the connections, which calls back: the pool must still be held by somebody.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        _ = unsafe curl_multi_cleanup(multi)
        statistics.withLock { $0.pools -= 1 }
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> ConnectionPool? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<ConnectionPool>.fromOpaque(context).takeUnretainedValue()
    }

    /// Parses certificates and key, once.
    func prepareTLS(systemRoots: () -> CertificateList) throws(TLSPolicyError) {
        if tls == nil { tls = try TLSMaterial(key.tls, systemRoots: systemRoots) }
    }

    func setUp(_ context: OpaquePointer) -> Bool {
        unsafe tls?.install(into: context) ?? false
    }

    // MARK: Transfers

    func add(_ easy: EasyHandle) -> Bool {
        unsafe curl_multi_add_handle(multi, easy.pointer) == CURLM_OK
    }

    func remove(_ easy: EasyHandle) {
        _ = unsafe curl_multi_remove_handle(multi, easy.pointer)
    }

    /// Lets libcurl work on a ready socket; `CURL_SOCKET_TIMEOUT` (-1) for its timer.
    func act(on descriptor: Int32, mask: Int32) {
        var running: Int32 = 0
        _ = unsafe curl_multi_socket_action(multi, descriptor, mask, &running)
    }

    /// The next transfer that libcurl is done with.
    func nextCompleted() -> (Transfer, CURLcode)? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            let result = unsafe ccurl_message_result(message)
            guard result >= 0, let transfer = unsafe Transfer.from(ccurl_get_private(message.pointee.easy_handle))
            else {
                continue
            }
            return (transfer, CURLcode(rawValue: UInt32(result)))
        }
        return nil
    }

    // MARK: Sockets

    func noteOpened(_ descriptor: Int32, for target: RequestTarget) {
        sockets[descriptor] = target.endpoint
        statistics.withLock { statistics in
            statistics.connectionsMade += 1
            statistics.openConnections[target.endpoint, default: 0] += 1
        }
    }

    func noteClosed(_ descriptor: Int32) {
        guard let endpoint = sockets.removeValue(forKey: descriptor) else { return }
        statistics.withLock { statistics in
            let left = (statistics.openConnections[endpoint] ?? 0) - 1
            statistics.openConnections[endpoint] = left > 0 ? left : nil
        }
    }

    fileprivate func watch(_ descriptor: Int32, for what: Int32) {
        let reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT
        let writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT
        // Failing to stop watching a descriptor that is closed already is no failure.
        _ = ccurl_epoll_watch(
            epoll, descriptor, reads ? 1 : 0, writes ? 1 : 0, UInt64(id) << 32 | UInt64(UInt32(bitPattern: descriptor)))
    }
}

private let onSocket: curl_socket_callback = { _, descriptor, what, context, _ in
    unsafe ConnectionPool.from(context)?.watch(descriptor, for: what)
    return 0
}

private let onTimer: curl_multi_timer_callback = { _, milliseconds, context in
    unsafe ConnectionPool.from(context)?.timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    return 0
}
