import Core
import Foundation
import TestSupport
import Testing

/// What the documentation, the dashboard and the alerts say of metrics is compared with a running controller's.
@Suite struct MetricNameTests {
    /// Appears only once something was dropped.
    private static let conditional: Set<String> = ["metrics_dropped_series_total"]

    /// The names and kinds that a controller exposes.
    private static func exposed() async throws -> [String: String] {
        let stand = try await Stand(arguments: ["--enable-leader-election"])
        let answer = try await stand.get("http://127.0.0.1:\(stand.metricsPort)/metrics")
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ").map(String.init) }
        return Dictionary(uniqueKeysWithValues: types.map { ($0[2], $0[3]) })
    }

    /// What dashboards made for Flux's controller ask for.
    private static let contract = [
        "gotk_reconcile_duration_seconds": "histogram", "controller_runtime_reconcile_total": "counter",
        "controller_runtime_reconcile_errors_total": "counter",
        "controller_runtime_reconcile_time_seconds": "histogram",
        "controller_runtime_active_workers": "gauge", "controller_runtime_max_concurrent_reconciles": "gauge",
        "workqueue_depth": "gauge", "workqueue_adds_total": "counter", "workqueue_queue_duration_seconds": "histogram",
        "workqueue_work_duration_seconds": "histogram", "workqueue_retries_total": "counter",
        "rest_client_requests_total": "counter", "process_cpu_seconds_total": "counter",
        "process_resident_memory_bytes": "gauge", "process_open_fds": "gauge", "process_start_time_seconds": "gauge",
    ]

    @Test func theNamesOfFluxAreKept() async throws {
        let exposed = try await Self.exposed()
        for (name, kind) in Self.contract { #expect(exposed[name] == kind, "\(name)") }
    }

    @Test func theDocumentationListsThemAll() async throws {
        // A row of docs/metrics.md is `| `name` | kind | labels | meaning |`.
        let rows = try DocumentationPage("docs/metrics.md").text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count == 4 && cells[0].hasPrefix("`") ? (cells[0].replacing("`", with: ""), cells[1]) : nil
        }
        let documented = Dictionary(rows, uniquingKeysWith: { first, _ in first })
        let exposed = try await Self.exposed()
        #expect(documented.filter { !Self.conditional.contains($0.key) } == exposed)
    }

    @Test(arguments: ["deploy/monitoring/dashboard.json", "deploy/monitoring/alerts.yaml"])
    func whatMonitoringAsksForIsThere(file: String) async throws {
        let text = try DocumentationPage(file).text
        if file.hasSuffix(".json") { _ = try JSONValue(parsing: Array(text.utf8)) }
        let exposed = try await Self.exposed()
        let families = Set(exposed.keys.compactMap { $0.split(separator: "_").first.map { "\($0)_" } })
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }.map(String.init)
        let asked = Set(words.filter { word in families.contains { word.hasPrefix($0) } })
        #expect(!asked.isEmpty)
        for name in asked where exposed[name] == nil {
            let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map {
                String(name.dropLast($0.count))
            }
            #expect(base.flatMap { exposed[$0] } == "histogram", "\(file) asks for \(name), which there is not")
        }
    }
}
