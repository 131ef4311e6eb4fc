package import Core

/// Access tokens of registries' token servers, shared by everything that a process does with registries.
///
/// A token answers only for the same realm, service, scope, credential, connection policy and HTTP permission. The least
/// recently used one leaves when the cache is full.
package final class TokenCache: Sendable {
    struct Key: Sendable, Hashable {
        /// The registry that asked for the token: it alone ever gets it.
        let registry: RegistryURL.Origin
        let realm: String
        let service: String
        let scopes: [String]
        let access: AccessKey
    }

    /// A token and whether it was there already.
    struct Grant: Sendable {
        let token: Redacted<String>
        let isCached: Bool
    }

    struct FetchedToken: Sendable {
        let token: Redacted<String>
        /// How long the server says that it is good for.
        let lifetime: Duration
    }

    private struct Entry {
        let token: Redacted<String>
        let expiry: Duration
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let maximumSize: Int
    private let maximumDuration: Duration
    private let time: any TimeSource
    private let state = Locked(State())
    private let fetches = SingleFlight<Key, Redacted<String>>()

    /// An empty cache.
    /// - Parameters:
    ///   - maximumSize: tokens that are kept (`--token-cache-max-size`); 0 keeps none.
    ///   - maximumDuration: how long at most (`--token-cache-max-duration`), whatever the server says.
    package init(
        maximumSize: Int = 100, maximumDuration: Duration = .seconds(3600), time: any TimeSource = SystemTime()
    ) {
        self.maximumSize = max(0, maximumSize)
        self.maximumDuration = maximumDuration
        self.time = time
    }

    /// The number of tokens kept, expired ones included.
    package var count: Int { state.withLock { $0.entries.count } }

    /// A token for `key`: the kept one unless it is about to expire, else one that `fetch` gets, once for all who wait.
    func token(
        for key: Key, fetch: @escaping @Sendable () async throws(RegistryError) -> FetchedToken
    ) async throws(RegistryError) -> Grant {
        if let token = cached(key) { return Grant(token: token, isCached: true) }
        let token = try await fetches.shared(key) { () async throws(RegistryError) -> Redacted<String> in
            let fetched = try await fetch()
            self.keep(fetched, for: key)
            return fetched.token
        }
        return Grant(token: token, isCached: false)
    }

    /// Drops `token`, which the registry refused, unless another has taken its place.
    func remove(_ token: Redacted<String>, for key: Key) {
        state.withLock { state in
            if state.entries[key]?.token == token { state.entries[key] = nil }
        }
    }

    /// The kept token, if there is one that is still good for a while.
    func cached(_ key: Key) -> Redacted<String>? {
        let now = time.uptime
        return state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            guard entry.expiry > now else {
                state.entries[key] = nil
                return nil
            }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return entry.token
        }
    }

    private func keep(_ fetched: FetchedToken, for key: Key) {
        // The margin covers the request's own time and clocks that disagree.
        let margin = min(.seconds(30), fetched.lifetime / 4)
        let lifetime = min(fetched.lifetime - margin, maximumDuration)
        guard maximumSize > 0, lifetime > .zero else { return }
        let expiry = time.uptime + lifetime
        state.withLock { state in
            state.uses += 1
            if state.entries[key] == nil, state.entries.count >= maximumSize,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
            {
                state.entries[oldest] = nil
            }
            state.entries[key] = Entry(token: fetched.token, expiry: expiry, lastUse: state.uses)
        }
    }
}
