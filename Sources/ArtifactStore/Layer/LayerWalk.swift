internal import Archiving
internal import Core

/// Unpacks a layer in pieces, checks the limits on its size, and hands its entries to a visitor. Used by one thread at a
/// time.
final class LayerWalk<Visitor: TarVisitor & ~Copyable> {
    /// How a layer ended.
    struct Summary {
        let hasEndMarker: Bool
        /// Bytes behind the end of the archive or of the gzip data.
        let trailingBytes: Int64
    }

    private var gunzip = Gunzip()
    private var reader = TarReader()
    private(set) var visitor: Visitor
    private let limits: ArtifactLimits
    private var packed: Int64 = 0
    private var unpacked: Int64 = 0

    init(_ visitor: consuming Visitor, limits: ArtifactLimits) {
        self.visitor = visitor
        self.limits = limits
    }

    func consume(_ bytes: Span<UInt8>) throws(ArchiveError) {
        packed += Int64(bytes.count)
        try gunzip.consume(bytes, take)
    }

    private func take(_ piece: Span<UInt8>) throws(ArchiveError) {
        unpacked += Int64(piece.count)
        try limits.check(unpacked: unpacked, packed: packed)
        try reader.consume(piece, &visitor)
    }

    /// Ends the layer and asks the visitor for its result.
    func finish<Result>(
        _ body: (inout Visitor, Summary) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        let packing = try gunzip.finish()
        let archive = try reader.finish()
        let summary = Summary(
            hasEndMarker: archive.hasEndMarker, trailingBytes: packing.trailingBytes + archive.trailingBytes)
        return try body(&visitor, summary)
    }
}

extension LayerWalk where Visitor == LayerInspector {
    convenience init(inspecting rules: IgnoreRules, limits: ArtifactLimits, flag: CancellationFlag) {
        self.init(LayerInspector(rules: rules, limits: limits, flag: flag), limits: limits)
    }

    func findings() throws(ArchiveError) -> LayerFindings {
        try finish { (visitor, summary) throws(ArchiveError) in visitor.finish(summary) }
    }
}

extension LayerWalk where Visitor == LayerNormalizer {
    func skippedEntries() throws(ArchiveError) -> SkippedEntries {
        try finish { (visitor, _) throws(ArchiveError) in try visitor.finish() }
    }
}
