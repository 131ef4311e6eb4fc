internal import Core
internal import KubernetesAPI

/// The series of OCIRepositories; those of an object disappear with it.
struct SourceMetrics: Sendable {
    private let duration: HistogramFamily
    private let lastSuccess: GaugeFamily
    private let ready: GaugeFamily
    private let withheld: GaugeFamily
    private let verification: HistogramFamily

    init(_ registry: MetricsRegistry) {
        duration = registry.histogram(
            "gotk_reconcile_duration_seconds", help: "The duration in seconds of a reconcile of an object.",
            labels: ["kind", "name", "namespace"],
            buckets: HistogramBuckets.exponential(from: 0.01, to: 1800, count: 10))
        lastSuccess = registry.gauge(
            "gotk_oci_last_success_timestamp_seconds",
            help: "When a reconcile of the object last found its artifact stored, in seconds since 1970.",
            labels: ["kind", "name", "namespace"])
        verification = registry.histogram(
            "gotk_oci_verification_duration_seconds",
            help: "How long successful verifications of signatures took, signatures' download included.",
            labels: ["provider"])
        ready = registry.gauge(
            "gotk_oci_ready", help: "Whether the object is ready (1) or failed at its last reconcile (0).",
            labels: ["kind", "name", "namespace"])
        withheld = registry.gauge(
            "gotk_oci_artifact_withheld",
            help: "Whether the object's artifact is stored but not served, for want of a signature (1), or not (0).",
            labels: ["kind", "name", "namespace"])
    }

    /// Counts a verification that was done, not one that an earlier judgement spared.
    func verified(_ provider: String, took duration: Duration) { verification.observe([provider], duration) }

    func observe(_ key: NamespacedName, duration: Duration) {
        self.duration.observe(labels(key), duration)
    }

    /// - Parameter isWithheld: whether what is stored of the object is not served.
    func record(_ observation: Observation, of object: OCIRepository, isWithheld: Bool, at now: Timestamp) {
        withheld.set(labels(object.key), to: isWithheld ? 1 : 0)
        switch observation.progress {
        case .stored:
            ready.set(labels(object.key), to: 1)
            lastSuccess.set(labels(object.key), to: Double(now.seconds))
        case .failed: ready.set(labels(object.key), to: 0)
        case .running, .suspended: break
        }
    }

    /// Ends the series of an object.
    func remove(_ key: NamespacedName) {
        duration.remove(labels(key))
        lastSuccess.remove(labels(key))
        ready.remove(labels(key))
        withheld.remove(labels(key))
    }

    private func labels(_ key: NamespacedName) -> [String] { [OCIRepository.kind, key.name, key.namespace] }
}
