internal import Core

/// Shows that asynchronous work runs at all: a probe is answered by the server's own thread, also when every other thread is
/// blocked for good.
final class Pulse: Service {
    private static let interval = Duration.seconds(10)
    /// A beat that is this late never comes.
    private static let patience = Duration.seconds(300)

    private let time: any TimeSource
    private let last: Locked<Duration>

    init(time: any TimeSource) {
        self.time = time
        last = Locked(time.uptime)
    }

    /// Beats until cancelled.
    func run() async throws {
        while !Task.isCancelled {
            last.withLock { $0 = time.uptime }
            try? await time.sleep(for: Self.interval)
        }
    }

    /// Since when nothing runs; nil while something does.
    var problem: String? {
        let (now, last) = (time.uptime, last.current)
        guard now - last > Self.patience else { return nil }
        return "nothing runs since \((time.now + (last - now)).rfc3339): every thread is blocked"
    }
}
