package import Core
package import HTTPTransport
internal import KubernetesAPI

/// Posts events to a notification-controller, in the background: bounded, tried again on connection errors and 5xx, never
/// blocking.
package final class NotificationSender: EventRecording, Service {
    private static let attempts = 5
    private static let timeout: Duration = .seconds(5)

    private let http: any HTTPClient
    private let address: String
    private let connection: ConnectionPolicy
    private let component: String
    private let instance: String
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: EventMetrics
    private let mailbox: BoundedMailbox<EventRecord>

    /// A sender that does not run yet; what is recorded before is kept.
    /// - Parameters:
    ///   - address: the URL that is posted to.
    ///   - component: `reportingController`; `instance` is `reportingInstance`.
    ///   - capacity: notifications that may wait.
    package init(
        http: any HTTPClient, address: String, connection: ConnectionPolicy = ConnectionPolicy(), component: String,
        instance: String, capacity: Int = 1000, time: any TimeSource = SystemTime(),
        metrics: MetricsRegistry = MetricsRegistry(), logger: Logger = .disabled
    ) {
        self.http = http
        self.address = address
        self.connection = connection
        self.component = component
        self.instance = instance
        self.time = time
        self.logger = logger
        self.metrics = EventMetrics(registry: metrics, sink: "notification")
        mailbox = BoundedMailbox(limit: capacity)
    }

    package func record(_ event: EventRecord) {
        guard !event.isTrace else { return }
        if !mailbox.put(event) { metrics.count(.dropped) }
    }

    /// Posts until cancelled, then what still waits, for two seconds at the most; the rest is dropped and counted.
    package func run() async throws {
        let dropped = await mailbox.drain(grace: EventGrace.atTheEnd, time: time) { [self] in await deliver($0) }
        metrics.count(.dropped, by: dropped)
    }

    private func deliver(_ record: EventRecord) async {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))
        let body = payload(record).serialized()
        for attempt in 0..<Self.attempts {
            let fault: String
            switch await post(body) {
            case .status(200..<300):
                metrics.count(.delivered)
                return
            case .status(429):
                // It was told the same a moment ago.
                metrics.count(.duplicate)
                return
            case .status(500...):
                fault = "the receiver answered with a server error"
            case .status(let code):
                failed("the receiver answered with HTTP status \(code)", record)
                return
            case .unreachable(let reason, let isRetryable):
                guard isRetryable else { return failed(reason, record) }
                fault = reason
            }
            guard attempt < Self.attempts - 1, !Task.isCancelled else { return failed(fault, record) }
            try? await time.sleep(for: backoff.delay(attempt: attempt))
        }
    }

    private enum Answer {
        case status(Int)
        case unreachable(String, isRetryable: Bool)
    }

    private func post(_ body: [UInt8]) async -> Answer {
        var request = HTTPRequest(method: "POST", url: address, connection: connection)
        request.headers["Content-Type"] = "application/json"
        request.body = .bytes(body)
        request.deadline = Self.timeout
        do throws(HTTPTransportError) {
            let response = try await http.send(request)
            // Read to the end, so that the connection can be used again.
            _ = try? await response.body.collect(upTo: 64 << 10)
            return .status(response.status)
        } catch {
            return .unreachable(error.message, isRetryable: error.isRetryable)
        }
    }

    private func failed(_ reason: String, _ record: EventRecord) {
        metrics.count(.failed)
        let object = record.object
        logger.error(
            "An event could not be posted: \(reason)",
            [
                "reason": .string(record.reason), "namespace": .string(object.namespace),
                "name": .string(object.name),
            ])
    }

    private func payload(_ record: EventRecord) -> JSONValue {
        var value: JSONValue = [
            "involvedObject": record.object.json, "severity": record.type == .warning ? "error" : "info",
            "timestamp": .string(record.date.rfc3339), "message": .string(record.message),
            "reason": .string(record.reason), "reportingController": .string(component),
            "reportingInstance": .string(instance),
        ]
        let metadata = record.metadata.merging(record.annotations) { $1 }
        if !metadata.isEmpty { value["metadata"] = .object(metadata.mapValues { .string($0) }) }
        return value
    }
}
