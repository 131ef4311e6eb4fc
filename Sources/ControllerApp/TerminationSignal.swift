internal import Core
internal import Dispatch
internal import Glibc

/// SIGTERM and SIGINT as an end that can be waited for, instead of the process's sudden death.
final class TerminationSignal: Sendable {
    private let stream: AsyncStream<Int32>
    /// Only held, never touched again: a source ends with its last reference.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// From now on these signals no longer end the process by themselves.
    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        unsafe sources = [SIGTERM, SIGINT].map { number in
            // The default action would come first.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield(number) }
            source.activate()
            return source
        }
    }

    /// Waits for the first signal.
    /// - Returns: its name; nil when the task was cancelled first.
    func wait() async -> String? {
        for await number in stream { return number == SIGINT ? "SIGINT" : "SIGTERM" }
        return nil
    }
}
