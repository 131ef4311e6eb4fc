internal import Core
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
