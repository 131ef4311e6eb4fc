/// Writes Prometheus' text format 0.0.4.
struct ExpositionWriter {
    private(set) var output: [UInt8] = []

    /// The two comment lines of a family.
    mutating func begin(_ description: MetricDescription) {
        write("# HELP \(description.name) ")
        writeEscaped(description.help, escapingQuotes: false)
        write("\n# TYPE \(description.name) \(description.kind.rawValue)\n")
    }

    /// One sample line.
    mutating func sample(_ name: String, labels: [String], values: [String], value: Double) {
        write(name)
        if !labels.isEmpty {
            write("{")
            for (index, (label, value)) in zip(labels, values).enumerated() {
                if index > 0 { write(",") }
                write(label)
                write("=\"")
                writeEscaped(value, escapingQuotes: true)
                write("\"")
            }
            write("}")
        }
        write(" ")
        write(Self.text(of: value))
        write("\n")
    }

    /// A value as Go would print it: whole numbers without a point.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    private mutating func writeEscaped(_ text: String, escapingQuotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): write("\\\\")
            case 0x0a: write("\\n")
            case UInt8(ascii: "\"") where escapingQuotes: write("\\\"")
            default: output.append(byte)
            }
        }
    }

    private mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }
}
