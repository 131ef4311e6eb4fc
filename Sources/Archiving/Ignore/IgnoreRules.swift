/// An ordered list of ignore patterns, each group scoped to a folder: the last one that matches decides (gitignore(5)).
package struct IgnoreRules: Sendable {
    /// Bounds for rules, which come from whoever made the archive.
    package struct Limits: Sendable, Hashable {
        /// Patterns of all files together.
        package var patterns: Int
        /// Bytes of all files together.
        package var bytes: Int
        /// Comparisons of one pattern byte with one path byte, over a whole archive: by default what takes a slow core about
        /// 9 seconds. Ten thousand files against five hundred plain rules need far less.
        package var steps: Int

        package init(patterns: Int = 20_000, bytes: Int = 1024 * 1024, steps: Int = 500_000_000) {
            self.patterns = patterns
            self.bytes = bytes
            self.steps = steps
        }
    }

    /// Version-control files: never part of an artifact unless a later rule takes them back.
    package static let versionControl = [".git/", ".gitignore", ".gitmodules", ".gitattributes"]

    /// What is left out when nobody says anything: pictures, archives, and the configuration of build services.
    package static let defaults = [
        "*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
        ".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
        "codeship-services.yml", "codeship-steps.yml",
        "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml",
    ]

    struct Group: Sendable {
        /// The folder, `/` behind it; empty for the root.
        let scope: [UInt8]
        var patterns: [IgnorePattern]
    }

    private(set) var groups: [Group] = []
    private var patternCount = 0
    private var byteCount = 0
    package let limits: Limits

    /// No rules.
    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether nothing is ignored.
    package var isEmpty: Bool { groups.isEmpty }

    /// Adds the patterns of an ignore file's text behind those there are.
    /// - Parameter folder: the folder, below the root, whose paths they are about; empty for the root.
    /// - Throws: `ignoreRules` when they are too many.
    package mutating func append(_ text: [UInt8], scopedTo folder: [UInt8] = []) throws(ArchiveError) {
        byteCount += text.count
        guard byteCount <= limits.bytes else {
            throw ArchiveError(.ignoreRules, "the ignore rules are longer than \(limits.bytes) bytes altogether")
        }
        var rest = text[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        var patterns: [IgnorePattern] = []
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            var line = rest[..<(end ?? rest.endIndex)]
            rest = end.map { rest[($0 + 1)...] } ?? []
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            if let pattern = IgnorePattern(line: line) { patterns.append(pattern) }
        }
        patternCount += patterns.count
        guard patternCount <= limits.patterns else {
            throw ArchiveError(.ignoreRules, "there are more than \(limits.patterns) ignore rules")
        }
        if patterns.isEmpty { return }
        groups.append(Group(scope: folder.isEmpty ? [] : folder + [UInt8(ascii: "/")], patterns: patterns))
    }

    /// Adds patterns about the root, one in each text.
    package mutating func append(_ patterns: [String]) throws(ArchiveError) {
        try append([UInt8](patterns.joined(separator: "\n").utf8))
    }

    /// The rules of the artifact contract: version control first, the defaults if nobody says otherwise, the ignore files
    /// found in the content (outer before inner), the object's own rules.
    /// - Parameters:
    ///   - files: the `.sourceignore` files: the folder each lies in and its text.
    ///   - ignore: the object's `.spec.ignore`; nil and empty differ: the empty text replaces the defaults too.
    /// - Throws: `ignoreRules` when they are too many.
    package static func forArtifact(
        files: [(folder: [UInt8], text: [UInt8])], ignore: String?, limits: Limits = Limits()
    ) throws(ArchiveError) -> IgnoreRules {
        var rules = IgnoreRules(limits: limits)
        try rules.append(versionControl)
        if files.isEmpty && ignore == nil { try rules.append(defaults) }
        let outerFirst = files.sorted { one, other in
            let depths = (depth(one.folder), depth(other.folder))
            return depths.0 != depths.1
                ? depths.0 < depths.1 : one.folder.lexicographicallyPrecedes(other.folder)
        }
        for file in outerFirst { try rules.append(file.text, scopedTo: file.folder) }
        if let ignore { try rules.append([UInt8](ignore.utf8)) }
        return rules
    }

    private static func depth(_ folder: [UInt8]) -> Int {
        folder.isEmpty ? 0 : 1 + folder.count { $0 == UInt8(ascii: "/") }
    }
}
