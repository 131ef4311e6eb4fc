package import Core
package import HTTPTransport
internal import KubernetesAPI

/// A client of one API server: credentials, rate limit, connections, typed errors and metrics.
package final class KubernetesClient: KubernetesAPIServer {
    /// A request is sent again at most this often when the server asks to come back later.
    private static let attempts = 5
    /// Longer waits are the caller's business.
    private static let longestWait: Duration = .seconds(10)
    private static let errorBodyLimit = 64 << 10

    private let http: any HTTPClient
    private let configuration: ClientConfiguration
    private let credentialSource: any CredentialSource
    private let time: any TimeSource
    private let logger: Logger
    private let bucket: Locked<TokenBucket>
    private let requests: CounterFamily
    private let host: String

    /// A client that sends through `http`.
    package init(
        http: any HTTPClient, configuration: ClientConfiguration, time: any TimeSource = SystemTime(),
        metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled
    ) {
        self.http = http
        self.configuration = configuration
        self.time = time
        self.logger = logger
        credentialSource = configuration.authentication.makeSource(time: time)
        bucket = Locked(TokenBucket(rate: configuration.requestsPerSecond, burst: configuration.burst))
        requests = metrics.counter(
            "rest_client_requests_total",
            help: "Number of HTTP requests, partitioned by status code, method, and host.",
            labels: ["code", "host", "method"])
        let authority = configuration.server.drop { $0 != ":" }.dropFirst(3)
        host = String(authority.prefix { $0 != "/" })
    }

    package func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
        let response = try await exchange(request, deadline: request.deadline ?? configuration.requestTimeout)
        let bytes: [UInt8]
        do throws(HTTPTransportError) {
            bytes = try await response.body.collect(upTo: configuration.responseLimit)
        } catch {
            throw KubernetesError(error, request)
        }
        do throws(JSONError) {
            guard !bytes.isEmpty else { return [:] }
            // Anybody may write names into their objects; they must not hide the objects of others.
            return try JSONValue(
                parsing: bytes, limits: JSONLimits(bytes: configuration.responseLimit), equivalentNames: .lastWins)
        } catch {
            throw KubernetesError(
                error.isSize ? .tooLarge : .invalidResponse,
                "the API server's answer to \(request.method) \(request.path) \(error.isSize ? "is too large" : "is no JSON"): \(error)",
                httpStatus: response.status, isRetryable: true)
        }
    }

    package func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
        let response = try await exchange(request, deadline: request.deadline)
        let reader = WatchReader(body: response.body, request: request, eventLimit: configuration.eventLimit)
        return WatchStream { () async throws(KubernetesError) -> WatchEvent? in try await reader.next() }
    }

    // MARK: - One exchange

    private func exchange(_ request: APIRequest, deadline: Duration?) async throws(KubernetesError) -> HTTPResponse {
        var attempt = 1
        var triedOtherCredentials = false
        // Credentials and another try with others are part of the exchange: whoever gave it a time cannot wait longer.
        // Waiting for a turn, or as the server asked, is not.
        var end = deadline.map { time.uptime + $0 }
        while true {
            if request.lane != .lease {
                let begin = time.uptime
                try await takeTurn()
                end = end.map { $0 + (time.uptime - begin) }
            }
            let credentials = try await credentialSource.credentials(within: try remaining(until: end, request))
            let response = try await transfer(request, credentials, deadline: try remaining(until: end, request))
            if (200..<300).contains(response.status) { return response }
            let error = await failure(of: response, request)
            if error.isUnauthorized, !triedOtherCredentials, await credentialSource.reject(credentials) {
                triedOtherCredentials = true
                continue
            }
            // A server that says when to come back has not done anything yet, so that any method may be repeated.
            guard let wait = error.retryAfter, wait <= Self.longestWait, attempt < Self.attempts,
                request.lane != .lease, response.status == 429 || response.status >= 500
            else { throw error }
            attempt += 1
            try await sleep(wait)
            end = deadline.map { time.uptime + $0 }
        }
    }

    private func remaining(until end: Duration?, _ request: APIRequest) throws(KubernetesError) -> Duration? {
        guard let end else { return nil }
        let left = end - time.uptime
        guard left > .zero else {
            throw KubernetesError(
                .transport, "\(request.method) \(request.path) failed: its time was over before it was sent",
                isRetryable: true)
        }
        return left
    }

    private func transfer(
        _ request: APIRequest, _ credentials: RequestCredentials, deadline: Duration?
    ) async throws(KubernetesError) -> HTTPResponse {
        let message = makeMessage(request, credentials, deadline: deadline)
        do throws(HTTPTransportError) {
            let response = try await http.send(message)
            requests.increment([String(response.status), host, request.method])
            return response
        } catch {
            if error.code != .cancelled { requests.increment(["<error>", host, request.method]) }
            throw KubernetesError(error, request)
        }
    }

    private func makeMessage(
        _ request: APIRequest, _ credentials: RequestCredentials, deadline: Duration?
    ) -> HTTPRequest {
        var tls = configuration.tls
        if let identity = credentials.identity { tls.identity = identity }
        var message = HTTPRequest(method: request.method, url: configuration.server + request.target)
        message.connection = ConnectionPolicy(
            tls: tls, proxy: configuration.proxy, dedicatedPool: request.lane.pool)
        message.headers["User-Agent"] = configuration.userAgent
        message.headers["Accept"] = request.accept
        if let authorization = credentials.authorization { message.headers["Authorization"] = authorization.revealed }
        for header in configuration.impersonation { message.headers.append(header.name, header.value) }
        if let body = request.body {
            message.headers["Content-Type"] = request.contentType
            message.body = .bytes(body.serialized())
        }
        message.deadline = deadline
        return message
    }

    private func failure(of response: HTTPResponse, _ request: APIRequest) async -> KubernetesError {
        let retryAfter = response.headers["Retry-After"].flatMap { Int64($0) }.map { seconds in
            Duration.seconds(min(max(seconds, 0), 86400))
        }
        let body = (try? await response.body.collect(upTo: Self.errorBodyLimit)) ?? []
        if let json = try? JSONValue(parsing: body), var status = try? Status(json: json) {
            // The line on the wire counts: it is what proxies and the transport acted on.
            status.code = response.status
            return KubernetesError(status: status, retryAfter: retryAfter)
        }
        let text = RemoteText.printable(bytes: body, limit: 200)
        let message =
            "the API server answered \(request.method) \(request.path) with HTTP status \(response.status)"
            + (text.isEmpty ? "" : ": \(text)")
        return KubernetesError(
            status: Status(message: message, reason: "", code: response.status), retryAfter: retryAfter)
    }

    // MARK: - Waiting

    private func takeTurn() async throws(KubernetesError) {
        let delay = bucket.withLock { $0.reserve(at: time.uptime) }
        guard delay > .zero else { return }
        if delay > .seconds(1) {
            logger.debug("Waited for the client's own rate limit", ["seconds": .double(delay / .seconds(1))])
        }
        do throws(KubernetesError) {
            try await sleep(delay)
        } catch {
            bucket.withLock { $0.cancelReservation(at: time.uptime) }
            throw error
        }
    }

    private func sleep(_ delay: Duration) async throws(KubernetesError) {
        do {
            try await time.sleep(for: delay)
        } catch {
            throw KubernetesError(.cancelled, "cancelled while waiting to send a request", isRetryable: false)
        }
    }
}

extension KubernetesError {
    init(_ error: HTTPTransportError, _ request: APIRequest) {
        if error.code == .cancelled {
            self.init(.cancelled, "cancelled: \(request.method) \(request.path)", isRetryable: false)
        } else if error.code == .tooLarge {
            self.init(.tooLarge, "\(request.method) \(request.path) failed: \(error.message)", isRetryable: true)
        } else {
            self.init(
                .transport, "\(request.method) \(request.path) failed: \(error.message)",
                isRetryable: error.isRetryable)
        }
    }
}
