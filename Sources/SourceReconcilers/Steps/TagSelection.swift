internal import Core
internal import RegularExpressions

/// Picks the highest version of a range from tags that stream by; only the best so far is kept.
struct TagSelection {
    private let range: VersionRange
    private let filter: RegularExpression?
    private let isHelmChart: Bool
    private var best: (tag: String, version: SemanticVersion)?

    /// A selection of the tags that `filter` matches somewhere (all without one) and whose version is in `range`.
    /// - Parameter isHelmChart: whether `_` in a tag stands for the `+` of a version, which tags cannot have.
    init(range: VersionRange, filter: RegularExpression?, isHelmChart: Bool) {
        self.range = range
        self.filter = filter
        self.isHelmChart = isHelmChart
    }

    /// The best tag so far.
    var tag: String? { best?.tag }

    /// Takes one more tag into account. Tags that are no versions are passed over.
    mutating func consider(_ tag: String) {
        if let filter, !filter.matches(anywhereIn: tag) { return }
        let text = isHelmChart ? String(tag.map { $0 == "_" ? "+" : $0 }) : tag
        guard let version = SemanticVersion(parsing: text), range.contains(version) else { return }
        if let best {
            // Versions that differ in build metadata only are equal in precedence: the tag decides, so that the choice
            // does not depend on the order in which the registry lists them.
            guard best.version < version || (!(version < best.version) && Self.precedes(best.tag, tag)) else { return }
        }
        best = (tag, version)
    }

    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}
