package import Core

/// Runs `services` while `body` runs and ends them only after it, by cancellation: for those that take what the body's end
/// still brings, such as recorders of events. A service that ends by itself ends nothing else.
/// - Throws: what `body` throws, after the services have ended.
package func withOutliving(_ services: [any Service], _ body: () async throws -> Void) async throws {
    // Not child tasks: cancellation reaches the body first.
    let tasks = services.map { service in Task { try await service.run() } }
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body())
    } catch {
        outcome = .failure(error)
    }
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
    try outcome.get()
}
