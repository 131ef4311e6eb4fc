import Core

/// All figures of a run, with what they depend on.
struct Report: Sendable {
    var conditions: Conditions
    var figures: [Figure] = []
    /// Scenarios that failed, and why.
    var failures: [String: String] = [:]

    /// As a person reads it.
    var table: String {
        let header = ["what", "figure", "value", "", "beside", "its value", "ratio", "target", ""]
        let rows = figures.map { figure in
            [
                figure.scenario, figure.name, Figure.text(figure.value), figure.unit, figure.reference?.name ?? "",
                figure.reference.map { Figure.text($0.value) } ?? "", figure.ratio.map(Figure.text) ?? "",
                figure.targetText, figure.isMet.map { $0 ? "met" : "MISSED" } ?? "",
            ]
        }
        let rightAligned: Set = [2, 5, 6]
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        var lines = conditions.lines
        lines.append("")
        for row in [header, widths.map { String(repeating: "-", count: $0) }] + rows {
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return rightAligned.contains(column) ? padding + row[column] : row[column] + padding
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            lines.append(line)
        }
        for (scenario, reason) in failures.sorted(by: { $0.key < $1.key }) {
            lines.append("\(scenario): failed: \(reason)")
        }
        return lines.joined(separator: "\n")
    }

    /// As a program reads it.
    var json: JSONValue {
        [
            "conditions": conditions.json,
            "figures": .array(figures.map(\.json)),
            "failures": .object(failures.mapValues { .string($0) }),
        ]
    }
}
