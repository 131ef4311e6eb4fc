extension FlagSet {
    /// The flags as a Markdown table, in order: what `--help=markdown` prints and the documentation holds.
    package func markdown() -> String {
        let rows = definitions.map { definition in
            let name = (definition.shorthand.map { "-\($0), " } ?? "") + "--\(definition.name)"
            let value = definition.placeholder.isEmpty ? "" : " \(definition.placeholder)"
            let initial = definition.shownDefault.isEmpty ? "" : Self.code(definition.shownDefault)
            return "| \(Self.code(name + value)) | \(initial) | \(Self.meaning(definition)) |"
        }
        return (["| flag | default | meaning |", "| --- | --- | --- |"] + rows).joined(separator: "\n")
    }

    private static func meaning(_ definition: FlagDefinition) -> String {
        var text = words(definition.help)
        if let environment = definition.environment { text += " Environment: \(code(environment))." }
        if let reason = definition.traits.withoutEffect { text += " No effect: \(words(reason))." }
        return text
    }

    private static func code(_ text: String) -> String { "`\(cell(text))`" }

    /// Text in which nothing is taken for HTML.
    private static func words(_ text: String) -> String {
        cell(text).split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
    }

    /// Text that neither ends a table's cell nor its line.
    private static func cell(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: " ").split(separator: "|", omittingEmptySubsequences: false)
            .joined(separator: "\\|")
    }
}
