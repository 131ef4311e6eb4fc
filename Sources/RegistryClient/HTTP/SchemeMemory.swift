internal import Core

/// Which scheme a registry answered on, for each way of reaching it.
///
/// HTTPS is tried first; plain HTTP only where it is allowed. What worked is remembered for an hour; a registry that
/// answered over HTTPS is not tried over HTTP meanwhile, whatever happens to its TLS port.
final class SchemeMemory: Sendable {
    private struct Key: Hashable {
        let registry: String
        let access: AccessKey
    }

    private struct Entry {
        let scheme: RegistryURL.Scheme
        let expiry: Duration
    }

    private static let lifetime = Duration.seconds(3600)
    private static let maximumEntries = 10_000

    private let allowsLocalPlainHTTP: Bool
    private let time: any TimeSource
    private let entries = Locked<[Key: Entry]>([:])

    init(allowsLocalPlainHTTP: Bool, time: any TimeSource) {
        self.allowsLocalPlainHTTP = allowsLocalPlainHTTP
        self.time = time
    }

    /// Whether `host` may be talked to without TLS.
    func allowsPlainHTTP(host: String, _ plainHTTP: RegistryAccess.PlainHTTP) -> Bool {
        plainHTTP == .allowed || (allowsLocalPlainHTTP && LocalHost.isLocal(host))
    }

    /// The schemes to try, in order.
    func candidates(registry: String, host: String, _ access: AccessKey) -> [RegistryURL.Scheme] {
        let now = time.uptime
        if let entry = entries.withLock({ $0[Key(registry: registry, access: access)] }), entry.expiry > now {
            return [entry.scheme]
        }
        return allowsPlainHTTP(host: host, access.plainHTTP) ? [.https, .http] : [.https]
    }

    /// Notes that the registry answered.
    /// - Returns: whether that is news.
    func remember(_ scheme: RegistryURL.Scheme, registry: String, _ access: AccessKey) -> Bool {
        let entry = Entry(scheme: scheme, expiry: time.uptime + Self.lifetime)
        return entries.withLock { entries in
            let key = Key(registry: registry, access: access)
            if let known = entries[key], known.scheme == scheme, known.expiry > time.uptime { return false }
            if entries.count >= Self.maximumEntries { entries.removeAll() }
            entries[key] = entry
            return true
        }
    }

    /// Forgets plain HTTP after it failed, so that HTTPS is tried again.
    func forgetPlainHTTP(registry: String, _ access: AccessKey) {
        entries.withLock { entries in
            let key = Key(registry: registry, access: access)
            if entries[key]?.scheme == .http { entries[key] = nil }
        }
    }
}
