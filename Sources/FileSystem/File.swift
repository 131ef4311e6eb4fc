internal import Glibc

/// An open regular file; closed when the last reference to it goes.
///
/// Every call blocks: use it on a thread that may block.
@safe
package final class File: Sendable {
    let descriptor: Int32
    /// How the file was named when it was opened, for messages.
    package let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Opens the regular file at `path` for reading; it may lead through symbolic links: for paths that the operator chose.
    /// - Throws: also when `path` is anything but a regular file.
    package convenience init(path: String) throws(FileSystemError) {
        // Without O_NONBLOCK the opening of a FIFO would wait for a writer.
        let descriptor = try FileSystemError.check("open", path) {
            unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        }
        self.init(descriptor: descriptor, path: path)
        let kind = try status().kind
        guard kind == .regular else {
            throw FileSystemError(operation: "open", path: path, number: kind == .directory ? EISDIR : EINVAL)
        }
    }

    /// Writes all of `bytes` where the last write ended.
    package func write(_ bytes: Span<UInt8>) throws(FileSystemError) {
        var offset = 0
        while offset < bytes.count {
            offset += try FileSystemError.check("write to", path) {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.write(
                        descriptor, UnsafeRawBufferPointer(rebasing: buffer[offset...]).baseAddress,
                        buffer.count - offset)
                }
            }
        }
    }

    /// Writes all of `bytes` where the last write ended.
    package func write(_ bytes: [UInt8]) throws(FileSystemError) {
        try write(bytes.span)
    }

    /// Reads up to `buffer.count` bytes at `offset` into the start of `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    package func read(into buffer: inout [UInt8], at offset: Int64) throws(FileSystemError) -> Int {
        let count = buffer.count
        return try FileSystemError.check("read", path) {
            unsafe buffer.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        }
    }

    /// The whole content.
    /// - Throws: also when it is longer than `limit` bytes (`EFBIG`).
    package func contents(upTo limit: Int) throws(FileSystemError) -> [UInt8] {
        let size = try status().size
        guard size <= Int64(limit) else { throw FileSystemError(operation: "read", path: path, number: EFBIG) }
        var buffer = [UInt8](repeating: 0, count: Int(size))
        var filled = 0
        while filled < buffer.count {
            let count = buffer.count
            let start = filled
            let read = try FileSystemError.check("read", path) {
                unsafe buffer.withUnsafeMutableBytes {
                    unsafe pread(descriptor, $0.baseAddress?.advanced(by: start), count - start, off_t(start))
                }
            }
            if read == 0 { break }
            filled += read
        }
        buffer.removeLast(buffer.count - filled)
        return buffer
    }

    /// What the system knows about the file now.
    package func status() throws(FileSystemError) -> FileStatus {
        var status = stat()
        try FileSystemError.check("look at", path) { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// Waits until the content is on the disk.
    package func synchronize() throws(FileSystemError) {
        try FileSystemError.check("synchronize", path) { fsync(descriptor) }
    }

    /// Sets the permission bits, whatever the process's mask.
    package func setMode(_ mode: UInt32) throws(FileSystemError) {
        try FileSystemError.check("set the mode of", path) { fchmod(descriptor, mode_t(mode)) }
    }

    /// Tells the system that the file is read once, from start to end.
    package func adviseSequentialReading() {
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}
