/// A metric that only grows.
package struct CounterFamily: MetricFamily {
    let series: MetricSeries<Locked<Double>>
    var description: MetricDescription { series.description }

    /// The series of `labelValues`, at zero if it is new; keep it where counting is hot.
    package func with(_ labelValues: [String]) -> Counter {
        Counter(value: series.value(of: labelValues))
    }

    /// Adds `amount` (not negative) to the series of `labelValues`.
    package func increment(_ labelValues: [String] = [], by amount: Double = 1) {
        with(labelValues).increment(by: amount)
    }

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

/// One series of a `CounterFamily`. After its removal from the family it still counts, but no longer shows.
package struct Counter: Sendable {
    let value: Locked<Double>

    /// Adds `amount`; negative amounts and NaN are ignored: a counter never falls.
    package func increment(by amount: Double = 1) {
        guard amount >= 0 else { return }
        value.withLock { $0 += amount }
    }

    /// The sum so far.
    package var current: Double { value.current }
}
