internal import Core
internal import HTTPTransport
internal import OCI

/// Sends requests to one registry as one user: chooses the scheme, waits for its turn, authenticates, follows redirects,
/// retries.
struct Exchanger: Sendable {
    static let maximumRedirects = 10
    /// Two: for a token that was refused, and for a registry that changed its mind about how to authenticate.
    static let maximumChallenges = 2

    let shared: SharedState
    let registry: String
    let host: String
    let access: RegistryAccess
    let deadline: Deadline

    /// Sends `request` until it is answered or nothing is left to try.
    /// - Throws: for every status that is neither 2xx nor accepted by the request.
    func send(_ request: RegistryRequest) async throws(RegistryError) -> RegistryResponse {
        var attempt = 0
        while true {
            let failure: RegistryError
            do throws(RegistryError) {
                let response = try await tryOnce(request)
                shared.outages.end(registry, access.key)
                return response
            } catch {
                failure = error
            }
            guard !Task.isCancelled else { throw .cancelled(request.action) }
            attempt += 1
            if failure.httpStatus != nil { shared.outages.end(registry, access.key) }
            let isAway = failure.isRetryable && failure.transportCode != nil
            guard !(isAway && shared.outages.goesOn(registry, access.key)) else { throw failure }
            if isAway, attempt == shared.configuration.maximumAttempts { shared.outages.begin(registry, access.key) }
            guard failure.isRetryable, request.isRepeatable, attempt < shared.configuration.maximumAttempts else {
                throw failure
            }
            let delay = max(shared.backoff(attempt: attempt - 1), failure.retryAfter ?? .zero)
            guard deadline.allows(delay) else { throw failure }
            shared.metrics.countRetry(host: registry)
            do { try await shared.time.sleep(for: delay) } catch { throw .cancelled(request.action) }
        }
    }

    private func tryOnce(_ request: RegistryRequest) async throws(RegistryError) -> RegistryResponse {
        let path: String
        switch request.target {
        case .url(let url, let origin):
            var hasAnswered = false
            return try await exchange(request, url: url, isOwn: url.origin == origin, &hasAnswered)
        case .path(let text): path = text
        }
        let candidates = shared.schemes.candidates(registry: registry, host: host, access.key)
        var firstFailure: RegistryError?
        for scheme in candidates {
            guard let url = RegistryURL(scheme: scheme, registry: registry, target: path) else {
                throw RegistryError(
                    .invalidReference, "\(request.action): '\(RemoteText.printable(registry))' is no host")
            }
            var hasAnswered = false
            do throws(RegistryError) {
                return try await exchange(request, url: url, isOwn: true, isFallback: firstFailure != nil, &hasAnswered)
            } catch {
                // 400 is how servers with TLS answer plain HTTP: what went wrong over HTTPS is the cause, unless that was
                // that there is no TLS.
                if let firstFailure, firstFailure.transportCode != .notTLS, error.httpStatus == 400 {
                    throw firstFailure
                }
                // Trouble with a token server or a redirect's target says nothing about the registry's scheme.
                guard !hasAnswered else { throw error }
                if error.transportCode != nil, candidates == [.http] {
                    shared.schemes.forgetPlainHTTP(registry: registry, access.key)
                }
                guard scheme == .https, candidates.count > 1, Self.mayMeanPlainHTTP(error) else {
                    throw firstFailure.map { Self.moreTelling($0, error) } ?? error
                }
                firstFailure = error
            }
        }
        throw firstFailure ?? RegistryError(.transport, "\(request.action): no way to reach it")
    }

    private var logger: Logger { access.logger ?? shared.logger }

    private func noteScheme(_ scheme: RegistryURL.Scheme) {
        guard shared.schemes.remember(scheme, registry: registry, access.key), scheme == .http else { return }
        logger.info(
            "registry is reached over plain HTTP",
            [
                "registry": .string(registry),
                "reason": access.plainHTTP == .allowed ? "plain HTTP is allowed" : "the host is local by its name",
            ])
    }

