internal import Glibc

/// Exponential back-off: `base * factor^attempt`, at most `maximum`.
package struct Backoff: Sendable, Hashable {
    /// The first delay.
    package var base: Duration
    /// What each delay is of the one before, at least 1.
    package var factor: Double
    /// The longest delay.
    package var maximum: Duration

    /// Delays from `base` to `maximum`.
    package init(base: Duration, factor: Double = 2, maximum: Duration) {
        self.base = base
        self.factor = factor
        self.maximum = maximum
    }

    /// The delay before try `attempt`, counted from 0.
    package func delay(attempt: Int) -> Duration {
        guard base < maximum else { return max(maximum, .zero) }
        let delay = (base / .seconds(1)) * Glibc.pow(max(factor, 1), Double(max(attempt, 0)))
        // Compared as numbers of seconds: the product may exceed what a Duration holds.
        guard delay.isFinite, delay < maximum / .seconds(1) else { return maximum }
        return .seconds(delay)
    }
}

extension Duration {
    /// The duration made up to `percent` (0 to 100) longer or shorter at random, evenly spread.
    package func jittered(byPercent percent: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let spread = Double(min(max(percent, 0), 100)) / 100
        guard spread > 0 else { return self }
        return self * (1 + Double.random(in: -spread...spread, using: &random))
    }
}
