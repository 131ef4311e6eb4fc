internal import Glibc

/// The metrics of a process, handed down to whatever counts something; never global.
///
/// Families are made once, at start; asking again for a family of the same name gives the same one. Series (one for each
/// set of label values) appear with their first use and stay until removed: whoever labels series by object removes them
/// with the object. A family holds at most `seriesLimit` series; values of further ones are dropped and counted in
/// `metrics_dropped_series_total`.
package final class MetricsRegistry: Sendable {
    /// The largest number of series of one family.
    package static let seriesLimit = 100_000

    private struct State: Sendable {
        var families: [String: any MetricFamily] = [:]
        var refreshers: [@Sendable () -> Void] = []
    }

    private let state = Locked(State())
    private let dropped = Locked(0)

    /// A registry without metrics.
    package init() {}

    /// A family of values that only grow.
    /// - Precondition: valid names (Prometheus data model); the name is not used by another kind or with other labels.
    package func counter(_ name: String, help: String, labels: [String] = []) -> CounterFamily {
        family(name) { CounterFamily(series: series(name, help, labels, .counter) { Locked(0) }) }
    }

    /// A family of values that go up and down.
    /// - Precondition: as for `counter(_:help:labels:)`.
    package func gauge(_ name: String, help: String, labels: [String] = []) -> GaugeFamily {
        family(name) { GaugeFamily(series: series(name, help, labels, .gauge) { Locked(0) }) }
    }

    /// A family whose values are set from a source that counts by itself; `kind` is what it is exposed as.
    func gauge(_ name: String, help: String, kind: MetricKind) -> GaugeFamily {
        family(name) { GaugeFamily(series: series(name, help, [], kind) { Locked(0) }) }
    }

    /// A family of distributions.
    /// - Parameter buckets: upper bounds, ascending; `+Inf` is added.
    /// - Precondition: as for `counter(_:help:labels:)`; `buckets` ascend strictly and are finite.
    package func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = HistogramBuckets.standard
    ) -> HistogramFamily {
        precondition(
            zip(buckets, buckets.dropFirst()).allSatisfy(<) && buckets.allSatisfy(\.isFinite),
            "the buckets of \(name) must ascend and be finite")
        precondition(!labels.contains("le"), "the label 'le' of \(name) belongs to its buckets")
        return family(name) {
            HistogramFamily(
                bounds: buckets,
                series: series(name, help, labels, .histogram) { Locked(HistogramState(bucketCount: buckets.count)) })
        }
    }

    /// A family whose series are read at the time of each exposition; `read` must not block and gives label values in
    /// the order of `labels`. Series without the right number of label values are left out.
    package func callback(
        _ name: String, help: String, labels: [String] = [], kind: MetricKind = .gauge,
        read: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        precondition(kind != .histogram, "a callback gives no histogram")
        _ = family(name) {
            CallbackFamily(
                description: MetricDescription(name: name, help: help, labels: labels, kind: kind), read: read)
        }
    }

    /// Calls `refresh` before each exposition, so that it sets values that several families share.
    package func onExposition(_ refresh: @escaping @Sendable () -> Void) {
        state.withLock { $0.refreshers.append(refresh) }
    }

    /// Every metric in Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`): families by name, series by label
    /// values.
    package func exposition() -> [UInt8] {
        let (families, refreshers) = state.withLock { ($0.families, $0.refreshers) }
        for refresh in refreshers { refresh() }
        var writer = ExpositionWriter()
        for family in families.values.sorted(by: { $0.description.name < $1.description.name }) {
            family.write(to: &writer)
        }
        let droppedCount = dropped.current
        if droppedCount > 0 {
            let description = MetricDescription(
                name: "metrics_dropped_series_total", help: "Values dropped because their family had too many series.",
                labels: [], kind: .counter)
            writer.begin(description)
            writer.sample(description.name, labels: [], values: [], value: Double(droppedCount))
        }
        return writer.output
    }

    private func series<Value: Sendable>(
        _ name: String, _ help: String, _ labels: [String], _ kind: MetricKind, _ make: @escaping @Sendable () -> Value
    ) -> MetricSeries<Value> {
        MetricSeries(
            description: MetricDescription(name: name, help: help, labels: labels, kind: kind), make: make,
            onDrop: { [dropped] in dropped.withLock { $0 += 1 } })
    }

    private func family<Family: MetricFamily>(_ name: String, _ make: () -> Family) -> Family {
        let made = make()
        return state.withLock { state in
            guard let existing = state.families[name] else {
                state.families[name] = made
                return made
            }
            guard let same = existing as? Family, same.description == made.description else {
                preconditionFailure("the metric \(name) is already registered, as another kind or with other labels")
            }
            return same
        }
    }
}

/// What a metric is to Prometheus.
package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// Usual bounds of histogram buckets.
package enum HistogramBuckets {
    /// Prometheus' default bounds for durations in seconds: 5 ms to 10 s.
    package static let standard = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// `count` bounds, each `factor` times the one before.
    package static func exponential(start: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<count {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }

    /// `count` bounds, at least 2, that grow by a constant factor from `minimum` to `maximum`.
    package static func exponential(from minimum: Double, to maximum: Double, count: Int) -> [Double] {
        let factor = Glibc.pow(maximum / minimum, 1 / Double(count - 1))
        var bounds: [Double] = []
        for index in 0..<count { bounds.append(minimum * Glibc.pow(factor, Double(index))) }
        return bounds
    }
}