    /// Failures of HTTPS after which a server without TLS may be there. A certificate that is not trusted is none: falling
    /// back then would hand credentials to whoever sits in between.
    private static func mayMeanPlainHTTP(_ error: RegistryError) -> Bool {
        guard let code = error.transportCode else { return false }
        return [.notTLS, .connect, .closed, .protocol, .timeout].contains(code)
    }

    /// What to say when neither scheme led to an answer: usually why HTTPS, which should be there, failed. But a server that
    /// speaks no TLS, or that took the connection and kept silent over HTTP, is about HTTP.
    private static func moreTelling(_ https: RegistryError, _ http: RegistryError) -> RegistryError {
        switch http.transportCode {
        // HTTP got through, or the time is over.
        case nil: http
        case .timeout: http.extended(" over plain HTTP; see that a registry listens there, and that it works")
        default: https.transportCode == .notTLS ? http.extended(" over plain HTTP") : https
        }
    }

    // MARK: One exchange: challenges and redirects

    /// - Parameter hasAnswered: becomes true with the first answer from `first`.
    private func exchange(
        _ request: RegistryRequest, url first: RegistryURL, isOwn: Bool, isFallback: Bool = false,
        _ hasAnswered: inout Bool
    ) async throws(RegistryError) -> RegistryResponse {
        var url = first
        var authorization: Authorizer.Authorization = .none
        if isOwn {
            do throws(RegistryError) {
                authorization = try await initialAuthorization(request, first.origin)
            } catch {
                // What is known about the registry's token server was learnt from an answer of its.
                hasAnswered = true
                throw error
            }
        }
        var carriesCredentials = isOwn
        var mask = SecretMask(access.credential)
        var challenges = 0
        var redirects = 0
        while true {
            if case .token(let grant, _) = authorization { mask.add(grant.token) }
            let response = try await transmit(request, to: url, carriesCredentials ? authorization.header : nil)
            if isOwn, !hasAnswered, response.status != 400 || !isFallback { noteScheme(first.origin.scheme) }
            hasAnswered = true
            switch response.status {
            case 401 where carriesCredentials && url.origin == first.origin && challenges < Self.maximumChallenges:
                let body = try await drain(response, request.action)
                let previous = authorization
                let headers = response.headers
                guard
                    let next = try await deadline.run(
                        request.action,
                        { () async throws(RegistryError) in
                            try await shared.authorizer.answer(
                                headers, to: previous, from: first.origin, registry: registry, access: access,
                                scope: request.scope)
                        })
                else { throw failure(response, body, request.action, mask, redirectedTo: nil) }
                authorization = next
                challenges += 1
                url = first
                redirects = 0
            case 301, 302, 303, 307, 308:
                guard request.method == "GET" || request.method == "HEAD" else { fallthrough }
                redirects += 1
                let next = try redirect(response, from: url, count: redirects, request.action)
                _ = try await drain(response, request.action)
                if next.origin != first.origin { carriesCredentials = false }
                url = next
            default:
                if (200..<300).contains(response.status) || request.accepted.contains(response.status) {
                    return RegistryResponse(
                        status: response.status, headers: response.headers, body: response.body, url: url,
                        requestURL: first)
                }
                throw failure(
                    response, try await drain(response, request.action), request.action, mask,
                    redirectedTo: url.origin == first.origin ? nil : url.origin)
            }
        }
    }

    private func initialAuthorization(
        _ request: RegistryRequest, _ origin: RegistryURL.Origin
    ) async throws(RegistryError) -> Authorizer.Authorization {
        if let known = shared.authorizer.known(for: origin, access: access, scope: request.scope) { return known }
        return try await deadline.run(request.action) { () async throws(RegistryError) in
            try await shared.authorizer.initial(for: origin, registry: registry, access: access, scope: request.scope)
        }
    }

