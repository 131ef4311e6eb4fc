import Archiving
import TestSupport
import Testing

/// `git check-ignore` decides what is right.
@Suite struct IgnoreOracleTests {
    /// What git ignores of `paths` (folders end in a slash) in a tree with these ignore files.
    private func gitVerdicts(_ files: [String: [UInt8]], _ paths: [String]) async throws -> Set<String> {
        let folder = try TemporaryDirectory()
        let root = folder.file("tree")
        _ = try await CommandLineTool.run("git", ["init", "-q", root])
        let folders = paths.filter { $0.hasSuffix("/") } + files.keys.map { $0.isEmpty ? "./" : $0 + "/" }
        for start in stride(from: 0, to: folders.count, by: 500) {
            _ = try await CommandLineTool.run(
                "mkdir", ["-p", "--"] + folders[start..<min(start + 500, folders.count)], directory: root)
        }
        for path in paths where !path.hasSuffix("/") { try folder.write([], to: "tree/\(path)") }
        for (scope, text) in files { try folder.write(text, to: "tree/\(scope.isEmpty ? "" : scope + "/").gitignore") }
        let outcome = try await CommandLineTool.run(
            "git", ["check-ignore", "--no-index", "--stdin", "-z"],
            input: paths.flatMap { [UInt8](Self.bare($0).utf8) + [0] }, directory: root)
        #expect(outcome.status <= 1, "\(outcome.errorOutput)")
        return Set(outcome.stdout.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    /// Without a folder's slash: git sees what is a folder, and would compare the slash.
    private static func bare(_ path: String) -> String { path.hasSuffix("/") ? String(path.dropLast()) : path }

    private func ourVerdicts(_ files: [String: [UInt8]], _ paths: [String]) throws -> Set<String> {
        var rules = IgnoreRules()
        for (scope, text) in files.sorted(by: { $0.key.utf8.count < $1.key.utf8.count }) {
            try rules.append(text, scopedTo: [UInt8](scope.utf8))
        }
        var matcher = IgnoreMatcher(rules)
        return Set(
            try paths.filter { try matcher.isIgnored([UInt8](Self.bare($0).utf8), isFolder: $0.hasSuffix("/")) }
                .map(Self.bare))
    }

    static let fixed: [String] = [
        "a", "/a", "a/", "/a/", "!a", "*", "/*", "/*\n!/b", "/*\n!/b/", "*\n!*/\n!c.txt", "**", "**/", "/**", "a/**",
        "a/**/c", "**/c.txt", "**/b/c", "a**", "a**/c", "b/**/", "a/*", "a/*/c", "*.txt", "*.TXT", "?", "[ab]", "[!a]",
        "[^a]", "[a-c]", "[]a]", "[", "[a", "a[", "\\a", "\\*", "*\\", "\\!x", "\\#x", "#x", "x ", "x\\ ", "x  ", " x",
        "a//b", "//a", "/", "//", "", "!", "!!a", "a\\/b", "a[/]b", "[[:alpha:]]", "[[:digit:]x]", "[[:nope:]]", "[[:",
        "[a-]", "[-a]", "[\\]]", "[a\\-c]", "[c-a]", "a/b/c/d", "b", "b\r", "b\t", "*a*b*", "a/\n!a/b", "a/*\n!a/b",
        "c.*", "*.*", ".*", "**a", "**/a/**", "*/b", "*/*/c", "a/b/**\n!a/b/c", "!a\na", "a\n!a", "x\\", "é", "?é",
        "[é]",
        "***", "a/***/c", "**/**/c", "foo**/bar", "a?b", "a*b", "\u{feff}a", "b/\n!b", "!b/\nb", "/b/c.txt", "/c.txt",
        "*/", "!*/", "/**/c", "/a/**", "a/**b", "[[:space:]]x", "[!b-z]", "[a-c-e]", "[--0]", "]", "{a,b}", "~", "a/.",
        "./a", "../a", "a/..", "[[:]", "[[:]a", "[[::]]", "[a[:digit:]]", "[[.a.]]", "**/*", "*/**", "a/**/*", "b*/c",
    ]

    static let tree = [
        "a/", "a/b/", "a/b/c/", "a/b/c/d", "a/b/c.txt", "a/x", "a/c", "b/", "b/c/", "b/c/c.txt", "b/c.txt", "b/a/",
        "b/a/c", "c.txt", "c.TXT", "x", "x ", " x", "!x", "#x", "x\\", "*", "é", "xé", "aé/", "aé/c", ".hidden", "ab",
        "a b", "foox/", "foox/bar", "foo/", "foo/y/", "foo/y/bar", "b-b", "]", "[", "[a", "-", "{a,b}", "~", "5", "axb",
    ]

    @Test func fixedPatterns() async throws {
        // One process for each pattern would take a minute; each pattern gets a folder of its own in one tree.
        var files: [String: [UInt8]] = [:]
        var paths: [String] = []
        for (index, pattern) in Self.fixed.enumerated() {
            files["t\(index)"] = [UInt8](pattern.utf8)
            paths += ["t\(index)/"] + Self.tree.map { "t\(index)/\($0)" }
        }
        let git = try await gitVerdicts(files, paths)
        let ours = try ourVerdicts(files, paths)
        for path in git.symmetricDifference(ours).sorted() {
            let index = Int(path.dropFirst().prefix { $0 != "/" }) ?? 0
            Issue.record("'\(Self.fixed[index])' and \(path): git ignores it: \(git.contains(path))")
        }
        #expect(git.count > 500)
    }

    @Test(arguments: 1...12)
    func generatedTrees(seed: Int) async throws {
        var generator = SeededGenerator(UInt64(seed))
        let letters = ["a", "b", "c", "ab", "a.b", ".a", "é", "a b", "b]"]
        func pick(_ values: [String]) -> String { values.randomElement(using: &generator) ?? "" }
        var folders = [""]
        for _ in 0..<40 {
            let folder = pick(folders) + pick(letters) + "/"
            if folder.utf8.count < 24 && !folders.contains(folder) { folders.append(folder) }
        }
        var paths = Set(folders.dropFirst())
        for _ in 0..<120 {
            let path = pick(folders) + pick(letters)
            if !paths.contains(path + "/") { paths.insert(path) }
        }
        let atoms = [
            "a", "b", "c", "/", "/", "*", "**", "?", "[ab]", "[!a]", ".", " ", "\\", "!", "**/", "/**", "é", "[a-c",
            "]",
            "\n", "\n", "#", "\\ ", "*/", "[[:alnum:]]", "ab",
        ]
        var files: [String: [UInt8]] = [:]
        for _ in 0..<6 {
            let scope = String(pick(folders).dropLast())
            let text = (0..<Int.random(in: 1...40, using: &generator)).map { _ in pick(atoms) }.joined()
            files[scope] = [UInt8](text.utf8)
        }
        let sorted = paths.sorted()
        let git = try await gitVerdicts(files, sorted)
        let ours = try ourVerdicts(files, sorted)
        #expect(git == ours, "\(files.mapValues { String(decoding: $0, as: UTF8.self) })")
    }
}
