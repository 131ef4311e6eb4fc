internal import Core

/// The metrics of a controller and its queue, under controller-runtime's names; made at zero, so that dashboards have lines
/// from the start.
struct ControllerMetrics: Sendable {
    enum Result: String, CaseIterable {
        case success, error, requeue
        case requeueAfter = "requeue_after"
    }

    private let controller: [String]
    private let total: CounterFamily
    private let errors: Counter
    private let terminalErrors: Counter
    private let timeouts: Counter
    private let duration: Histogram
    private let active: Gauge
    private let depth: Gauge
    private let adds: Counter
    private let retries: Counter
    private let queueDuration: Histogram
    private let workDuration: Histogram

    init(registry: MetricsRegistry, controller name: String, concurrency: Int) {
        controller = [name]
        let labels = ["controller"]
        total = registry.counter(
            "controller_runtime_reconcile_total", help: "Total number of reconciliations per controller.",
            labels: ["controller", "result"])
        for result in Result.allCases { total.increment([name, result.rawValue], by: 0) }
        errors = registry.counter(
            "controller_runtime_reconcile_errors_total", help: "Total number of reconciliation errors per controller.",
            labels: labels
        ).with([name])
        terminalErrors = registry.counter(
            "controller_runtime_terminal_reconcile_errors_total",
            help: "Total number of terminal reconciliation errors per controller.", labels: labels
        ).with([name])
        timeouts = registry.counter(
            "controller_runtime_reconcile_timeouts_total",
            help: "Total number of reconciliations that were ended because they took too long, per controller.",
            labels: labels
        ).with([name])
        duration = registry.histogram(
            "controller_runtime_reconcile_time_seconds", help: "Length of time per reconciliation per controller.",
            labels: labels,
            buckets: [
                0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
                1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
            ]
        ).with([name])
        active = registry.gauge(
            "controller_runtime_active_workers", help: "Number of currently used workers per controller.",
            labels: labels
        ).with([name])
        registry.gauge(
            "controller_runtime_max_concurrent_reconciles",
            help: "Maximum number of concurrent reconciles per controller.", labels: labels
        ).set([name], to: Double(concurrency))

        let queueLabels = ["name", "controller"]
        let queue = [name, name]
        let times = HistogramBuckets.exponential(start: 1e-8, factor: 10, count: 12)
        depth = registry.gauge("workqueue_depth", help: "Current depth of workqueue.", labels: queueLabels).with(queue)
        adds = registry.counter(
            "workqueue_adds_total", help: "Total number of adds handled by workqueue.", labels: queueLabels
        ).with(queue)
        retries = registry.counter(
            "workqueue_retries_total", help: "Total number of retries handled by workqueue.", labels: queueLabels
        ).with(queue)
        queueDuration = registry.histogram(
            "workqueue_queue_duration_seconds",
            help: "How long in seconds an item stays in workqueue before being requested.", labels: queueLabels,
            buckets: times
        ).with(queue)
        workDuration = registry.histogram(
            "workqueue_work_duration_seconds", help: "How long in seconds processing an item from workqueue takes.",
            labels: queueLabels, buckets: times
        ).with(queue)
    }

    func added(_ count: Int) { adds.increment(by: Double(count)) }
    func setDepth(_ count: Int) { depth.set(to: Double(count)) }

    func started(waited: Duration) {
        active.add(1)
        queueDuration.observe(waited)
    }

    func finished(_ result: Result, took time: Duration) {
        active.add(-1)
        duration.observe(time)
        workDuration.observe(time)
        total.increment(controller + [result.rawValue])
    }

    func failed(isTerminal: Bool) {
        errors.increment()
        if isTerminal { terminalErrors.increment() }
    }

    func timedOut() { timeouts.increment() }
    func retried() { retries.increment() }
}
