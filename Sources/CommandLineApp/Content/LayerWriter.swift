internal import Archiving
internal import Core
internal import Cryptography
internal import FileSystem

/// Writes tar entries, packed, to a file, and hashes both forms on the way. Used by one thread.
final class LayerWriter {
    private let file: File
    private var tar = TarWriter()
    private var gzip = GzipWriter()
    private var packedDigest = StreamingDigest(.sha256)
    private var unpackedDigest = StreamingDigest(.sha256)

    init(file: File) { self.file = file }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        try tar.begin(entry) { bytes throws(ArchiveError) in try pack(bytes) }
    }

    func content(_ bytes: Span<UInt8>) throws(ArchiveError) {
        try tar.content(bytes) { bytes throws(ArchiveError) in try pack(bytes) }
    }

    func finish() throws(ArchiveError) -> PackedLayer {
        try tar.finish { bytes throws(ArchiveError) in try pack(bytes) }
        try gzip.finish { bytes throws(ArchiveError) in try write(bytes) }
        return PackedLayer(
            digest: packedDigest.current(), size: gzip.packedSize, unpackedDigest: unpackedDigest.current(), file: file)
    }

    private func pack(_ bytes: Span<UInt8>) throws(ArchiveError) {
        unpackedDigest.update(bytes)
        try gzip.write(bytes) { packed throws(ArchiveError) in try write(packed) }
    }

    private func write(_ bytes: Span<UInt8>) throws(ArchiveError) {
        packedDigest.update(bytes)
        do { try file.write(bytes) } catch { throw ArchiveError(.inputOutput, "\(error)", underlying: error) }
    }
}
