internal import Archiving
internal import Core
internal import Cryptography
internal import FileSystem
internal import RegistryClient

/// A packed layer in a file without a name: it is gone with its last user.
struct PackedLayer: Sendable {
    /// Of the tar+gzip bytes.
    let digest: Digest
    let size: Int64
    /// Of the tar bytes.
    let unpackedDigest: Digest
    let file: File
    /// Links and the like, which an artifact cannot hold.
    let skipped: [String]

    /// What is left out unless the user says otherwise: version control, pictures and archives.
    static let defaultIgnores =
        IgnoreRules.versionControl + ["*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"]

    /// Packs a folder, or one file, into a temporary file: deterministic, so that equal content has an equal digest.
    /// - Throws: `ArchiveError`, `FileSystemError`.
    static func pack(
        path: String, ignoring patterns: [String], environment: [String: String]
    ) async throws -> PackedLayer {
        try await BlockingExecutor(label: "pack", width: 1).run {
            var rules = IgnoreRules()
            try rules.append(patterns)
            let file = try temporaryFile(environment)
            let packed = Hashing(), unpacked = Hashing()
            let summary = try ArchiveBuilder.pack(
                path, options: .init(isReproducible: true, ignore: rules), unpacked: { unpacked.update($0) }
            ) { bytes throws(ArchiveError) in
                packed.update(bytes)
                do throws(FileSystemError) {
                    try file.write(bytes)
                } catch {
                    throw ArchiveError(.inputOutput, error.description, underlying: error)
                }
            }
            return PackedLayer(
                digest: packed.digest.current(), size: try file.status().size,
                unpackedDigest: unpacked.digest.current(), file: file, skipped: summary.skipped)
        }
    }

    private static func temporaryFile(_ environment: [String: String]) throws -> File {
        let folder = try Directory(path: environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp")
        let name = ".sourcectl-\(Hexadecimal.encode(SecureRandom.bytes(12)))"
        let file = try folder.createFile(name, mode: 0o600)
        try folder.remove(name)
        return file
    }

    /// A running digest that closures share.
    private final class Hashing {
        var digest = StreamingDigest(.sha256)
        func update(_ bytes: Span<UInt8>) { digest.update(bytes) }
    }

    /// The bytes, for pushing.
    var content: BlobSource {
        let file = file
        return BlobSource(size: size) { range in FileChunks(file: file, range: range) }
    }
}

/// A range of a file in pieces, read on a thread that may block.
struct FileChunks: AsyncSequence, Sendable {
    typealias Failure = any Error

    private static let chunkSize: Int64 = 256 << 10

    let file: File
    let range: Range<Int64>

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file, range: range) }

    struct AsyncIterator: AsyncIteratorProtocol {
        private let file: File
        private let executor = BlockingExecutor(label: "file", width: 1)
        private var position: Int64
        private let end: Int64

        init(file: File, range: Range<Int64>) {
            self.file = file
            position = range.lowerBound
            end = range.upperBound
        }

        mutating func next() async throws -> [UInt8]? {
            guard position < end else { return nil }
            let (file, position, count) = (file, position, Int(Swift.min(FileChunks.chunkSize, end - position)))
            let chunk = try await executor.run { () -> [UInt8] in
                var buffer = [UInt8](repeating: 0, count: count)
                let read = try file.read(into: &buffer, at: position)
                buffer.removeLast(count - read)
                return buffer
            }
            self.position += Int64(chunk.count)
            return chunk.isEmpty ? nil : chunk
        }
    }
}
