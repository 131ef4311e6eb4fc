/// One member of a tar archive: what its headers say.
package struct TarEntry: Sendable, Hashable {
    /// What kind of file an entry is.
    package enum Kind: Sendable, Hashable {
        case regular, directory, symbolicLink, hardLink, characterDevice, blockDevice, fifo
        /// A file with holes, in one of GNU's formats.
        case sparse
        /// Something no file: a volume label, a part of a multi-volume archive, an unknown type flag.
        case other(UInt8)
    }

    package var kind: Kind
    /// The name as the archive has it: bytes, in whatever encoding.
    package var name: [UInt8]
    /// Where a symbolic or hard link leads; empty for others.
    package var linkName: [UInt8]
    /// Bytes of content that follow in the archive.
    package var size: Int64
    /// Permission bits, at most 0o7777.
    package var mode: UInt32
    /// Whether other readers may understand the headers differently or refuse them (numbers that are none, a size where
    /// there is no content, a global header that renames, several headers for one entry), or the headers ask for more than
    /// a file needs: setuid, setgid or sticky, extended attributes.
    package var isIrregular: Bool

    /// An entry.
    package init(
        kind: Kind, name: [UInt8], linkName: [UInt8] = [], size: Int64 = 0, mode: UInt32, isIrregular: Bool = false
    ) {
        self.kind = kind
        self.name = name
        self.linkName = linkName
        self.size = size
        self.mode = mode
        self.isIrregular = isIrregular
    }
}

extension TarEntry.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .regular: "file"
        case .directory: "folder"
        case .symbolicLink: "symbolic link"
        case .hardLink: "hard link"
        case .characterDevice: "character device"
        case .blockDevice: "block device"
        case .fifo: "FIFO"
        case .sparse: "sparse file"
        case .other(let flag): "entry of type \(flag)"
        }
    }
}

/// What consumes the entries of a ``TarReader``.
package protocol TarVisitor: ~Copyable {
    /// An entry begins.
    mutating func begin(_ entry: TarEntry) throws(ArchiveError)
    /// The next bytes of the entry's content.
    mutating func content(_ bytes: Span<UInt8>) throws(ArchiveError)
    /// The entry's content, `size` bytes of it, is complete.
    mutating func end() throws(ArchiveError)
}
