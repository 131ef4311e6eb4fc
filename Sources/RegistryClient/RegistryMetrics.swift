internal import Core

/// What is counted about each registry host.
struct RegistryMetrics: Sendable {
    private let requests: CounterFamily
    private let durations: HistogramFamily
    private let received: CounterFamily
    private let retries: CounterFamily
    private let rateLimited: CounterFamily
    private let tokenRequests: CounterFamily
    private let downloads: HistogramFamily
    private let census: ConnectionCensus
    private let hosts: HostLabels

    /// - Parameters:
    ///   - hosts: which of them have series of their own.
    ///   - openConnections: as for `ConnectionCensus`.
    init(
        _ registry: MetricsRegistry, hosts: HostLabels = HostLabels(),
        openConnections: @escaping @Sendable () -> [String: Int]
    ) {
        self.hosts = hosts
        let census = ConnectionCensus(openConnections: openConnections)
        self.census = census
        registry.callback(
            "gotk_oci_registry_open_connections",
            help: "Connections open to OCI registries and to the servers that they redirect to.", labels: ["host"]
        ) { census.counts.map { ([$0.key], Double($0.value)) } }
        downloads = registry.histogram(
            "gotk_oci_registry_download_duration_seconds",
            help: "Time from asking an OCI registry for a blob to its last byte, of those that came whole.",
            labels: ["host"], buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900])
        requests = registry.counter(
            "gotk_oci_registry_requests_total",
            help: "Requests to OCI registries by host, method and status code; 'error' where there was no answer.",
            labels: ["host", "method", "code"])
        durations = registry.histogram(
            "gotk_oci_registry_request_duration_seconds",
            help: "Time from sending a request to an OCI registry to the head of its answer.", labels: ["host"],
            buckets: HistogramBuckets.standard)
        received = registry.counter(
            "gotk_oci_registry_received_bytes_total", help: "Bytes of bodies received from OCI registries.",
            labels: ["host"])
        retries = registry.counter(
            "gotk_oci_registry_retries_total", help: "Requests to OCI registries that were sent again.",
            labels: ["host"])
        rateLimited = registry.counter(
            "gotk_oci_registry_rate_limited_total", help: "Answers 429 of OCI registries.", labels: ["host"])
        tokenRequests = registry.counter(
            "gotk_oci_registry_token_requests_total", help: "Tokens asked for on behalf of OCI registries.",
            labels: ["host"])
    }

    func countRequest(host: String, method: String, status: Int?, duration: Duration) {
        let host = label(of: host)
        requests.increment([host, method, status.map { String($0) } ?? "error"])
        durations.observe([host], duration)
        if status == 429 { rateLimited.increment([host]) }
    }

    func noteRequest(to origin: RegistryURL.Origin) { census.note(origin) }
    func countDownload(host: String, took duration: Duration) { downloads.observe([label(of: host)], duration) }
    func countReceived(host: String, bytes: Int) { received.increment([label(of: host)], by: Double(bytes)) }
    func countRetry(host: String) { retries.increment([label(of: host)]) }
    func countTokenRequest(host: String) { tokenRequests.increment([label(of: host)]) }

    private func label(of host: String) -> String {
        let (label, leaving) = hosts.label(of: host)
        guard let leaving else { return label }
        requests.remove { $0.first == leaving }
        for counters in [received, retries, rateLimited, tokenRequests] { counters.remove([leaving]) }
        for histograms in [durations, downloads] { histograms.remove([leaving]) }
        return label
    }
}
