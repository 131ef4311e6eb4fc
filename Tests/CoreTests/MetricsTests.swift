import Core
import TestSupport
import Testing

@Suite struct MetricsTests {
    private let registry = MetricsRegistry()
    private var exposition: String { String(decoding: registry.exposition(), as: UTF8.self) }

    @Test func writesTheTextFormat() {
        let requests = registry.counter("requests_total", help: "Requests\nby \\ code.", labels: ["code", "host"])
        requests.increment(["500", "b"])
        requests.increment(["200", "a\\\"\n"], by: 2.5)
        let depth = registry.gauge("depth", help: "Depth.")
        depth.set(to: 3)
        depth.add(by: -4)
        let seconds = registry.histogram("seconds", help: "Time.", labels: ["kind"], buckets: [0.1, 1, 10])
        for value in [0.05, 0.1, 0.5, 100] { seconds.observe(["x"], value) }
        seconds.observe(["x"], .milliseconds(1500))
        #expect(
            exposition == #"""
                # HELP depth Depth.
                # TYPE depth gauge
                depth -1
                # HELP requests_total Requests\nby \\ code.
                # TYPE requests_total counter
                requests_total{code="200",host="a\\\"\n"} 2.5
                requests_total{code="500",host="b"} 1
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{kind="x",le="0.1"} 2
                seconds_bucket{kind="x",le="1"} 3
                seconds_bucket{kind="x",le="10"} 4
                seconds_bucket{kind="x",le="+Inf"} 5
                seconds_sum{kind="x"} 102.15
                seconds_count{kind="x"} 5

                """#)
    }

    @Test func showsZeroForFamiliesWithoutLabels() {
        _ = registry.counter("a_total", help: "A.")
        _ = registry.histogram("b", help: "B.", buckets: [1])
        #expect(exposition.contains("\na_total 0\n"))
        #expect(exposition.contains("\nb_bucket{le=\"+Inf\"} 0\nb_sum 0\nb_count 0\n"))
    }

    @Test func removesSeries() {
        let gauge = registry.gauge("g", help: "G.", labels: ["name", "namespace"])
        for name in ["a", "b", "c"] { gauge.set([name, "n"], to: 1) }
        gauge.remove(["a", "n"])
        gauge.remove { $0[0] == "c" }
        #expect(exposition == "# HELP g G.\n# TYPE g gauge\ng{name=\"b\",namespace=\"n\"} 1\n")
    }

    @Test func sharesFamiliesOfOneName() {
        registry.counter("x_total", help: "X.", labels: ["a"]).increment(["1"])
        registry.counter("x_total", help: "X.", labels: ["a"]).increment(["1"])
        #expect(exposition.contains("x_total{a=\"1\"} 2\n"))
    }

    @Test func countersNeverFall() {
        let counter = registry.counter("c_total", help: "C.").with([])
        counter.increment(by: 2)
        counter.increment(by: -1)
        counter.increment(by: .nan)
        #expect(counter.current == 2)
    }

    @Test(arguments: [
        (Double.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e15, "1000000000000000"), (0.25, "0.25"),
        (1e300, "1e+300"), (-0.0, "0"),
    ])
    func writesValues(value: Double, text: String) {
        registry.gauge("v", help: "").set(to: value)
        #expect(exposition.hasSuffix("\nv \(text)\n"))
    }

    @Test func readsCallbacksAtExposition() {
        let depth = Locked(1.0)
        registry.callback("depth", help: "D.", labels: ["queue"]) { [(["b"], depth.current), (["a"], 7), ([], 9)] }
        let shared = registry.gauge("shared", help: "S.")
        registry.onExposition { shared.set(to: depth.current * 10) }
        depth.withLock { $0 = 5 }
        #expect(exposition.contains("depth{queue=\"a\"} 7\ndepth{queue=\"b\"} 5\n# HELP shared S.\n"))
        #expect(exposition.contains("shared 50\n"))
    }

    @Test func countsFromManyTasks() async {
        let family = registry.counter("hits_total", help: "H.", labels: ["task"])
        let histogram = registry.histogram("h", help: "H.", buckets: [1]).with([])
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        family.increment(["\(task % 2)"])
                        histogram.observe(0.5)
                    }
                }
            }
        }
        #expect(family.with(["0"]).current == 4000)
        #expect(family.with(["1"]).current == 4000)
        #expect(histogram.count == 8000)
    }

    @Test func boundsTheSeriesOfAFamily() {
        let family = registry.counter("wild_total", help: "W.", labels: ["input"])
        for value in 0..<MetricsRegistry.seriesLimit { family.increment(["\(value)"]) }
        family.increment(["one too many"])
        family.increment(["0"])
        #expect(family.with(["0"]).current == 2)
        #expect(!exposition.contains("one too many"))
        #expect(exposition.contains("\nmetrics_dropped_series_total 1\n"))
    }

    @Test func refusesBadNamesAndConflicts() async {
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("1x", help: "") }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("x", help: "", labels: ["a-b"]) }
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.counter("x", help: "")
            _ = registry.gauge("x", help: "")
        }
        await #expect(processExitsWith: .failure) {
            MetricsRegistry().counter("x", help: "", labels: ["a"]).increment([])
        }
    }
}
