internal import CCurl
internal import Core

/// The HTTP client: libcurl's multi interface on one thread, for any number of tasks.
///
/// Connections are pooled by `ConnectionPolicy` and proxy. An idle client has no timer running and wakes nobody.
package final class CurlClient: HTTPClient {
    /// Limits of a client; all of them apply per client.
    package struct Configuration: Sendable {
        /// Sent as `User-Agent` by requests that have none.
        package var userAgent = "source-controller"
        /// Bytes of a response body that wait for their consumer, and of a request body that wait for the network, before
        /// the other side is held back.
        package var bufferedBytesPerTransfer = 256 * 1024
        /// How much is read from a socket at once, in bytes (1 KiB ... 512 KiB). libcurl allocates that much for every
        /// transfer, so that many transfers of small answers are better off with little.
        package var receiveBufferSize = 16 * 1024
        /// The same for transfers that ask for connections of HTTP/1.1, which are those of large bodies.
        package var bulkReceiveBufferSize = 256 * 1024
        /// For all header lines of a response together, in bytes.
        package var maximumHeaderBytes = 64 * 1024
        /// Header lines of a response, its status line included.
        package var maximumHeaderFields = 256
        /// Transfers at once to one origin with one policy; more wait for their turn. Without HTTP/2 each has a connection.
        package var maximumTransfersPerHost = 64
        /// Transfers at once; more wait for their turn.
        package var maximumTransfers = 512
        /// Policies whose unused connections are kept, the most recently used ones.
        package var maximumPools = 64
        /// How long an unused connection is kept.
        package var idleConnectionLifetime: Duration = .seconds(75)

        /// The defaults.
        package init() {}
    }

    /// What a client has done and holds.
    package struct Statistics: Sendable, Hashable {
        /// TCP connections attempted since the start.
        package internal(set) var connectionsMade = 0
        /// Sockets open now, by the origin (`scheme://host:port`) that they were opened for.
        package internal(set) var openConnections: [String: Int] = [:]
        /// Exchanges begun, queued ones excluded.
        package internal(set) var transfersStarted = 0
        /// Exchanges under way now.
        package internal(set) var activeTransfers = 0
        /// Exchanges that wait for their turn now.
        package internal(set) var queuedTransfers = 0
        /// Pools (multi handles) held now.
        package internal(set) var pools = 0
        /// How often the thread woke up.
        package internal(set) var wakeups = 0
        /// For how long the thread sleeps, or last slept, where no socket and no caller wakes it; nil: for ever.
        package internal(set) var longestSleep: Duration?
    }

    private static let globalState: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    private let loop: EventLoop

    /// Starts the client's thread.
    package init(configuration: Configuration = .init()) {
        _ = Self.globalState
        loop = EventLoop(configuration: configuration)
    }

    deinit { loop.post(.shutDown) }

    package func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try RequestHeaders.validate(request)
        let exchange = try Exchange(request, loop: loop)
        // Made first: whatever happens from here on, dropping it ends the exchange.
        let body = HTTPBody(exchange)
        let result = await withTaskCancellationHandler {
            await exchange.start()
        } onCancel: {
            exchange.cancel()
        }
        let head = try result.get()
        return HTTPResponse(status: head.status, headers: head.headers, body: body, version: head.version)
    }

    /// A snapshot of the client's counters.
    package var statistics: Statistics { loop.statistics.current }

    /// Fails what is under way with code `shutdown`, closes all connections and waits for the thread's end.
    package func shutdown() async {
        loop.post(.shutDown)
        await loop.waitForEnd()
    }
}
