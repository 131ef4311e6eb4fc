internal import OCI

/// Content to push: it can be read from any place and more than once, for retries and chunks.
package struct BlobSource: Sendable {
    /// Bytes of the whole content.
    package let size: Int64
    let read: @Sendable (Range<Int64>) throws -> any AsyncSequence<[UInt8], any Error> & Sendable

    /// Content of `size` bytes, of which `read` opens a range.
    package init(
        size: Int64, read: @escaping @Sendable (Range<Int64>) throws -> any AsyncSequence<[UInt8], any Error> & Sendable
    ) {
        self.size = size
        self.read = read
    }

    /// Content in memory.
    package static func bytes(_ bytes: [UInt8]) -> BlobSource {
        BlobSource(size: Int64(bytes.count)) { range in
            OneChunk(bytes: Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    private struct OneChunk: AsyncSequence, Sendable {
        typealias Failure = any Error
        let bytes: [UInt8]

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes) }

        struct AsyncIterator: AsyncIteratorProtocol {
            var bytes: [UInt8]?

            mutating func next() async throws -> [UInt8]? {
                defer { bytes = nil }
                return bytes.flatMap { $0.isEmpty ? nil : $0 }
            }
        }
    }
}

/// How a pushed blob got into its repository.
package enum BlobPushOutcome: Sendable, Hashable {
    /// It was there.
    case existed
    /// The registry took it over from another of its repositories.
    case mounted
    case uploaded
}
