internal import Core

/// What has to be done from time to time: bringing the state to the disk, dropping old events.
struct Housekeeping: Sendable {
    let store: ObjectStore
    let time: any TimeSource
    let logger: Logger
    let eventLifetime: Duration?

    private static let eventSweepInterval: Duration = .seconds(60)

    /// Works until the task is cancelled, then brings everything to the disk.
    func run() async throws {
        var nextSweep = time.uptime + Self.eventSweepInterval
        while !Task.isCancelled {
            do {
                try await store.waitForChange(time: time, atMost: nextSweep - time.uptime)
                try await time.sleep(for: .seconds(1))
            } catch is CancellationError {
                break
            }
            await attempt("failed to bring the state to the disk") { try await store.maintain() }
            if let eventLifetime, time.uptime >= nextSweep {
                await attempt("failed to drop old events") { try await dropEvents(olderThan: eventLifetime) }
            }
            if time.uptime >= nextSweep { nextSweep = time.uptime + Self.eventSweepInterval }
        }
        await attempt("failed to bring the state to the disk") { try await store.maintain() }
    }

    private func attempt(_ message: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.error(message, error: error)
        }
    }

    private func dropEvents(olderThan lifetime: Duration) async throws {
        let identity = BuiltInResources.events.storage
        let limit = time.now + (.zero - lifetime)
        let old = store.objects(identity, namespace: nil).objects.filter { object in
            let value = object.value
            let text =
                value.member(at: "series", "lastObservedTime")?.stringValue ?? value["lastTimestamp"]?.stringValue
                ?? value.member(at: "metadata", "creationTimestamp")?.stringValue
            return text.flatMap { Timestamp(rfc3339: $0) }.map { $0 < limit } ?? false
        }
        guard !old.isEmpty else { return }
        try await store.change { writer in
            for object in old {
                // It may have been counted up meanwhile.
                guard let live = store.object(identity, namespace: object.namespace, name: object.name),
                    live.resourceVersion == object.resourceVersion
                else { continue }
                _ = try writer.delete(identity, live, last: live.value)
            }
        }
    }
}
