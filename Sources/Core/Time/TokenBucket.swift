/// A rate limit as a state machine: a bucket of `burst` tokens that refills with `rate` tokens each second. It knows no
/// clock: the caller hands in its time source's `uptime` and waits.
package struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    /// Tokens at `updated`; negative while reserved calls still wait for their turn.
    private var tokens: Double
    private var updated: Duration?

    /// A full bucket.
    /// - Parameters:
    ///   - rate: tokens for each second; zero or less = no limit.
    ///   - burst: how many calls may go at once, at least 1.
    package init(rate: Double, burst: Int) {
        self.rate = rate
        self.burst = Double(max(burst, 1))
        tokens = self.burst
    }

    /// Takes a token at the time `now` and says how long to wait before using it, in the order of the calls.
    package mutating func reserve(at now: Duration) -> Duration {
        guard rate > 0 else { return .zero }
        refill(at: now)
        tokens -= 1
        guard tokens < 0 else { return .zero }
        let seconds = -tokens / rate
        return seconds < 1e9 ? .nanoseconds(Int64((seconds * 1e9).rounded(.up))) : .seconds(1_000_000_000)
    }

    /// Gives back a token that was reserved and not used, because its call was cancelled while it waited.
    package mutating func cancelReservation(at now: Duration) {
        guard rate > 0 else { return }
        refill(at: now)
        tokens = min(burst, tokens + 1)
    }

    private mutating func refill(at now: Duration) {
        if let updated {
            guard now > updated else { return }
            tokens = min(burst, tokens + ((now - updated) / .seconds(1)) * rate)
        }
        updated = now
    }
}
