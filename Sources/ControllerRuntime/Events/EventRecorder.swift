package import Core
internal import KubernetesAPI
package import KubernetesClient

/// Writes events to the API server, in the background: bounded, correlated, tried again a few times, never blocking.
package final class EventRecorder: EventRecording, Service {
    private static let attempts = 4

    private let server: any KubernetesAPIServer
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: EventMetrics
    private let mailbox: BoundedMailbox<EventRecord>
    private let correlation: Locked<EventCorrelation>

    /// A recorder that does not run yet; what is recorded before is kept.
    /// - Parameters:
    ///   - component: who reports, such as `source-controller`.
    ///   - instance: which process.
    ///   - capacity: records that may wait.
    package init(
        server: any KubernetesAPIServer, component: String, instance: String, capacity: Int = 1000,
        time: any TimeSource = SystemTime(), metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled
    ) {
        self.server = server
        self.time = time
        self.logger = logger
        self.metrics = EventMetrics(registry: metrics, sink: "kubernetes")
        mailbox = BoundedMailbox(limit: capacity)
        correlation = Locked(EventCorrelation(component: component, instance: instance))
    }

    package func record(_ event: EventRecord) {
        if !mailbox.put(event) { metrics.count(.dropped) }
    }

    /// Writes events until cancelled, then what still waits, for two seconds at the most; the rest is dropped and counted.
    package func run() async throws {
        let dropped = await mailbox.drain(grace: EventGrace.atTheEnd, time: time) { [self] record in
            switch correlation.withLock({ $0.decide(record, now: time.uptime) }) {
            case .drop: metrics.count(.dropped)
            case .create(let event):
                await deliver(event) { () async throws(KubernetesError) in try await self.create(event) }
            case .update(let name, let patch, let event):
                await deliver(event) { () async throws(KubernetesError) in
                    do throws(KubernetesError) {
                        let key = NamespacedName(namespace: event.metadata.namespace, name: name)
                        try await self.server.patch(Event.resource, key, patch)
                    } catch {
                        guard error.isNotFound else { throw error }
                        try await self.create(event)
                    }
                }
            }
        }
        metrics.count(.dropped, by: dropped)
    }

    private func create(_ event: Event) async throws(KubernetesError) {
        do throws(KubernetesError) {
            try await server.create(Event.resource, namespace: event.metadata.namespace, event.json)
        } catch {
            // An answer got lost and the event is there.
            guard error.isAlreadyExists else { throw error }
        }
    }

    private func deliver(_ event: Event, _ send: () async throws(KubernetesError) -> Void) async {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(10))
        for attempt in 0..<Self.attempts {
            do throws(KubernetesError) {
                try await send()
                metrics.count(.delivered)
                return
            } catch {
                let isLast = attempt == Self.attempts - 1 || !error.isRetryable || Task.isCancelled
                guard isLast else {
                    try? await time.sleep(for: max(backoff.delay(attempt: attempt), error.retryAfter ?? .zero))
                    continue
                }
                metrics.count(.failed)
                correlation.withLock { $0.forget(event) }
                logger.error(
                    "An event could not be written", error: error, ["reason": .string(event.reason)])
                return
            }
        }
    }
}
