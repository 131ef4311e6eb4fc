internal import Core
internal import FileSystem

/// Unpacks a gzipped tar archive, fed in pieces, into a folder. Nothing is written outside of it, whatever the archive says
/// and whatever symbolic links lie in the folder: names with `..` and absolute ones are refused, links are not made and not
/// followed. Blocks; used by one thread at a time.
package final class ArchiveExtractor {
    /// Bounds for what is unpacked.
    package struct Limits: Sendable, Hashable {
        /// Bytes of all files.
        package var unpackedSize: Int64
        /// Files and folders.
        package var entryCount: Int
        package var path: ArchivePath.Limits

        package init(
            unpackedSize: Int64 = 8 << 30, entryCount: Int = 250_000, path: ArchivePath.Limits = ArchivePath.Limits()
        ) {
            self.unpackedSize = unpackedSize
            self.entryCount = entryCount
            self.path = path
        }
    }

    /// What was unpacked.
    package struct Summary: Sendable, Hashable {
        package internal(set) var fileCount = 0
        package internal(set) var folderCount = 0
        /// Names of links, devices and the like, which were left out; printable, at most 10.
        package internal(set) var skipped: [String] = []
        /// How many were left out.
        package internal(set) var skippedCount = 0
    }

    private var gunzip = Gunzip()
    private var reader = TarReader()
    private var visitor: Visitor
    private let limits: Limits
    private var unpacked: Int64 = 0

    /// Unpacks into the folder at `path`, which must exist.
    /// - Throws: `inputOutput`.
    package init(into path: String, limits: Limits = Limits()) throws(ArchiveError) {
        let root = try archiving { try Directory(path: path) }
        visitor = Visitor(root, limits)
        self.limits = limits
    }

    /// Unpacks the next bytes.
    /// - Throws: what is wrong with the archive, or `inputOutput`; what was unpacked before stays.
    package func consume(_ bytes: Span<UInt8>) throws(ArchiveError) {
        try gunzip.consume(bytes, take)
    }

    private func take(_ piece: Span<UInt8>) throws(ArchiveError) {
        unpacked += Int64(piece.count)
        guard unpacked <= limits.unpackedSize else {
            throw ArchiveError(.unpackedSize, "the archive unpacks to more than \(limits.unpackedSize) bytes")
        }
        try reader.consume(piece, &visitor)
    }

    /// Ends the archive.
    /// - Throws: `truncated` and the like.
    package func finish() throws(ArchiveError) -> Summary {
        _ = try gunzip.finish()
        _ = try reader.finish()
        return visitor.summary
    }
}

extension ArchiveExtractor {
    private struct Visitor: TarVisitor {
        private(set) var summary = Summary()
        private let root: Directory
        private let limits: Limits
        private var file: File?
        // The folder of the last entry: most entries lie in the same one as the one before.
        private var folder: (path: [ArraySlice<UInt8>], directory: Directory)
        private var entries = 0

        init(_ root: Directory, _ limits: Limits) {
            self.root = root
            self.limits = limits
            folder = ([], root)
        }

        mutating func begin(_ entry: TarEntry) throws(ArchiveError) {
            entries += 1
            guard entries <= limits.entryCount else {
                throw ArchiveError(.entryCount, "the archive has more than \(limits.entryCount) entries")
            }
            let path = try ArchivePath(entry.name, limits: limits.path)
            var components = path.bytes.split(separator: UInt8(ascii: "/"))
            try archiving {
                switch entry.kind {
                case .directory:
                    try open(components, mode: entry.mode)
                    summary.folderCount += 1
                case .regular:
                    guard let name = components.popLast().map([UInt8].init) else {
                        throw ArchiveError(
                            .unsafePath,
                            "the archive has a file that is called '\(RemoteText.printable(bytes: entry.name))'")
                    }
                    try open(components, mode: 0o755)
                    // Whatever has the name goes; a folder does not, and making the file then fails.
                    if try folder.directory.status(of: name)?.kind != .directory { try folder.directory.remove(name) }
                    file = try folder.directory.createFile(name, mode: entry.mode & 0o777 | 0o600)
                    summary.fileCount += 1
                default:
                    summary.skippedCount += 1
                    if summary.skipped.count < 10 { summary.skipped.append(RemoteText.printable(bytes: entry.name)) }
                }
            }
        }

        private mutating func open(_ path: [ArraySlice<UInt8>], mode: UInt32) throws {
            if path == folder.path { return }
            var directory = root
            for component in path {
                directory = try directory.directory([UInt8](component), creatingWithMode: mode & 0o777 | 0o700)
            }
            folder = (path, directory)
        }

        mutating func content(_ bytes: Span<UInt8>) throws(ArchiveError) {
            guard let file else { return }
            do throws(FileSystemError) {
                try file.write(bytes)
            } catch {
                throw ArchiveError(.inputOutput, error.description, underlying: error)
            }
        }

        mutating func end() throws(ArchiveError) {
            file = nil
        }
    }
}
