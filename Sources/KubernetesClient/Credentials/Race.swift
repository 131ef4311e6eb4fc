internal import Core

/// Waiting that ends in time, whatever is waited for.
enum Race {
    /// What `body` gives, or nil if `limit` is over or the task is cancelled before. `body` is cancelled then, but not waited
    /// for.
    /// - Parameter limit: nil = no limit.
    static func first<Value: Sendable>(
        within limit: Duration?, time: any TimeSource, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self)
        let work = Task {
            continuation.yield(await body())
            continuation.finish()
        }
        let timer = limit.map { limit in
            Task {
                guard (try? await time.sleep(for: limit)) != nil else { return }
                continuation.finish()
            }
        }
        defer {
            work.cancel()
            timer?.cancel()
        }
        for await value in stream { return value }
        return nil
    }
}
