extension FlagSet {
    /// The flags for `--help`: one aligned line each, wrapped at `width` columns.
    package func helpText(width: Int = 100) -> String {
        let heads = definitions.map { definition in
            let shorthand = definition.shorthand.map { "-\($0), " } ?? "    "
            let placeholder = definition.placeholder.isEmpty ? "" : " \(definition.placeholder)"
            return "  \(shorthand)--\(definition.name)\(placeholder)"
        }
        let all = heads + ["  -h, --help"]
        let column = min(all.map(\.count).max() ?? 0, 44) + 3
        let texts = definitions.map(Self.explanation) + ["help for this command"]
        var lines: [String] = []
        for (head, text) in zip(all, texts) {
            var line = head
            if line.count + 2 > column {
                lines.append(line)
                line = ""
            }
            line += String(repeating: " ", count: column - line.count)
            var used = 0
            for word in text.split(separator: " ") {
                if used > 0, line.count + 1 + word.count > width {
                    lines.append(line)
                    line = String(repeating: " ", count: column)
                    used = 0
                }
                line += used == 0 ? word : " " + word
                used += 1
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func explanation(_ definition: FlagDefinition) -> String {
        var text = definition.help
        if !definition.shownDefault.isEmpty { text += " (default \(definition.shownDefault))" }
        if let environment = definition.environment { text += " [\(environment)]" }
        if let reason = definition.traits.withoutEffect { text += " (no effect: \(reason))" }
        return text
    }
}
