import Foundation

/// A file of the project that people read and that a test compares with what the programs do.
package struct DocumentationPage: Sendable {
    package let text: String

    /// Reads the file at `path`, relative to the project's folder: `docs/flags.md`.
    package init(_ path: String) throws {
        text = try String(contentsOf: Self.project.appendingPathComponent(path), encoding: .utf8)
    }

    /// What stands between `<!-- begin flags: <command> -->` and `<!-- end flags -->`; nil without such a block.
    package func flags(of command: String) -> String? {
        guard let begin = text.range(of: "<!-- begin flags: \(command) -->\n"),
            let end = text.range(of: "\n<!-- end flags -->", range: begin.upperBound..<text.endIndex)
        else { return nil }
        return String(text[begin.upperBound..<end.lowerBound])
    }

    private static let project = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
