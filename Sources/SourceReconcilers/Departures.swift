internal import Core
internal import KubernetesAPI

/// Objects that other controllers took over and whose files are still served here.
final class Departures: Sendable {
    /// When the object's status was first seen to lead elsewhere, on the time source's uptime; nil while it leads here.
    private let elsewhere = Locked<[NamespacedName: Duration?]>([:])

    /// Notes that `key` is another controller's.
    /// - Returns: whether that is new.
    func begin(_ key: NamespacedName) -> Bool {
        elsewhere.withLock { elsewhere in
            guard elsewhere[key] == nil else { return false }
            elsewhere.updateValue(nil, forKey: key)
            return true
        }
    }

    /// Notes that the status of `key` leads here.
    func stillLeadsHere(_ key: NamespacedName) {
        elsewhere.withLock { _ = $0.updateValue(nil, forKey: key) }
    }

    /// For how long the status of `key` has been leading elsewhere; zero at the first call.
    func timeElsewhere(_ key: NamespacedName, now: Duration) -> Duration {
        elsewhere.withLock { elsewhere in
            if case .some(.some(let since)) = elsewhere[key] { return now - since }
            elsewhere[key] = .some(now)
            return .zero
        }
    }

    /// Notes that `key` is ours again, or its files are gone.
    func end(_ key: NamespacedName) {
        elsewhere.withLock { _ = $0.removeValue(forKey: key) }
    }
}
