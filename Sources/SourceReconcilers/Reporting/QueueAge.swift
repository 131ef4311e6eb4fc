package import ControllerRuntime
package import Core
package import KubernetesAPI

/// How long each object has been waiting for a worker, read when metrics are exposed.
package enum QueueAge {
    /// Adds the metric to `metrics`: a series for each of `objects`, gone with it.
    /// - Parameter waiting: how long the objects wait that do; the others show zero.
    package static func expose(
        in metrics: MetricsRegistry, of objects: ObjectStore<OCIRepository>,
        waiting: @escaping @Sendable () -> [NamespacedName: Duration]
    ) {
        metrics.callback(
            "gotk_oci_queue_age_seconds",
            help: "How long the object has been waiting for a worker; 0 when it does not wait.",
            labels: ["kind", "name", "namespace"]
        ) {
            let waiting = waiting()
            return objects.keys.map { key in
                ([OCIRepository.kind, key.name, key.namespace], (waiting[key] ?? .zero) / .seconds(1))
            }
        }
    }
}
