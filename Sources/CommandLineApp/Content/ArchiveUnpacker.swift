internal import Archiving
internal import Core
internal import FileSystem

/// Unpacks a tar+gzip layer below a folder. Nothing outside of it is touched: names that lead out are refused, symbolic
/// links are neither followed nor made.
struct ArchiveUnpacker: ~Copyable, TarVisitor {
    private static let maximumEntries = 1_000_000
    private static let maximumBytes: Int64 = 64 << 30

    private let root: Directory
    private var file: File?
    private var entries = 0
    private var bytes: Int64 = 0
    private var files = 0

    private init(root: Directory) { self.root = root }

    /// Unpacks the archive whose bytes `chunks` gives; the folder is made if it is not there.
    /// - Returns: the number of files written.
    static func unpack(_ chunks: any AsyncSequence<[UInt8], any Error> & Sendable, to path: String) async throws -> Int
    {
        let executor = BlockingExecutor(label: "unpack", width: 1)
        let work = Locked<Work?>(nil)
        try await executor.run {
            let folder = try makeFolder(path)
            work.withLock { $0 = Work(root: folder) }
        }
        for try await chunk in chunks {
            try await executor.run { try work.withLock { try $0?.consume(chunk) } }
        }
        return try await executor.run { try work.withLock { try $0?.finish() ?? 0 } }
    }

    /// What unpacks, on one thread at a time.
    private final class Work: @unchecked Sendable {
        private var gunzip = Gunzip()
        private var tar = TarReader()
        private var unpacker: ArchiveUnpacker

        init(root: Directory) { unpacker = ArchiveUnpacker(root: root) }

        func consume(_ chunk: [UInt8]) throws {
            try gunzip.consume(chunk.span) { bytes throws(ArchiveError) in try tar.consume(bytes, &unpacker) }
        }

        func finish() throws -> Int {
            _ = try gunzip.finish()
            _ = try tar.finish()
            return unpacker.files
        }
    }

    private static func makeFolder(_ path: String) throws(FileSystemError) -> Directory {
        do {
            return try Directory(path: path)
        } catch {
            guard error.isNotFound, !path.isEmpty else { throw error }
        }
        let (parent, name) = PathComponents.split(path)
        return try makeFolder(parent).directory(name, creatingWithMode: 0o755)
    }

    mutating func begin(_ entry: TarEntry) throws(ArchiveError) {
        entries += 1
        guard entries <= Self.maximumEntries else {
            throw ArchiveError(.entryCount, "the artifact has more than \(Self.maximumEntries) entries")
        }
        let path = try ArchivePath(entry.name)
        let components = path.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
        do {
            switch entry.kind {
            case .directory: _ = try folder(components[...])
            case .regular:
                guard let name = components.last else { return }
                let folder = try folder(components.dropLast())
                try folder.remove(name)
                file = try folder.createFile(name, mode: entry.mode & 0o100 == 0 ? 0o644 : 0o755)
                files += 1
            default: break
            }
        } catch {
            throw ArchiveError(.inputOutput, "\(error)", underlying: error)
        }
    }

    mutating func content(_ content: Span<UInt8>) throws(ArchiveError) {
        bytes += Int64(content.count)
        guard bytes <= Self.maximumBytes else {
            throw ArchiveError(.unpackedSize, "the artifact unpacks to more than \(Self.maximumBytes) bytes")
        }
        do { try file?.write(content) } catch { throw ArchiveError(.inputOutput, "\(error)", underlying: error) }
    }

    mutating func end() throws(ArchiveError) { file = nil }

    private func folder(_ components: ArraySlice<[UInt8]>) throws(FileSystemError) -> Directory {
        var folder = root
        for name in components { folder = try folder.directory(name, creatingWithMode: 0o755) }
        return folder
    }
}