    private func redirect(
        _ response: HTTPResponse, from url: RegistryURL, count: Int, _ action: String
    ) throws(RegistryError) -> RegistryURL {
        func refusal(_ reason: String) -> RegistryError {
            RegistryError(
                .invalidResponse, "\(action): \(reason)", endpoint: url.origin.authority, httpStatus: response.status)
        }
        guard count <= Self.maximumRedirects else { throw refusal("more than \(Self.maximumRedirects) redirects") }
        guard let next = response.headers["Location"].flatMap({ url.resolving($0) }) else {
            throw refusal("a redirect (HTTP \(response.status)) to no usable URL")
        }
        guard next.origin.scheme == .https || url.origin.scheme == .http else {
            throw refusal("a redirect from HTTPS to plain HTTP at '\(next.origin.authority)', which is not followed")
        }
        return next
    }

    // MARK: One request on the wire

    private func transmit(
        _ request: RegistryRequest, to url: RegistryURL, _ authorization: String?
    ) async throws(RegistryError) -> HTTPResponse {
        var message = HTTPRequest(method: request.method, url: url.text, headers: request.headers)
        message.headers["Authorization"] = authorization
        message.headers["User-Agent"] = shared.configuration.userAgent
        message.connection = access.connection.withoutIdentity(unless: registry, is: url.origin)
        if request.isBulk {
            message.connection.version = .http1
            let rate = shared.configuration.maximumDownloadRate
            if rate > 0 { message.maximumReceiveRate = rate }
        }
        message.idleTimeout = shared.configuration.idleTimeout
        message.connectTimeout = shared.configuration.connectTimeout
        if let body = request.body {
            do { message.body = try body.open() } catch {
                throw RegistryError(
                    .content, "\(request.action): the content cannot be read: \(error)", endpoint: registry)
            }
        }
        let gate = shared.gates.gate(for: url.origin, access.key)
        let action = request.action
        if !gate.enterAtOnce() {
            try await deadline.run(action) { () async throws(RegistryError) in
                do { try await gate.enter() } catch { throw .cancelled(action) }
            }
        }
        defer { gate.leave() }
        if let remaining = deadline.remaining {
            guard remaining > .zero else { throw deadline.expired(action) }
            message.deadline = remaining
        }
        shared.metrics.noteRequest(to: url.origin)
        let start = shared.time.uptime
        let outcome: Result<HTTPResponse, HTTPTransportError>
        do throws(HTTPTransportError) { outcome = .success(try await shared.http.send(message)) } catch {
            outcome = .failure(error)
        }
        let status = try? outcome.get().status
        shared.metrics.countRequest(
            host: registry, method: request.method, status: status, duration: shared.time.uptime - start)
        logger.debug(
            "registry request",
            [
                "registry": .string(registry), "method": .string(request.method),
                "url": .string(shown(url)),
                "status": status.map { .integer(Int64($0)) } ?? .null,
            ])
        switch outcome {
        case .success(let response): return response
        case .failure(let error):
            if Task.isCancelled { throw .cancelled(action) }
            let failure = deadline.failure(error, while: action, endpoint: registry, advice: access.advice)
            // The time was over before the answer's head came.
            guard failure.code == .timeout, failure.transportCode == nil else { throw failure }
            let cause = " \(url.origin.authority) does not answer"
            throw failure.extended(deadline.isAdjustable ? ", or see why\(cause)" : "; see why\(cause)")
        }
    }

    /// The URL for a log: without its query, and without the path of a server that is not the registry, either of which may
    /// hold a signature.
    private func shown(_ url: RegistryURL) -> String {
        let origin = "\(url.origin.scheme.rawValue)://\(url.origin.authority)"
        return url.origin.host == host.lowercased() ? origin + url.target.prefix { $0 != "?" } : origin
    }

    /// Reads a small body to its end, so that the connection can be used again; a large one is dropped with it.
    private func drain(_ response: HTTPResponse, _ action: String) async throws(RegistryError) -> [UInt8] {
        do {
            let body = try await response.body.collect(upTo: ErrorResponse.maximumBody)
            shared.metrics.countReceived(host: registry, bytes: body.count)
            return body
        } catch {
            // What came with the error does not matter as much as the error.
            return []
        }
    }
}
