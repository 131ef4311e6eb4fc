import Core
import Foundation

/// A message as the pages for operators quote it.
///
/// In these pages every table with a column headed `message` quotes, between backticks, what the programs say. A test that
/// provokes such a message compares the two with `#expect(Quote(#"…"#).matches(message))`, so that it fails when either
/// changes; another test sees to it that no quote is without one.
package struct Quote: Sendable, CustomStringConvertible {
    /// The pages whose quotes are proved.
    package static let pages = [
        "docs/authentication.md", "docs/ocirepository.md", "docs/troubleshooting.md", "docs/verification.md",
    ]

    private let text: String

    /// - Parameter text: the quote, as it stands between the backticks.
    package init(_ text: String) { self.text = text }

    package var description: String { text }

    /// Whether `message` ends as the quote says. `...` in it stands for anything, a number for any number and a SHA-256
    /// digest for any. False, too, if no page has the quote.
    package func matches(_ message: String) -> Bool {
        guard Self.documented.contains(text) else { return false }
        var rest = Substring(Self.levelled(message))
        let pieces = Self.levelled(text).components(separatedBy: "...")
        for (index, piece) in pieces.enumerated() {
            if index == pieces.count - 1 { return piece.isEmpty || rest.hasSuffix(piece) }
            guard let found = piece.isEmpty ? rest.startIndex..<rest.startIndex : rest.range(of: piece) else {
                return false
            }
            rest = rest[found.upperBound...]
        }
        return false
    }

    /// Whether a line of a program's output, or a text in one that is a JSON object, ends as the quote says.
    package func isSaid(inLog log: String) -> Bool {
        log.split(separator: "\n").contains { line in
            let members = (try? JSONValue(parsing: Array(line.utf8)))?.objectValue
            let texts = members?.values.compactMap(\.stringValue) ?? [String(line)]
            return texts.contains { matches($0) }
        }
    }

    /// The quotes of a page, in their order.
    package static func all(in page: String) throws -> [String] {
        var quotes: [String] = []
        var column: Int?
        for line in try DocumentationPage(page).text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                column = nil
                continue
            }
            let cells = line.replacing("\\|", with: "\u{0}").split(separator: "|", omittingEmptySubsequences: false)
                .dropFirst().dropLast().map { $0.replacing("\u{0}", with: "|").trimmingCharacters(in: .whitespaces) }
            if let column {
                guard cells.indices.contains(column) else { continue }
                quotes += cells[column].matches(of: /`([^`]+)`/).map { String($0.output.1) }
            } else {
                column = cells.firstIndex { $0.hasPrefix("message") } ?? cells.count
            }
        }
        return quotes
    }

    /// The quotes that the sources of the tests name.
    package static func tested() throws -> Set<String> {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        var quotes: Set<String> = []
        for name in names where name.hasSuffix(".swift") {
            let source = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            for match in source.matches(of: /Quote\(\s*#"(.*?)"#\s*\)/) { quotes.insert(String(match.output.1)) }
        }
        return quotes
    }

    private static let documented: Set<String> = {
        Set(pages.flatMap { (try? all(in: $0)) ?? [] })
    }()

    private static func levelled(_ text: String) -> String {
        text.replacing(/sha(256|512):[0-9a-f]+(\.\.\.)?/, with: "sha:").replacing(/[0-9]+/, with: "0")
    }
}
