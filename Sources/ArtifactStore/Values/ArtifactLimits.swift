package import Archiving

/// Bounds for one artifact; each has a flag that messages name.
package struct ArtifactLimits: Sendable, Hashable {
    /// Bytes of a layer as it is downloaded (`--layer-size-limit`).
    package var layerSize: Int64
    /// Bytes of a layer once unpacked (`--unpacked-size-limit`).
    package var unpackedSize: Int64
    /// Unpacked bytes for each packed one (`--compression-ratio-limit`); only asked above `ratioFloor`.
    package var compressionRatio: Int64
    /// Files and folders of a layer, folders that are only implied by a path among them (`--entry-count-limit`).
    package var entryCount: Int
    /// Bytes (`--path-length-limit`) and components (`--path-depth-limit`) of a path.
    package var path: ArchivePath.Limits

    /// Small archives of repetitive text compress extremely well and harm nobody: up to this many unpacked bytes the ratio
    /// is not asked.
    package static let ratioFloor: Int64 = 64 << 20

    package init(
        layerSize: Int64 = 2 << 30, unpackedSize: Int64 = 8 << 30, compressionRatio: Int64 = 200,
        entryCount: Int = 250_000, pathLength: Int = 4096, pathDepth: Int = 100
    ) {
        self.layerSize = layerSize
        self.unpackedSize = unpackedSize
        self.compressionRatio = compressionRatio
        self.entryCount = entryCount
        path = ArchivePath.Limits(
            length: pathLength, depth: pathDepth,
            settings: ArchivePath.Limits.Settings(length: "--path-length-limit", depth: "--path-depth-limit"))
    }

    /// - Throws: `unpackedSize` or `ratio` when a layer that unpacks so far is beyond the limits.
    func check(unpacked: Int64, packed: Int64) throws(ArchiveError) {
        guard unpacked <= unpackedSize else {
            throw ArchiveError(
                .unpackedSize,
                "the layer unpacks to more than the limit of \(unpackedSize) bytes (--unpacked-size-limit)")
        }
        let (bound, overflow) = packed.multipliedReportingOverflow(by: compressionRatio)
        guard unpacked <= Self.ratioFloor || overflow || unpacked <= bound else {
            throw ArchiveError(
                .ratio,
                "the layer unpacks to more than \(compressionRatio) times its size (--compression-ratio-limit), "
                    + "which looks like a decompression bomb")
        }
    }
}
