internal import Core
internal import HTTPTransport
internal import OCI

/// Decides what a request to a registry carries as `Authorization`, and answers the registry's challenges.
///
/// What a registry challenged with is remembered, so that later requests carry the right thing at once.
final class Authorizer: Sendable {
    /// What a request went out with.
    enum Authorization: Sendable {
        case none
        case fixed(header: String)
        case token(TokenCache.Grant, TokenCache.Key)

        var header: String? {
            switch self {
            case .none: nil
            case .fixed(let header): header
            case .token(let grant, _): "Bearer " + grant.token.revealed
            }
        }
    }

    private enum Memory: Sendable {
        case basic
        case bearer(realm: RegistryURL, service: String, scopes: [String])
    }

    private struct MemoryKey: Hashable {
        let origin: RegistryURL.Origin
        let access: AccessKey
        let scope: TokenScope
    }

    private static let maximumMemories = 10_000

    private let http: any HTTPClient
    private let tokens: TokenCache
    private let metrics: RegistryMetrics
    private let logger: Logger
    private let schemes: SchemeMemory
    private let memories = Locked<[MemoryKey: Memory]>([:])

    init(
        http: any HTTPClient, tokens: TokenCache, metrics: RegistryMetrics, schemes: SchemeMemory, logger: Logger
    ) {
        self.logger = logger
        self.http = http
        self.tokens = tokens
        self.metrics = metrics
        self.schemes = schemes
    }

    /// What a request should carry before it was challenged, if no token server has to be asked for it.
    func known(for origin: RegistryURL.Origin, access: RegistryAccess, scope: TokenScope) -> Authorization? {
        if case .bearer(let token) = access.credential { return .fixed(header: "Bearer " + token.revealed) }
        switch memories.withLock({ $0[MemoryKey(origin: origin, access: access.key, scope: scope)] }) {
        case nil: return Authorization.none
        case .basic: return basic(access) ?? Authorization.none
        case .bearer(let realm, let service, let scopes):
            let key = TokenCache.Key(
                registry: origin, realm: realm.text, service: service, scopes: scopes, access: access.key)
            return tokens.cached(key).map { .token(TokenCache.Grant(token: $0, isCached: true), key) }
        }
    }

    /// What a request should carry before it was challenged.
    func initial(
        for origin: RegistryURL.Origin, registry: String, access: RegistryAccess, scope: TokenScope
    ) async throws(RegistryError) -> Authorization {
        if let known = known(for: origin, access: access, scope: scope) { return known }
        let key = MemoryKey(origin: origin, access: access.key, scope: scope)
        guard case .bearer(let realm, let service, let scopes) = memories.withLock({ $0[key] }) else { return .none }
        return try await token(
            origin: origin, registry: registry, realm: realm, service: service, scopes: scopes, access: access)
    }

    /// What to send after an answer of 401 to a request that carried `previous`.
    /// - Returns: nil if nothing is left to try.
    func answer(
        _ headers: HTTPFields, to previous: Authorization, from origin: RegistryURL.Origin, registry: String,
        access: RegistryAccess, scope: TokenScope
    ) async throws(RegistryError) -> Authorization? {
        if case .token(let grant, let key) = previous {
            tokens.remove(grant.token, for: key)
            // A token that was made for this very request will not get better by asking again.
            guard grant.isCached else { return nil }
        }
        if case .bearer = access.credential { return nil }
        let challenges = AuthenticationChallenge.parse(headers)
        let key = MemoryKey(origin: origin, access: access.key, scope: scope)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let realm = try realm(of: bearer, from: origin, registry: registry, access: access)
            let service = bearer.parameters["service"] ?? ""
            let scopes = scope.merged(withChallenge: bearer.parameters["scope"])
            remember(.bearer(realm: realm, service: service, scopes: scopes), for: key)
            return try await token(
                origin: origin, registry: registry, realm: realm, service: service, scopes: scopes, access: access)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }), let basic = basic(access) else { return nil }
        if case .fixed = previous { return nil }
        remember(.basic, for: key)
        return basic
    }

    private func basic(_ access: RegistryAccess) -> Authorization? {
        guard case .basic(let username, let password) = access.credential else { return nil }
        return .fixed(header: BasicAuthorization.header(username, password))
    }

    private func realm(
        of challenge: AuthenticationChallenge, from origin: RegistryURL.Origin, registry: String, access: RegistryAccess
    ) throws(RegistryError) -> RegistryURL {
        guard let realm = challenge.parameters["realm"].flatMap({ RegistryURL($0) }) else {
            throw RegistryError(
                .invalidResponse,
                "registry '\(registry)' asks for a token without naming a usable token server (realm)",
                endpoint: registry)
        }
        guard realm.origin.scheme == .https || origin.scheme == .http else {
            throw RegistryError(
                .invalidResponse,
                "registry '\(registry)' speaks HTTPS but names a token server without TLS, '\(realm.origin.authority)'; no credentials are sent there: fix the registry's realm",
                endpoint: registry)
        }
        guard realm.origin.scheme == .https || schemes.allowsPlainHTTP(host: realm.origin.host, access.plainHTTP) else {
            throw RegistryError(
                .invalidResponse,
                "registry '\(registry)' names a token server without TLS, '\(realm.origin.authority)', which is not allowed\(access.advice.allowPlainHTTP.map { "; \($0) if that is meant" } ?? "")",
                endpoint: registry)
        }
        return realm
    }

    private func token(
        origin: RegistryURL.Origin, registry: String, realm: RegistryURL, service: String, scopes: [String],
        access: RegistryAccess
    ) async throws(RegistryError) -> Authorization {
        let key = TokenCache.Key(
            registry: origin, realm: realm.text, service: service, scopes: scopes, access: access.key)
        let server = TokenServer(
            http: http, metrics: metrics, registry: registry, realm: realm, service: service, scopes: scopes,
            access: access, logger: access.logger ?? logger)
        let grant = try await tokens.token(for: key) { () async throws(RegistryError) in try await server.fetch() }
        return .token(grant, key)
    }

    private func remember(_ memory: Memory, for key: MemoryKey) {
        memories.withLock { memories in
            if memories.count >= Self.maximumMemories, memories[key] == nil { memories.removeAll() }
            memories[key] = memory
        }
    }
}
