import Core

/// One measured value, beside a floor or a peer of the same run where there is one.
struct Figure: Sendable {
    /// What counts as good enough.
    enum Target: Sendable {
        case atMost(Double)
        case ratioAtMost(Double)
        case ratioAtLeast(Double)
    }

    let scenario: String
    let name: String
    let value: Double
    let unit: String
    /// What it is compared with, and that one's value in the same unit.
    var reference: (name: String, value: Double)?
    var target: Target?

    var ratio: Double? {
        guard let reference, reference.value > 0 else { return nil }
        return value / reference.value
    }

    /// nil where there is no target.
    var isMet: Bool? {
        switch target {
        case nil: nil
        case .atMost(let limit): value <= limit
        case .ratioAtMost(let limit): ratio.map { $0 <= limit }
        case .ratioAtLeast(let limit): ratio.map { $0 >= limit }
        }
    }

    var targetText: String {
        switch target {
        case nil: ""
        case .atMost(let limit): "<= \(Self.text(limit))"
        case .ratioAtMost(let limit): "ratio <= \(Self.text(limit))"
        case .ratioAtLeast(let limit): "ratio >= \(Self.text(limit))"
        }
    }

    /// Three significant digits, or all before the point.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        let digits = abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : 3
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        guard digits > 0 else { return String(scaled) }
        let fraction = String(abs(scaled) % Int64(scale))
        let padding = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled < 0 ? "-" : "")\(abs(scaled) / Int64(scale)).\(padding)\(fraction)"
    }

    var json: JSONValue {
        var object: [String: JSONValue] = [
            "scenario": .string(scenario), "name": .string(name), "value": .double(value), "unit": .string(unit),
        ]
        if let reference {
            object["reference"] = ["name": .string(reference.name), "value": .double(reference.value)]
        }
        if let ratio { object["ratio"] = .double(ratio) }
        if target != nil { object["target"] = .string(targetText) }
        if let isMet { object["met"] = .bool(isMet) }
        return .object(object)
    }
}
