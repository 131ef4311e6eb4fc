internal import Core

/// A problem that counts once it has been there for a while. A process that goes on after it was suspended looks as if it had
/// stood still; a moment later it has caught up.
final class LastingProblem: Sendable {
    private static let patience = Duration.seconds(20)

    private let time: any TimeSource
    private let problem: @Sendable () -> String?
    /// When it was first seen; nil while there is none.
    private let begin = Locked<Duration?>(nil)

    init(time: any TimeSource, _ problem: @escaping @Sendable () -> String?) {
        self.time = time
        self.problem = problem
    }

    /// The problem, if it was there at an earlier look that long ago, and whenever it was looked since.
    var current: String? {
        guard let problem = problem() else {
            begin.withLock { $0 = nil }
            return nil
        }
        let now = time.uptime
        let since = begin.withLock { begin in
            let since = begin ?? now
            begin = since
            return since
        }
        return now - since >= Self.patience ? problem : nil
    }
}
