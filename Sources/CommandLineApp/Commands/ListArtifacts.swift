internal import CommandLineParsing
internal import Core
internal import OCI
internal import RegistryClient

/// `sourcectl list artifacts`: shows the versions in a repository.
struct ListArtifacts: Command {
    private static let semver = Flag.string(
        "filter-semver", placeholder: "range", help: "show only tags that are versions in this range")
    private static let limit = Flag.integer(
        "limit", default: 100, in: 1...10_000, help: "artifacts to show, the newest versions or last names first")

    let path = ["list", "artifacts"]
    let usage = "oci://<repository>"
    let summary = "List the artifacts of a repository"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.semver)
        flags.add(Self.limit)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference: RepositoryReference
        let range: VersionRange?
        do {
            reference = try RepositoryReference(ociURL: try flags.onlyArgument("repository URL"))
            range = flags[Self.semver].isEmpty ? nil : try VersionRange(parsing: flags[Self.semver])
        } catch let error as CommandLineError {
            throw error
        } catch {
            throw CommandLineError(.arguments, "\(error)")
        }
        let repository = try await RegistryFlags.repository(reference, flags, context)
        var rows = [["ARTIFACT", "DIGEST", "SOURCE", "REVISION"]]
        for tag in try await tags(repository, range, limit: flags[Self.limit]) {
            let fetched = try await repository.fetchManifest(.tag(tag))
            let annotations = try fetched.parsed().annotations
            rows.append([
                "\(reference):\(tag)", fetched.descriptor.digest.description,
                RemoteText.printable(annotations[AnnotationKey.source] ?? "", limit: 200),
                RemoteText.printable(annotations[AnnotationKey.revision] ?? "", limit: 200),
            ])
        }
        context.streams.output(Self.table(rows))
    }

    private func tags(_ repository: Repository, _ range: VersionRange?, limit: Int) async throws -> [String] {
        var kept: [(version: SemanticVersion?, tag: String)] = []
        func isBefore(
            _ one: (version: SemanticVersion?, tag: String), _ other: (version: SemanticVersion?, tag: String)
        ) -> Bool {
            switch (one.version, other.version) {
            case (let first?, let second?): first > second
            case (.some, nil): true
            case (nil, .some): false
            case (nil, nil): one.tag > other.tag
            }
        }
        try await repository.forEachTag { tag in
            guard !Self.isAttachment(tag) else { return }
            let version = SemanticVersion(parsing: tag)
            if let range {
                guard let version, range.contains(version) else { return }
            }
            kept.append((version, tag))
            // Cut now and then, so that memory follows the limit and not the repository.
            if kept.count >= limit * 2 + 1000 { kept = Array(kept.sorted(by: isBefore).prefix(limit)) }
        }
        return kept.sorted(by: isBefore).prefix(limit).map(\.tag)
    }

    /// Whether the tag is one that tools keep what belongs to another manifest under: `sha256-<hex>`, where a registry does
    /// not list referrers itself, or with a suffix such as `.sig`, where cosign keeps signatures.
    private static func isAttachment(_ tag: String) -> Bool {
        guard let dash = tag.utf8.firstIndex(of: UInt8(ascii: "-")),
            let algorithm = Digest.Algorithm(rawValue: String(tag[..<dash]))
        else { return false }
        let rest = tag[tag.utf8.index(after: dash)...]
        let hex = rest.prefix { $0 != "." }
        let isKnown = ["", ".sig", ".att", ".sbom"].contains(rest.dropFirst(hex.count))
        return isKnown && (try? Digest(parsing: "\(algorithm.rawValue):\(hex)")) != nil
    }

    private static func table(_ rows: [[String]]) -> String {
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == 3 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 3)
            }
            return cells.joined()
        }.joined(separator: "\n")
    }
}
