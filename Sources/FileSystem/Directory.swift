internal import Glibc

/// An open folder. Names are looked up relative to it and never lead out of it: a name is one path component, and no
/// call follows a symbolic link.
///
/// Every call blocks: use it on a thread that may block.
@safe
package final class Directory: Sendable {
    let descriptor: Int32
    /// How the folder was named when it was opened, for messages.
    package let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Opens the folder at `path`, which may lead through symbolic links: for paths that the operator chose.
    package convenience init(path: String) throws(FileSystemError) {
        let descriptor = try FileSystemError.check("open folder", path) {
            unsafe openFolder(AT_FDCWD, path, 0)
        }
        self.init(descriptor: descriptor, path: path)
    }

    /// Opens the folder called `name` in this one.
    package func directory(_ name: some FileName) throws(FileSystemError) -> Directory {
        let path = child(name)
        let folder = try FileSystemError.check("open folder", path) {
            unsafe name.withTerminatedName { unsafe openFolder(descriptor, $0, O_NOFOLLOW) }
        }
        return Directory(descriptor: folder, path: path)
    }

    /// Opens the folder called `name` in this one, made with permission bits `mode` if it is not there.
    package func directory(_ name: some FileName, creatingWithMode mode: UInt32) throws(FileSystemError) -> Directory {
        do {
            return try directory(name)
        } catch  where error.isNotFound {
            do {
                try makeDirectory(name, mode: mode)
            } catch  where error.isExisting {
                // Somebody else made it at the same time.
            }
            return try directory(name)
        }
    }

    /// Locks the folder for this process, as long as the value lives; advisory, and gone with the process.
    /// - Returns: false when another value or process holds the lock.
    package func lock() throws(FileSystemError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else {
            throw FileSystemError(operation: "lock folder", path: path, number: errno)
        }
        return false
    }

    /// Makes a folder.
    package func makeDirectory(_ name: some FileName, mode: UInt32) throws(FileSystemError) {
        try FileSystemError.check("make folder", child(name)) {
            unsafe name.withTerminatedName { unsafe mkdirat(descriptor, $0, mode_t(mode)) }
        }
    }

    /// Makes a file for reading and writing.
    /// - Throws: also when anything of that name is there.
    package func createFile(_ name: some FileName, mode: UInt32) throws(FileSystemError) -> File {
        let path = child(name)
        let file = try FileSystemError.check("make", path) {
            unsafe name.withTerminatedName { unsafe makeFile(descriptor, $0, mode_t(mode)) }
        }
        return File(descriptor: file, path: path)
    }

    /// Opens a regular file for reading.
    /// - Throws: also when `name` is anything but a regular file.
    package func openFile(_ name: some FileName) throws(FileSystemError) -> File {
        let path = child(name)
        let opened = try FileSystemError.check("open", path) {
            unsafe name.withTerminatedName { unsafe openForReading(descriptor, $0) }
        }
        let file = File(descriptor: opened, path: path)
        guard try file.status().kind == .regular else {
            throw FileSystemError(operation: "open", path: path, number: EISDIR)
        }
        return file
    }

    /// What the system knows about `name`, or nil when there is nothing of that name.
    package func status(of name: some FileName) throws(FileSystemError) -> FileStatus? {
        var status = stat()
        do {
            try FileSystemError.check("look at", child(name)) {
                unsafe name.withTerminatedName { unsafe fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
            }
        } catch  where error.isNotFound {
            return nil
        }
        return FileStatus(status)
    }

    /// Renames `name` to `newName` in `folder`, in one step, in the place of a file that is there.
    package func rename(
        _ name: some FileName, to newName: some FileName, in folder: Directory
    ) throws(FileSystemError) {
        try FileSystemError.check("rename to '\(folder.child(newName))'", child(name)) {
            unsafe name.withTerminatedName { name in
                unsafe newName.withTerminatedName { newName in
                    unsafe renameat(descriptor, name, folder.descriptor, newName)
                }
            }
        }
    }

    /// Gives the file `name` a second name.
    package func link(
        _ name: some FileName, as newName: some FileName, in folder: Directory
    ) throws(FileSystemError) {
        try FileSystemError.check("link as '\(folder.child(newName))'", child(name)) {
            unsafe name.withTerminatedName { name in
                unsafe newName.withTerminatedName { newName in
                    unsafe linkat(descriptor, name, folder.descriptor, newName, 0)
                }
            }
        }
    }

    /// Makes a symbolic link to `target`.
    package func makeSymbolicLink(_ name: some FileName, to target: some FileName) throws(FileSystemError) {
        try FileSystemError.check("make symbolic link", child(name)) {
            unsafe name.withTerminatedName { name in
                unsafe withTerminated(target.nameBytes) { target in unsafe symlinkat(target, descriptor, name) }
            }
        }
    }

    /// Where the symbolic link `name` leads.
    package func symbolicLinkTarget(_ name: some FileName) throws(FileSystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try FileSystemError.check("read symbolic link", child(name)) {
            unsafe buffer.withUnsafeMutableBytes { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe name.withTerminatedName { name in
                    unsafe readlinkat(descriptor, name, start.assumingMemoryBound(to: CChar.self), buffer.count)
                }
            }
        }
        return [UInt8](buffer[..<count])
    }

    /// Removes a file or a symbolic link; true unless there was none.
    @discardableResult
    package func remove(_ name: some FileName) throws(FileSystemError) -> Bool {
        try unlink(name, flags: 0)
    }

    /// Removes an empty folder; true unless there was none.
    @discardableResult
    package func removeDirectory(_ name: some FileName) throws(FileSystemError) -> Bool {
        try unlink(name, flags: AT_REMOVEDIR)
    }

    private func unlink(_ name: some FileName, flags: Int32) throws(FileSystemError) -> Bool {
        do {
            try FileSystemError.check("remove", child(name)) {
                unsafe name.withTerminatedName { unsafe unlinkat(descriptor, $0, flags) }
            }
            return true
        } catch  where error.isNotFound {
            return false
        }
    }

    /// Waits until the names in the folder are on the disk.
    package func synchronize() throws(FileSystemError) {
        try FileSystemError.check("synchronize folder", path) { fsync(descriptor) }
    }

    /// Bytes that the file system can still take from this process.
    package func availableBytes() throws(FileSystemError) -> Int64 {
        var status = statvfs()
        try FileSystemError.check("look at the file system of", path) { unsafe fstatvfs(descriptor, &status) }
        let (bytes, overflow) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: Int64(status.f_frsize))
        return overflow ? .max : bytes
    }

    /// Every name in the folder but `.` and `..`, in byte order.
    package func names() throws(FileSystemError) -> [[UInt8]] {
        let copy = try FileSystemError.check("open folder", path) { unsafe openFolder(descriptor, ".", 0) }
        guard let stream = unsafe fdopendir(copy) else {
            let number = errno
            close(copy)
            throw FileSystemError(operation: "list folder", path: path, number: number)
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe [UInt8]($0.prefix { $0 != 0 }) }
            if !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8) {
                names.append(name)
            }
        }
        if errno != 0 { throw FileSystemError(operation: "list folder", path: path, number: errno) }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Removes `name` and, if it is a folder, everything in it; symbolic links are removed, not followed.
    package func removeTree(_ name: some FileName) throws(FileSystemError) {
        guard let status = try status(of: name) else { return }
        guard status.kind == .directory else {
            try remove(name)
            return
        }
        let folder = try directory(name)
        for child in try folder.names() { try folder.removeTree(child) }
        try removeDirectory(name)
    }

    private func child(_ name: some FileName) -> String {
        "\(path)/\(name.printable)"
    }
}

private func openFolder(_ folder: Int32, _ name: UnsafePointer<CChar>, _ flags: Int32) -> Int32 {
    unsafe openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags)
}

private func openForReading(_ folder: Int32, _ name: UnsafePointer<CChar>) -> Int32 {
    // Without O_NONBLOCK the opening of a FIFO would wait for a writer.
    unsafe openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
}

private func makeFile(_ folder: Int32, _ name: UnsafePointer<CChar>, _ mode: mode_t) -> Int32 {
    unsafe openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
}
