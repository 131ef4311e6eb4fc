/// Applies ``IgnoreRules`` to the paths of one archive. As in git a path below an ignored folder is ignored, whatever
/// other rules say about it.
package struct IgnoreMatcher {
    private let rules: IgnoreRules
    private var scratch = Glob.Scratch()
    // The folders on the way to the path judged last, outermost first: where each ends in `last`, and its verdict.
    private var last: [UInt8] = []
    private var folders: [(end: Int, isIgnored: Bool)] = []

    /// A matcher of `rules`.
    package init(_ rules: IgnoreRules) {
        self.rules = rules
    }

    /// Whether `path` (below the root, without a slash at either end) is ignored.
    /// - Throws: `ignoreRules` when the work for all paths so far is beyond the limit.
    package mutating func isIgnored(_ path: [UInt8], isFolder: Bool) throws(ArchiveError) -> Bool {
        guard !rules.isEmpty, !path.isEmpty else { return false }
        // Paths of a folder mostly come together: what is known about the folders both paths share is kept.
        let shared = path[...].commonPrefixCount(with: last[...])
        while let folder = folders.last,
            !(folder.end <= shared && folder.end < path.count && path[folder.end] == UInt8(ascii: "/"))
        {
            folders.removeLast()
        }
        last = path
        if let folder = folders.last, folder.isIgnored { return true }
        var start = (folders.last?.end ?? -1) + 1
        while let end = path[start...].firstIndex(of: UInt8(ascii: "/")) {
            let isIgnored = verdict(path[..<end], last: start, isFolder: true)
            folders.append((end, isIgnored))
            if isIgnored {
                try checkWork()
                return true
            }
            start = end + 1
        }
        let isIgnored = verdict(path[...], last: start, isFolder: isFolder)
        try checkWork()
        return isIgnored
    }

    private mutating func verdict(_ path: ArraySlice<UInt8>, last: Int, isFolder: Bool) -> Bool {
        for group in rules.groups.reversed() {
            scratch.steps += 1
            guard path.count > group.scope.count, scratch.compare(path, startsWith: group.scope) else { continue }
            let relative = path.dropFirst(group.scope.count)
            for pattern in group.patterns.reversed() {
                scratch.steps += 1
                if pattern.matches(relative, last: last, isFolder: isFolder, &scratch) { return !pattern.isNegative }
            }
        }
        return false
    }

    private func checkWork() throws(ArchiveError) {
        guard scratch.steps <= rules.limits.steps else {
            throw ArchiveError(
                .ignoreRules, "the ignore rules are too many or too intricate for an archive of this many entries")
        }
    }
}
