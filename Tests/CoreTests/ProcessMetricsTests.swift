import Core
import Glibc
import TestSupport
import Testing

@Suite struct ProcessMetricsTests {
    private func values() -> [String: Double] {
        let registry = MetricsRegistry()
        registry.addProcessMetrics()
        var values: [String: Double] = [:]
        for line in String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n")
        where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[String(parts[0])] = Double(parts[1])
        }
        return values
    }

    @Test func tellsAboutThisProcess() throws {
        let values = values()
        #expect(values.count == 6)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1e6)
        #expect(
            try #require(values["process_virtual_memory_bytes"]) > #require(values["process_resident_memory_bytes"]))
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= #require(values["process_open_fds"]))
        let age = Double(SystemTime().now.seconds) - (try #require(values["process_start_time_seconds"]))
        #expect(age > -5 && age < 86_400)
    }

    @Test func isExposedWithPrometheusKinds() {
        let registry = MetricsRegistry()
        registry.addProcessMetrics()
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\n"))
        #expect(text.contains("# TYPE process_open_fds gauge\n"))
    }
}
