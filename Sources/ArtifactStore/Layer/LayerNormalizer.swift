internal import Archiving
internal import Core

/// Writes the artifact while a layer is read again: only files and folders, each once, in the layer's order, without what is
/// ignored; zero times, owner 0, three modes. The same layer and rules give the same bytes everywhere.
struct LayerNormalizer: TarVisitor, ~Copyable {
    /// Packs what is written.
    private final class Output {
        private var gzip = GzipWriter()
        private let sink: (Span<UInt8>) throws(ArchiveError) -> Void

        init(_ sink: @escaping (Span<UInt8>) throws(ArchiveError) -> Void) {
            self.sink = sink
        }

        func write(_ bytes: Span<UInt8>) throws(ArchiveError) { try gzip.write(bytes, sink) }
        func finish() throws(ArchiveError) { try gzip.finish(sink) }
    }

    private var skipped = SkippedEntries()
    private var writer = TarWriter()
    private let output: Output
    private var census: PathCensus
    private var matcher: IgnoreMatcher
    private let lastOccurrences: [UInt64: Int]
    private let limits: ArtifactLimits
    private let flag: CancellationFlag
    private var entryNumber = -1
    private var isWriting = false

    /// - Parameter flag: ends the work at the next entry.
    init(
        rules: IgnoreRules, lastOccurrences: [UInt64: Int], limits: ArtifactLimits, flag: CancellationFlag,
        sink: @escaping (Span<UInt8>) throws(ArchiveError) -> Void
    ) {
        census = PathCensus(limit: limits.entryCount)
        matcher = IgnoreMatcher(rules)
        self.lastOccurrences = lastOccurrences
        self.limits = limits
        self.flag = flag
        output = Output(sink)
    }

    mutating func begin(_ entry: TarEntry) throws(ArchiveError) {
        try flag.checkEntry()
        entryNumber += 1
        let path = try ArchivePath(entry.name, limits: limits.path)
        guard !path.bytes.isEmpty else { return }
        let isFolder = entry.kind == .directory
        if try matcher.isIgnored(path.bytes, isFolder: isFolder) { return }
        if let reason = SkippedEntries.Reason(entry.kind) {
            skipped.add(reason, entry.name)
            return
        }
        if path.hasBackslash {
            skipped.add(.backslash, entry.name)
            return
        }
        let (verdict, key) = try census.take(path, isFolder: isFolder)
        switch verdict {
        case .repeatedFolder: return
        case .conflict:
            skipped.add(.conflict, entry.name)
            return
        case .new, .repeatedFile: break
        }
        // Unpacked to a disk, the last file of a name would be the one that stays.
        if !isFolder, let last = lastOccurrences[key], last != entryNumber { return }
        let mode: UInt32 = isFolder ? 0o750 : entry.mode & 0o111 != 0 ? 0o700 : 0o600
        let normalized = TarEntry(
            kind: isFolder ? .directory : .regular, name: path.bytes, size: isFolder ? 0 : entry.size, mode: mode)
        isWriting = true
        try writer.begin(normalized, output.write)
    }

    mutating func content(_ bytes: Span<UInt8>) throws(ArchiveError) {
        guard isWriting else { return }
        try writer.content(bytes, output.write)
    }

    mutating func end() throws(ArchiveError) {
        isWriting = false
    }

    /// Ends the archive.
    mutating func finish() throws(ArchiveError) -> SkippedEntries {
        try writer.finish(output.write)
        try output.finish()
        return skipped
    }
}
