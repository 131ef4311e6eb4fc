internal import Archiving
internal import Core
internal import Cryptography
internal import FileSystem

/// Writes a layer to its temporary file and hashes it.
///
/// Unchecked: the pipeline hands it one batch after the other, each on some thread of the executor.
final class WritingLane: @unchecked Sendable {
    private let file: File
    private var hash: LayerHash

    init(file: File, layer: Digest.Algorithm, artifact: Digest.Algorithm) {
        self.file = file
        hash = LayerHash(layer, artifact)
    }

    func consume(_ batch: [[UInt8]]) throws {
        for chunk in batch {
            hash.update(chunk.span)
            try file.write(chunk)
        }
    }

    var layerDigest: Digest { hash.layerDigest }
    var artifactDigest: Digest { hash.artifactDigest }
}

/// Unpacks and checks a layer.
///
/// A failure is kept until the end: that the bytes are not the announced ones says more than what is wrong with them.
/// Unchecked for the reason of ``WritingLane``.
final class InspectingLane: @unchecked Sendable {
    private let walk: LayerWalk<LayerInspector>
    private var failure: ArchiveError?
    /// Ends the work at the next chunk or entry.
    let flag: CancellationFlag

    init(rules: IgnoreRules, limits: ArtifactLimits, flag: CancellationFlag) {
        walk = LayerWalk(inspecting: rules, limits: limits, flag: flag)
        self.flag = flag
    }

    func consume(_ batch: [[UInt8]]) throws(CancellationError) {
        for chunk in batch {
            try flag.check()
            try consume(chunk.span)
        }
    }

    func consume(_ piece: Span<UInt8>) throws(CancellationError) {
        guard failure == nil else { return }
        do throws(ArchiveError) {
            try walk.consume(piece)
        } catch {
            failure = error
            if error.code == .cancelled { throw CancellationError() }
        }
    }

    func finish() throws(ArchiveError) -> LayerFindings {
        if let failure { throw failure }
        return try walk.findings()
    }
}

/// A new artifact's file: written, hashed and counted.
final class ArtifactOutput {
    private let file: File
    private var hash: StreamingDigest

    init(file: File, algorithm: Digest.Algorithm) {
        self.file = file
        hash = StreamingDigest(algorithm)
    }

    func write(_ bytes: Span<UInt8>) throws(ArchiveError) {
        hash.update(bytes)
        do throws(FileSystemError) {
            try file.write(bytes)
        } catch {
            throw ArchiveError(.inputOutput, error.description, underlying: error)
        }
    }

    var digest: Digest { hash.current() }
}

extension CancellationFlag {
    /// ``check()`` for visitors of an archive: matching one entry against intricate rules may take long.
    func checkEntry() throws(ArchiveError) {
        if isRaised { throw ArchiveError(.cancelled, "the work was cancelled", underlying: CancellationError()) }
    }
}

extension File {
    /// Hands the whole content to `body`, in pieces.
    func forEachPiece(_ flag: CancellationFlag? = nil, _ body: (Span<UInt8>) throws -> Void) throws {
        adviseSequentialReading()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        var offset: Int64 = 0
        while true {
            try flag?.check()
            let count = try read(into: &buffer, at: offset)
            if count == 0 { return }
            try body(buffer.span.extracting(..<count))
            offset += Int64(count)
        }
    }

    /// The digest of the whole content.
    func digest(_ algorithm: Digest.Algorithm, _ flag: CancellationFlag? = nil) throws -> Digest {
        var hash = StreamingDigest(algorithm)
        try forEachPiece(flag) { hash.update($0) }
        return hash.finalize()
    }
}

/// Hashes a layer with the announced algorithm and, where that is another one, with the artifacts'.
struct LayerHash: ~Copyable {
    private var layer: StreamingDigest
    private var artifact: StreamingDigest
    private let hashesTwice: Bool

    init(_ layerAlgorithm: Digest.Algorithm, _ artifactAlgorithm: Digest.Algorithm) {
        layer = StreamingDigest(layerAlgorithm)
        artifact = StreamingDigest(artifactAlgorithm)
        hashesTwice = layerAlgorithm != artifactAlgorithm
    }

    mutating func update(_ bytes: Span<UInt8>) {
        layer.update(bytes)
        if hashesTwice { artifact.update(bytes) }
    }

    var layerDigest: Digest { layer.current() }
    var artifactDigest: Digest {
        if hashesTwice { return artifact.current() }
        return layer.current()
    }
}
