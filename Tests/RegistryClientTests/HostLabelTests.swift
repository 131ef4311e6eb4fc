import Core
import Testing

@testable import RegistryClient

@Suite struct HostLabelTests {
    @Test func hostsBeyondTheLimitAreCountedTogetherUntilAnotherLeaves() {
        let labels = HostLabels(limit: 2, patience: 4)
        for host in ["a", "b", "a"] { #expect(labels.label(of: host) == (host, nil)) }
        #expect(labels.label(of: "c") == ("other", nil))
        #expect(labels.label(of: "a") == ("a", nil))
        #expect(labels.label(of: "d") == ("other", nil))
        // Nobody asked for b for so long.
        #expect(labels.label(of: "c") == ("c", "b"))
        #expect(labels.label(of: "c") == ("c", nil))
        #expect(labels.label(of: "b") == ("other", nil))
    }

    /// Of a host that left nothing is exposed any more, by any of the metrics.
    @Test func theSeriesOfAHostThatLeftDisappear() {
        let registry = MetricsRegistry()
        let metrics = RegistryMetrics(registry, hosts: HostLabels(limit: 1, patience: 10), openConnections: { [:] })
        func count(_ host: String) {
            metrics.countRequest(host: host, method: "GET", status: 429, duration: .seconds(1))
            metrics.countDownload(host: host, took: .seconds(1))
            metrics.countReceived(host: host, bytes: 1)
            metrics.countRetry(host: host)
            metrics.countTokenRequest(host: host)
        }
        func series(of host: String) -> Int {
            String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n")
                .count { $0.contains("host=\"\(host)\"") && !$0.contains("_bucket") && !$0.contains("_sum") }
        }
        count("left.example")
        #expect(series(of: "left.example") == 7)
        for _ in 0..<2 { count("came.example") }
        #expect(series(of: "left.example") == 7 && series(of: "other") == 7)
        for _ in 0..<2 { count("came.example") }
        #expect(series(of: "left.example") == 0)
        #expect(series(of: "came.example") == 7 && series(of: "other") == 7)
    }
}
