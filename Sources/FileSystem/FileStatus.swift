package import Core
internal import Glibc

/// What the system knows about a file.
package struct FileStatus: Sendable, Hashable {
    /// What a name stands for.
    package enum Kind: Sendable, Hashable {
        case regular, directory, symbolicLink, other
    }

    package let kind: Kind
    /// Bytes of content.
    package let size: Int64
    /// Identifies the file within its file system.
    package let inode: UInt64
    /// When the content last changed.
    package let modified: Timestamp
    /// Permission bits, at most 0o7777.
    package let mode: UInt32
    /// Names that the file has.
    package let links: UInt64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        size = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec))
        mode = UInt32(status.st_mode & 0o7777)
        links = UInt64(status.st_nlink)
    }
}
