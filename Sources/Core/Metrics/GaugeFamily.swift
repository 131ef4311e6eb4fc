/// A metric that goes up and down.
package struct GaugeFamily: MetricFamily {
    let series: MetricSeries<Locked<Double>>
    var description: MetricDescription { series.description }

    /// The series of `labelValues`, at zero if it is new; keep it where measuring is hot.
    package func with(_ labelValues: [String]) -> Gauge {
        Gauge(value: series.value(of: labelValues))
    }

    /// Sets the series of `labelValues`.
    package func set(_ labelValues: [String] = [], to value: Double) { with(labelValues).set(to: value) }

    /// Adds `amount`, which may be negative, to the series of `labelValues`.
    package func add(_ labelValues: [String] = [], by amount: Double) { with(labelValues).add(amount) }

    /// Removes the series of `labelValues`.
    package func remove(_ labelValues: [String]) { series.remove(labelValues) }

    /// Removes every series whose label values `isRemoved` is true for.
    package func remove(where isRemoved: ([String]) -> Bool) { series.remove(where: isRemoved) }

    func write(to writer: inout ExpositionWriter) {
        writer.begin(description)
        for (labels, value) in series.sorted {
            writer.sample(description.name, labels: description.labels, values: labels, value: value.current)
        }
    }
}

/// One series of a `GaugeFamily`. After its removal from the family it can still be set, but no longer shows.
package struct Gauge: Sendable {
    let value: Locked<Double>

    /// Sets the value.
    package func set(to value: Double) { self.value.withLock { $0 = value } }

    /// Adds `amount`, which may be negative.
    package func add(_ amount: Double) { value.withLock { $0 += amount } }

    /// The value.
    package var current: Double { value.current }
}

/// A metric that is read when it is exposed.
struct CallbackFamily: MetricFamily {
    let description: MetricDescription
    let read: @Sendable () -> [(labels: [String], value: Double)]

    func write(to writer: inout ExpositionWriter) {
        writer.begin(description)
        var seen: Set<[String]> = []
        let samples = read().filter { $0.labels.count == description.labels.count && seen.insert($0.labels).inserted }
        for sample in samples.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
            writer.sample(description.name, labels: description.labels, values: sample.labels, value: sample.value)
        }
    }
}
