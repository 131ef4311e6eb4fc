internal import Core

/// The store's metrics.
struct StoreMetrics: Sendable {
    private let bytes: GaugeFamily
    private let files: GaugeFamily
    private let collected: CounterFamily
    private let integrityFailures: CounterFamily
    private let ingests: CounterFamily
    private let ingestDuration: HistogramFamily

    init(_ registry: MetricsRegistry) {
        bytes = registry.gauge("source_controller_store_bytes", help: "Bytes of stored artifacts and layers.")
        files = registry.gauge("source_controller_store_files", help: "Artifact files in the store.")
        collected = registry.counter(
            "source_controller_store_collected_files_total", help: "Artifact files removed by retention.")
        integrityFailures = registry.counter(
            "source_controller_store_integrity_failures_total",
            help: "Artifact files found damaged, missing or unreadable on the disk.")
        ingests = registry.counter(
            "source_controller_store_ingests_total", help: "Attempts to store an artifact, by result.",
            labels: ["result"])
        ingestDuration = registry.histogram(
            "source_controller_store_ingest_duration_seconds",
            help: "How long storing an artifact took, its download included.",
            buckets: HistogramBuckets.exponential(start: 0.01, factor: 4, count: 9))
        collected.increment(by: 0)
        integrityFailures.increment(by: 0)
    }

    func stored(bytes total: Int64, files count: Int) {
        bytes.set(to: Double(total))
        files.set(to: Double(count))
    }

    func collected(_ count: Int) { collected.increment(by: Double(count)) }
    func integrityFailure() { integrityFailures.increment() }
    func ingested(_ result: String, _ duration: Duration) {
        ingests.increment([result])
        ingestDuration.observe([], duration)
    }
}
