internal import Core

extension SingleFlight {
    /// `run(_:_:)` for work of this module: a caller that was cancelled gets an error of ours too.
    func shared(
        _ key: Key, _ work: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        do {
            return try await run(key) { try await work() }
        } catch {
            throw error as? RegistryError ?? .cancelled("waiting for a shared request")
        }
    }
}
