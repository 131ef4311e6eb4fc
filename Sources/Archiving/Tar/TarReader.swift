/// Reads a tar archive piece by piece: ustar, seventh edition, GNU and pax headers, names as bytes.
///
/// It keeps one header and, for a moment, one long name; content passes through. Used by one thread at a time.
package struct TarReader: ~Copyable {
    /// How an archive ended.
    package struct Summary: Sendable, Hashable {
        /// Entries, headers that only carry names not counted.
        package let entryCount: Int
        /// Whether the two zero blocks that end an archive were there.
        package let hasEndMarker: Bool
        /// Bytes other than zero behind the end marker.
        package let trailingBytes: Int64
    }

    private enum State {
        case header
        case content(left: Int64, padding: Int)
        case sparseMap(TarEntry, TarHeader)
        case metadata(Metadata, left: Int, padding: Int)
        case padding(Int)
        case ended
    }

    private enum Metadata {
        case longName, longLink, extended, global
    }

    /// A bound for long names and extended headers: what they hold is names, so anything near it is an attack.
    package static let metadataLimit = 1024 * 1024

    private var state = State.header
    private var block: [UInt8] = []
    private var metadata: [UInt8] = []
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    private var local = PAXRecords()
    private var global = PAXRecords()
    private var hasPendingMetadata = false
    private var hasExtendedHeader = false
    // Whether other readers take other headers in front of the next entry for its own.
    private var isAmbiguous = false
    private var hasZeroBlock = false
    private var entryCount = 0
    private var offset: Int64 = 0
    private var trailingBytes: Int64 = 0

    /// A reader at the start of an archive.
    package init() {
        block.reserveCapacity(TarHeader.size)
    }

    /// Reads the next bytes and tells `visitor` what is in them.
    /// - Throws: `notTar`, `corruptTar`, `headerSize`, or what the visitor throws; the reader is of no use after that.
    package mutating func consume(
        _ input: Span<UInt8>, _ visitor: inout some TarVisitor & ~Copyable
    ) throws(ArchiveError) {
        var rest = input
        while !rest.isEmpty {
            let taken = try step(rest, &visitor)
            offset += Int64(taken)
            rest = rest.extracting(taken...)
        }
    }

    /// Ends the archive.
    /// - Throws: `notTar` when there was nothing, `truncated` when it ends within an entry.
    package mutating func finish() throws(ArchiveError) -> Summary {
        switch state {
        case .header where block.isEmpty && !hasPendingMetadata:
            if entryCount == 0 && !hasZeroBlock {
                throw ArchiveError(.notTar, "the unpacked data is empty, not a tar archive")
            }
        case .ended: break
        default:
            if entryCount == 0 && offset < Int64(TarHeader.size) {
                throw ArchiveError(.notTar, "the unpacked data is no tar archive: it has only \(offset) bytes")
            }
            throw ArchiveError(.truncated, "the tar archive ends in the middle, after \(offset) bytes")
        }
        var hasEndMarker = false
        if case .ended = state { hasEndMarker = true }
        return Summary(entryCount: entryCount, hasEndMarker: hasEndMarker, trailingBytes: trailingBytes)
    }

    private mutating func step(
        _ input: Span<UInt8>, _ visitor: inout some TarVisitor & ~Copyable
    ) throws(ArchiveError) -> Int {
        switch state {
        case .header:
            let taken = fill(input)
            if block.count == TarHeader.size {
                let full = block
                block.removeAll(keepingCapacity: true)
                try read(full, &visitor)
            }
            return taken
        case .sparseMap(let entry, let header):
            let taken = fill(input)
            if block.count == TarHeader.size {
                let isLast = block[504] == 0
                block.removeAll(keepingCapacity: true)
                if isLast { try begin(entry, size: header.contentSize ?? 0, &visitor) }
            }
            return taken
        case .content(let left, let padding):
            let count = Int(min(left, Int64(input.count)))
            try visitor.content(input.extracting(..<count))
            if Int64(count) == left {
                try visitor.end()
                state = padding > 0 ? .padding(padding) : .header
            } else {
                state = .content(left: left - Int64(count), padding: padding)
            }
            return count
        case .metadata(let kind, let left, let padding):
            let count = min(left, input.count)
            Self.append(input.extracting(..<count), to: &metadata)
            if count == left {
                state = padding > 0 ? .padding(padding) : .header
                try take(kind)
            } else {
                state = .metadata(kind, left: left - count, padding: padding)
            }
            return count
        case .padding(let left):
            let count = min(left, input.count)
            state = count == left ? .header : .padding(left - count)
            return count
        case .ended:
            for index in 0..<input.count where input[index] != 0 { trailingBytes += 1 }
            return input.count
        }
    }

    private mutating func fill(_ input: Span<UInt8>) -> Int {
        let count = min(TarHeader.size - block.count, input.count)
        Self.append(input.extracting(..<count), to: &block)
        return count
    }

    private static func append(_ bytes: Span<UInt8>, to array: inout [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe array.append(contentsOf: $0) }
    }

    private mutating func read(
        _ block: [UInt8], _ visitor: inout some TarVisitor & ~Copyable
    ) throws(ArchiveError) {
        if TarHeader.isEnd(block) {
            if hasPendingMetadata { throw corrupt("a header announces an entry that does not follow") }
            if hasZeroBlock { state = .ended }
            hasZeroBlock = true
            return
        }
        guard !hasZeroBlock, let header = TarHeader(block) else {
            if entryCount == 0 && !hasPendingMetadata && !hasZeroBlock {
                throw ArchiveError(
                    .notTar, "the unpacked data is no tar archive: its first header has no valid checksum")
            }
            throw corrupt(hasZeroBlock ? "a lone zero block" : "a header with a wrong checksum")
        }
        switch header.flag {
        case UInt8(ascii: "L"): try expect(.longName, header)
        case UInt8(ascii: "K"): try expect(.longLink, header)
        case UInt8(ascii: "x"), UInt8(ascii: "X"): try expect(.extended, header)
        case UInt8(ascii: "g"): try expect(.global, header)
        default: try readEntry(header, &visitor)
        }
    }

    private mutating func expect(_ kind: Metadata, _ header: TarHeader) throws(ArchiveError) {
        guard let size = header.contentSize, size >= 0 else { throw corrupt("a header with an impossible size") }
        guard size <= Int64(Self.metadataLimit) else {
            throw ArchiveError(
                .headerSize,
                "the tar archive has a long-name or extended header of \(size) bytes at byte \(offset); "
                    + "at most \(Self.metadataLimit) are read")
        }
        metadata.removeAll(keepingCapacity: true)
        // Of the extended headers of one entry some take the last, some all; a global one in between makes some forget
        // what came before; the capital letter is Sun's, and an entry of its own for most.
        switch kind {
        case .extended:
            if hasExtendedHeader || header.flag == UInt8(ascii: "X") { isAmbiguous = true }
            hasExtendedHeader = true
        case .global: if hasPendingMetadata { isAmbiguous = true }
        case .longName, .longLink: break
        }
        if kind != .global { hasPendingMetadata = true }
        if size == 0 {
            state = .header
            try take(kind)
        } else {
            state = .metadata(kind, left: Int(size), padding: Self.padding(size))
        }
    }

    private mutating func take(_ kind: Metadata) throws(ArchiveError) {
        defer { metadata = [] }
        switch kind {
        case .longName: longName = [UInt8](metadata.prefix { $0 != 0 })
        case .longLink: longLink = [UInt8](metadata.prefix { $0 != 0 })
        case .extended:
            guard local.parse(metadata) else { throw corrupt("a malformed extended header") }
        case .global:
            guard global.parse(metadata) else { throw corrupt("a malformed global extended header") }
        }
    }

    private mutating func readEntry(
        _ header: TarHeader, _ visitor: inout some TarVisitor & ~Copyable
    ) throws(ArchiveError) {
        let isSparse = local.isSparse || global.isSparse
        let size = local.size ?? global.size ?? header.contentSize
        guard let size, size >= 0, size <= Int64.max - 1024 else { throw corrupt("an entry with an impossible size") }
        var entry = TarEntry(
            kind: Self.kind(of: header.flag), name: local.path ?? longName ?? global.path ?? header.name,
            linkName: local.linkPath ?? longLink ?? global.linkPath ?? header.linkName, size: size, mode: header.mode,
            isIrregular: isAmbiguous || header.isAmbiguous || header.hasBadNumbers || global.changesEntries
                || local.hasExtendedAttributes || global.hasExtendedAttributes || header.contentSize == nil
                || (longName != nil && local.path != nil))
        if entry.kind == .regular {
            if isSparse {
                entry.kind = .sparse
            } else if entry.name.last == UInt8(ascii: "/") {
                // How archives from before ustar mark folders; others keep to the type if there is one.
                entry.kind = .directory
                if header.flag != 0 { entry.isIrregular = true }
            }
        }
        // Old formats have the type in the mode too; some readers believe it there.
        let type: Int64 = entry.kind == .directory ? 0o040000 : 0o100000
        if header.specialMode != 0 && header.specialMode != type { entry.isIrregular = true }
        switch entry.kind {
        case .directory, .symbolicLink, .hardLink, .characterDevice, .blockDevice, .fifo:
            // These have no content; a size in the header means none follows (as other readers have it).
            if size != 0 { entry.isIrregular = true }
            entry.size = 0
        case .regular, .sparse, .other: break
        }
        if entry.kind != .symbolicLink && entry.kind != .hardLink { entry.linkName = [] }
        local = PAXRecords()
        longName = nil
        longLink = nil
        hasPendingMetadata = false
        hasExtendedHeader = false
        isAmbiguous = false
        entryCount += 1
        if header.hasSparseExtension {
            state = .sparseMap(entry, header)
        } else {
            try begin(entry, size: entry.size, &visitor)
        }
    }

    private mutating func begin(
        _ entry: TarEntry, size: Int64, _ visitor: inout some TarVisitor & ~Copyable
    ) throws(ArchiveError) {
        try visitor.begin(entry)
        if size == 0 {
            try visitor.end()
            state = .header
        } else {
            state = .content(left: size, padding: Self.padding(size))
        }
    }

    private func corrupt(_ what: String) -> ArchiveError {
        ArchiveError(.corruptTar, "the tar archive is damaged at byte \(offset), after \(entryCount) entries: \(what)")
    }

    private static func padding(_ size: Int64) -> Int {
        let over = Int(size % Int64(TarHeader.size))
        return over == 0 ? 0 : TarHeader.size - over
    }

    private static func kind(of flag: UInt8) -> TarEntry.Kind {
        switch flag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .regular
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "6"): .fifo
        case UInt8(ascii: "S"): .sparse
        default: .other(flag)
        }
    }
}
