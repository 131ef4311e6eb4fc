internal import Core

/// Judges whether a download comes fast enough, by the time that is spent waiting for it: what our own side takes for a
/// piece, a slow disk for example, is not held against the registry.
///
/// The average over a window counts, so that a line may stand still for a moment, but no registry can keep a worker busy
/// with a byte now and then.
struct DownloadPace: Sendable {
    /// How slow a download was.
    struct Shortfall: Sendable, Hashable {
        let bytesPerSecond: Int64
        /// Over how many whole seconds of waiting.
        let seconds: Int64
    }

    /// Bytes for each second; 0 accepts any pace.
    private let minimum: Int
    private let window: Duration
    private var bytes: Int64 = 0
    private var waited: Duration = .zero

    /// - Parameter window: how much waiting an average is taken over, at least.
    init(minimum: Int, window: Duration) {
        self.minimum = minimum
        self.window = window
    }

    /// Notes a piece of `count` bytes that was waited for.
    /// - Returns: how slow the download was, where a window ends with this piece and was below the minimum.
    mutating func record(_ count: Int, waited time: Duration) -> Shortfall? {
        guard minimum > 0 else { return nil }
        bytes += Int64(count)
        waited += time
        guard waited >= window else { return nil }
        let rate = Double(bytes) / (waited / .seconds(1))
        let shortfall = Shortfall(bytesPerSecond: Int64(rate), seconds: waited.components.seconds)
        bytes = 0
        waited = .zero
        return rate < Double(minimum) ? shortfall : nil
    }
}
