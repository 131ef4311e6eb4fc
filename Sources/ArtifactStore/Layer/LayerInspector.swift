internal import Archiving
internal import Core

/// What the first pass over a layer found out.
struct LayerFindings: Sendable {
    /// Whether something cannot stay as it is, whatever the ignore rules.
    var needsNormalizing = false
    /// Whether the rules that the pass was made with ignore something.
    var hasIgnored = false
    /// The `.sourceignore` files: the folder each lies in, and its text.
    var ignoreFiles: [(folder: [UInt8], text: [UInt8])] = []
    /// For files named more than once: which entry, by number, is the last.
    var lastOccurrences: [UInt64: Int] = [:]
}

/// Looks at every entry of a layer: its path, its kind, whether it is ignored; keeps the ignore files.
struct LayerInspector: TarVisitor, ~Copyable {
    private var findings = LayerFindings()
    private var census: PathCensus
    private var matcher: IgnoreMatcher
    private let limits: ArtifactLimits
    private let flag: CancellationFlag
    private var entryNumber = -1
    // The text of the ignore file that is being read, and how much all of them may still take.
    private var ignoreFile: (folder: [UInt8], text: [UInt8])?
    private var ignoreBytesLeft = IgnoreRules.Limits().bytes
    /// Where each folder's ignore file is among the findings.
    private var ignoreFileNumbers: [[UInt8]: Int] = [:]

    private static let ignoreFileOverhead = 64

    /// - Parameters:
    ///   - rules: for ``LayerFindings/hasIgnored``.
    ///   - flag: ends the work at the next entry.
    init(rules: IgnoreRules, limits: ArtifactLimits, flag: CancellationFlag) {
        census = PathCensus(limit: limits.entryCount)
        matcher = IgnoreMatcher(rules)
        self.limits = limits
        self.flag = flag
    }

    mutating func begin(_ entry: TarEntry) throws(ArchiveError) {
        try flag.checkEntry()
        entryNumber += 1
        guard entryNumber < limits.entryCount else { throw PathCensus.tooMany(limits.entryCount) }
        // Even of what is skipped: a layer with such names is an attack, not an artifact.
        let path = try ArchivePath(entry.name, limits: limits.path)
        guard SkippedEntries.Reason(entry.kind) == nil else {
            findings.needsNormalizing = true
            return
        }
        let isFolder = entry.kind == .directory
        guard !path.bytes.isEmpty || isFolder else {
            throw ArchiveError(
                .unsafePath, "the archive has a file that is called '\(RemoteText.printable(bytes: entry.name))'")
        }
        if entry.isIrregular || !path.isPlain || path.hasBackslash { findings.needsNormalizing = true }
        guard !path.bytes.isEmpty else { return }
        let (verdict, key) = try census.take(path, isFolder: isFolder)
        switch verdict {
        case .new: break
        case .repeatedFile:
            findings.needsNormalizing = true
            findings.lastOccurrences[key] = entryNumber
        case .repeatedFolder: findings.needsNormalizing = true
        case .conflict:
            findings.needsNormalizing = true
            // What is in conflict with it may be ignored, and leave several files of the name.
            if !isFolder { findings.lastOccurrences[key] = entryNumber }
        }
        if !findings.hasIgnored { findings.hasIgnored = try matcher.isIgnored(path.bytes, isFolder: isFolder) }
        if !isFolder && !path.hasBackslash { try openIgnoreFile(path.bytes, size: entry.size) }
    }

    mutating func content(_ bytes: Span<UInt8>) throws(ArchiveError) {
        guard ignoreFile != nil else { return }
        for index in 0..<bytes.count { ignoreFile?.text.append(bytes[index]) }
    }

    mutating func end() throws(ArchiveError) {
        guard let file = ignoreFile else { return }
        ignoreFile = nil
        // Of several files of one name the last is the one that counts.
        if let number = ignoreFileNumbers[file.folder] {
            findings.ignoreFiles[number] = file
        } else {
            ignoreFileNumbers[file.folder] = findings.ignoreFiles.count
            findings.ignoreFiles.append(file)
        }
    }

    mutating func finish(_ summary: LayerWalk<LayerInspector>.Summary) -> LayerFindings {
        if summary.trailingBytes > 0 || !summary.hasEndMarker { findings.needsNormalizing = true }
        return findings
    }

    private mutating func openIgnoreFile(_ path: [UInt8], size: Int64) throws(ArchiveError) {
        let name = [UInt8](".sourceignore".utf8)
        guard path.count >= name.count, path.suffix(name.count).elementsEqual(name) else { return }
        let folder = path.dropLast(name.count)
        guard folder.isEmpty || folder.last == UInt8(ascii: "/") else { return }
        // A repository's own folder is never content.
        guard !folder.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual(".git".utf8) }) else {
            return
        }
        // Empty ones too take memory, for the folder.
        let overhead = folder.count + Self.ignoreFileOverhead
        guard size <= Int64(ignoreBytesLeft - overhead) else {
            throw ArchiveError(
                .ignoreRules,
                "the layer's .sourceignore files are too many or too long: more than \(IgnoreRules.Limits().bytes) "
                    + "bytes altogether, the names of their folders and \(Self.ignoreFileOverhead) bytes for each "
                    + "included")
        }
        ignoreBytesLeft -= Int(size) + overhead
        ignoreFile = ([UInt8](folder.dropLast()), [])
    }
}
