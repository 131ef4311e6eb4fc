/// A metric that counts how values are distributed.
package struct HistogramFamily: MetricFamily {
    let bounds: [Double]
    let series: MetricSeries<Locked<HistogramState>>
    var description: MetricDescription { series.description }

    /// The series of `labelValues`, empty if it is new; keep it where observing is hot.
    package func with(_ labelValues: [String]) -> Histogram {
        Histogram(bounds: bounds, state: series.value(of: labelValues))
    }

    /// Adds an observation to the series of `labelValues`.
    package func observe(_ labelValues: [String], _ value: Double) { with(labelValues).observe(value) }

    /// Adds a duration, in seconds, to the series of `labelValues`.
    package func observe(_ labelValues: [String], _ duration: Duration) {
        with(labelValues).observe(duration / .seconds(1))
    }

    /// Removes the series of `labelValues`.
    package func remove(_ labelValues: [String]) { series.remove(labelValues) }

    /// Removes every series whose label values `isRemoved` is true for.
    package func remove(where isRemoved: ([String]) -> Bool) { series.remove(where: isRemoved) }

    func write(to writer: inout ExpositionWriter) {
        writer.begin(description)
        let name = description.name
        let bucketLabels = description.labels + ["le"]
        for (labels, locked) in series.sorted {
            let state = locked.current
            var cumulative: UInt64 = 0
            for (index, count) in state.counts.enumerated() {
                cumulative += count
                let bound = index < bounds.count ? ExpositionWriter.text(of: bounds[index]) : "+Inf"
                writer.sample(
                    "\(name)_bucket", labels: bucketLabels, values: labels + [bound], value: Double(cumulative))
            }
            writer.sample("\(name)_sum", labels: description.labels, values: labels, value: state.sum)
            writer.sample("\(name)_count", labels: description.labels, values: labels, value: Double(cumulative))
        }
    }
}

/// One series of a `HistogramFamily`. After its removal from the family it still counts, but no longer shows.
package struct Histogram: Sendable {
    let bounds: [Double]
    let state: Locked<HistogramState>

    /// Adds an observation; NaN is ignored.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        // Bounds are few: a linear search is faster than a binary one.
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    /// Adds a duration, in seconds.
    package func observe(_ duration: Duration) { observe(duration / .seconds(1)) }

    /// The number of observations.
    package var count: UInt64 { state.current.counts.reduce(0, +) }
}

/// Observations of each bucket (not cumulative, the last is `+Inf`) and their sum.
struct HistogramState: Sendable {
    var counts: [UInt64]
    var sum = 0.0

    init(bucketCount: Int) {
        counts = Array(repeating: 0, count: bucketCount + 1)
    }
}
