/// A range of versions in the language of github.com/Masterminds/semver v3: comparisons (`=` `!=` `>` `<` `>=` `<=` `~`
/// `^` `~>`), wildcards (`1.x`, `*`), hyphen ranges (`1.2 - 2`), joined by commas or spaces (and) and by `||` (or).
///
/// Pre-releases match only in a group (the comparisons between two `||`) that names a pre-release itself.
package struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no range; the message is that library's.
    package struct ParsingError: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The largest size in bytes of a range's text.
    package static let lengthLimit = 512
    /// The largest number of groups separated by `||`.
    package static let groupLimit = 32

    /// The text that was parsed.
    package let description: String
    private let groups: [[VersionConstraint]]

    /// Parses a range.
    /// - Throws: `ParsingError`, `improper constraint: <the group>` in most cases.
    package init(parsing text: String) throws(ParsingError) {
        let bytes = [UInt8](text.utf8)
        guard bytes.count <= Self.lengthLimit else {
            throw ParsingError(description: "constraint string is too long (max \(Self.lengthLimit) bytes)")
        }
        let texts = Self.split(Self.rewritingHyphens(bytes))
        guard texts.count <= Self.groupLimit else {
            throw ParsingError(description: "too many constraint groups (max \(Self.groupLimit))")
        }
        var groups: [[VersionConstraint]] = []
        for group in texts { groups.append(try Self.parseGroup(group)) }
        self.groups = groups
        description = text
    }

    /// Whether `version` is in the range.
    package func contains(_ version: SemanticVersion) -> Bool {
        groups.contains { group in
            let allowsPrereleases = group.contains { !$0.version.prerelease.isEmpty }
            guard version.prerelease.isEmpty || allowsPrereleases else { return false }
            return group.allSatisfy { $0.admits(version) }
        }
    }

    /// Splits at `||`.
    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        var position = 0
        while position < bytes.count {
            if bytes[position...].starts(with: "||".utf8) {
                parts.append([])
                position += 2
            } else {
                parts[parts.count - 1].append(bytes[position])
                position += 1
            }
        }
        return parts
    }

    private static func parseGroup(_ bytes: [UInt8]) throws(ParsingError) -> [VersionConstraint] {
        let improper = ParsingError(
            description: "improper constraint: \(Self.printable(bytes))")
        var scanner = VersionScanner(bytes)
        var constraints: [VersionConstraint] = []
        // Everything is read before anything is judged: a malformed group is named before a malformed number in it.
        var hasBadVersion = false
        scanner.skipSpace()
        while true {
            let comparison = VersionConstraint.Comparison(&scanner)
            scanner.skipSpace()
            guard let parts = scanner.parts(isSegmentByte: VersionConstraint.isSegmentByte) else { throw improper }
            if let constraint = VersionConstraint(comparison, parts) {
                constraints.append(constraint)
            } else {
                hasBadVersion = true
            }
            let isSpaced = scanner.skipSpace()
            if scanner.isAtEnd { break }
            guard scanner.skip(UInt8(ascii: ",")) || isSpaced else { throw improper }
            scanner.skipSpace()
        }
        if hasBadVersion { throw ParsingError(description: "constraint parser error") }
        return constraints
    }

    /// `a - b`, with spaces around the hyphen, becomes `>= a, <= b`.
    private static func rewritingHyphens(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var position = 0
        while position < bytes.count {
            var scanner = VersionScanner(bytes, position: position)
            scanner.skipSpace()
            let lowerStart = scanner.position
            if scanner.parts(isSegmentByte: VersionConstraint.isSegmentByte) != nil {
                let lower = bytes[lowerStart..<scanner.position]
                if scanner.skipSpace(), scanner.skip(UInt8(ascii: "-")), scanner.skipSpace() {
                    let upperStart = scanner.position
                    if scanner.parts(isSegmentByte: VersionConstraint.isSegmentByte) != nil {
                        let upper = bytes[upperStart..<scanner.position]
                        output += Array(">= ".utf8) + lower + Array(", <= ".utf8) + upper + [0x20]
                        scanner.skipSpace()
                        position = scanner.position
                        continue
                    }
                }
            }
            output.append(bytes[position])
            position += 1
        }
        return output
    }

    /// The group as it was written, without what does not print: it appears in conditions and events.
    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.unicodeScalars.allSatisfy(RemoteText.isPrintable) ? text : RemoteText.printable(text, limit: 600)
    }
}
