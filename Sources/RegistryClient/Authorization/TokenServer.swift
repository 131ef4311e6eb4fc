internal import Core
internal import Cryptography
internal import HTTPTransport
internal import OCI

/// One request to a registry's token server (distribution's token authentication and its OAuth2 form).
struct TokenServer: Sendable {
    static let maximumAnswer = 1 << 20
    static let maximumToken = 64 << 10
    static let timeLimit = Duration.seconds(30)

    let http: any HTTPClient
    let metrics: RegistryMetrics
    let registry: String
    let realm: RegistryURL
    let service: String
    let scopes: [String]
    let access: RegistryAccess
    let logger: Logger

    /// Asks for a token: a GET with Basic credentials or none, a POST with an identity token.
    func fetch() async throws(RegistryError) -> TokenCache.FetchedToken {
        let action = "cannot get a token for registry '\(registry)' from '\(realm.origin.authority)'"
        var request = request()
        request.deadline = Self.timeLimit
        request.idleTimeout = Self.timeLimit
        request.connection = access.connection.withoutIdentity(unless: registry, is: realm.origin)
        metrics.countTokenRequest(host: registry)
        metrics.noteRequest(to: realm.origin)
        let response: HTTPResponse
        let body: [UInt8]
        do {
            response = try await http.send(request)
            body = try await response.body.collect(upTo: Self.maximumAnswer)
        } catch {
            log(request, status: nil)
            throw RegistryError(error, while: action, endpoint: realm.origin.authority, advice: access.advice)
        }
        log(request, status: response.status)
        guard response.status == 200 else { throw failure(response, body, action) }
        return try parse(body, action)
    }

    /// Path and query stay out of it: what a registry names as its token server may hold anything.
    private func log(_ request: HTTPRequest, status: Int?) {
        logger.debug(
            "token request",
            [
                "registry": .string(registry), "method": .string(request.method),
                "url": .string("\(realm.origin.scheme.rawValue)://\(realm.origin.authority)"),
                "status": status.map { .integer(Int64($0)) } ?? .null,
            ])
    }

    private func request() -> HTTPRequest {
        let items = [("service", service)].filter { !$0.1.isEmpty }
        if case .identityToken(let token) = access.credential {
            var form = [("grant_type", "refresh_token"), ("client_id", "source-controller")] + items
            form += [("scope", scopes.joined(separator: " ")), ("refresh_token", token.revealed)]
            let text = form.map { "\(RegistryURL.encode($0.0))=\(RegistryURL.encode($0.1))" }.joined(separator: "&")
            return HTTPRequest(
                method: "POST", url: realm.text,
                headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"],
                body: .bytes(Array(text.utf8)))
        }
        var headers: HTTPFields = ["Accept": "application/json"]
        if case .basic(let username, let password) = access.credential {
            headers["Authorization"] = BasicAuthorization.header(username, password)
        }
        return HTTPRequest(url: realm.appending(query: items + scopes.map { ("scope", $0) }).text, headers: headers)
    }

    private func failure(_ response: HTTPResponse, _ body: [UInt8], _ action: String) -> RegistryError {
        let said = ErrorResponse(
            body: body, contentType: response.headers["Content-Type"], masking: SecretMask(access.credential))
        let code: RegistryError.Code
        var hint = ""
        switch response.status {
        case 401, 400, 403:
            code = response.status == 403 ? .denied : .unauthorized
            hint = "; \(access.credentialDescription): check user name, password or token and its rights"
        case 429: code = .rateLimited
        case 408, 500...: code = .server
        default: code = .invalidResponse
        }
        return RegistryError(
            code, "\(action): \(said.text(status: response.status))\(hint)", particulars: said.requestNames,
            endpoint: realm.origin.authority, httpStatus: response.status, registryCode: said.code,
            retryAfter: RetryAfter.parse(response.headers, now: SystemTime().now))
    }

    private func parse(_ body: [UInt8], _ action: String) throws(RegistryError) -> TokenCache.FetchedToken {
        func refusal(_ reason: String) -> RegistryError {
            RegistryError(.invalidResponse, "\(action): \(reason)", endpoint: realm.origin.authority)
        }
        guard
            let value = try? JSONValue(
                parsing: body, limits: JSONLimits(bytes: Self.maximumAnswer, depth: 16, values: 10_000))
        else {
            throw refusal(
                ErrorResponse.looksLikeHTML(body) ? "it answered HTML instead of JSON" : "its answer is not JSON")
        }
        let candidates = ["token", "access_token"].compactMap { value[$0]?.stringValue }.filter { !$0.isEmpty }
        guard let token = candidates.first else { throw refusal("its answer has no token") }
        // What goes into a header must be one word.
        guard token.utf8.count <= Self.maximumToken, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw refusal("its token is not one word of printable characters, at most \(Self.maximumToken) of them")
        }
        // 60 seconds is what the specification gives a token without a lifetime.
        let seconds = min(max(value["expires_in"]?.integerValue ?? 60, 0), 366 * 86_400)
        return TokenCache.FetchedToken(token: Redacted(token), lifetime: .seconds(seconds))
    }
}

/// The Basic scheme (RFC 7617).
enum BasicAuthorization {
    static func header(_ username: String, _ password: Redacted<String>) -> String {
        "Basic " + value(username, password)
    }

    /// What follows the scheme's name.
    static func value(_ username: String, _ password: Redacted<String>) -> String {
        Base64.encode(Array("\(username):\(password.revealed)".utf8))
    }
}

extension ConnectionPolicy {
    /// The policy for a server that is not the registry itself: our client certificate is shown to the registry's host only.
    func withoutIdentity(unless registry: String, is origin: RegistryURL.Origin) -> ConnectionPolicy {
        if let own = RegistryURL(scheme: origin.scheme, registry: registry, target: "/"), own.origin.host == origin.host
        {
            return self
        }
        var policy = self
        policy.tls.identity = nil
        return policy
    }
}
