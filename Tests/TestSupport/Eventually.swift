import Core

/// A condition that did not become true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package let description: String
}

/// Waits until `condition` is true, looking every few milliseconds.
/// - Throws: `NeverHappened` after `limit`; what `condition` throws; `CancellationError`.
package func eventually(
    within limit: Duration = .seconds(120), _ what: String = "the condition",
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw NeverHappened(description: "\(what) did not become true within \(limit)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Waits until `value` gives something, looking every few milliseconds.
/// - Throws: as `eventually(within:_:_:)` with a condition.
package func eventually<Value>(
    within limit: Duration = .seconds(120), _ what: String = "the value", value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await value() { return value }
        guard ContinuousClock.now < deadline else {
            throw NeverHappened(description: "\(what) did not appear within \(limit)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
