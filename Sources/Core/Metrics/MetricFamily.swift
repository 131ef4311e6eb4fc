/// A metric's name and meaning.
struct MetricDescription: Sendable, Equatable {
    let name: String
    let help: String
    let labels: [String]
    let kind: MetricKind

    init(name: String, help: String, labels: [String], kind: MetricKind) {
        precondition(Self.isName(name, allowingColon: true), "'\(name)' is no metric name")
        precondition(
            labels.allSatisfy { Self.isName($0, allowingColon: false) } && Set(labels).count == labels.count,
            "the labels of \(name) must be different label names")
        self.name = name
        self.help = help
        self.labels = labels
        self.kind = kind
    }

    static func == (one: MetricDescription, other: MetricDescription) -> Bool {
        one.name == other.name && one.labels == other.labels && one.kind == other.kind
    }

    private static func isName(_ text: String, allowingColon: Bool) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: allowingColon && byte == UInt8(ascii: ":")
            }
        }
    }
}

/// What the registry asks of every family.
protocol MetricFamily: Sendable {
    var description: MetricDescription { get }
    func write(to writer: inout ExpositionWriter)
}

/// The series of one family, by their label values.
final class MetricSeries<Value: Sendable>: Sendable {
    let description: MetricDescription
    private let make: @Sendable () -> Value
    private let onDrop: @Sendable () -> Void
    private let values: Locked<[[String]: Value]>

    init(
        description: MetricDescription, make: @escaping @Sendable () -> Value, onDrop: @escaping @Sendable () -> Void
    ) {
        self.description = description
        self.make = make
        self.onDrop = onDrop
        // A family without labels has its one series from the start, so that it shows as zero.
        values = Locked(description.labels.isEmpty ? [[]: make()] : [:])
    }

    /// The series of `labelValues`, made if there is none yet; a detached one beyond the limit.
    func value(of labelValues: [String]) -> Value {
        precondition(
            labelValues.count == description.labels.count,
            "\(description.name) has \(description.labels.count) labels, not \(labelValues.count)")
        let kept: Value? = values.withLock { values in
            if let value = values[labelValues] { return value }
            guard values.count < MetricsRegistry.seriesLimit else { return nil }
            let value = make()
            values[labelValues] = value
            return value
        }
        if let kept { return kept }
        onDrop()
        return make()
    }

    func remove(where isRemoved: ([String]) -> Bool) {
        values.withLock { values in values = values.filter { !isRemoved($0.key) } }
    }

    func remove(_ labelValues: [String]) {
        values.withLock { values in values[labelValues] = nil }
    }

    /// All series, in the order of their label values.
    var sorted: [(labels: [String], value: Value)] {
        values.current.map { (labels: $0.key, value: $0.value) }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}
