internal import Glibc

/// A file that is only appended to. Closed when the last reference goes.
@safe final class AppendOnlyFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens `path` with mode 0600, made if need be; `fresh` empties it first.
    init(path: String, fresh: Bool) throws(EmbeddedAPIServerError) {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_TRUNC : 0)
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { throw .system("open", path) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Bytes of the file now.
    var size: Int { max(0, Int(lseek(descriptor, 0, SEEK_END))) }

    func append(_ bytes: [UInt8]) throws(EmbeddedAPIServerError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write to", path)
            }
            done += count
        }
    }

    /// Up to `count` bytes from `offset`; empty at the end.
    func read(at offset: Int, count: Int) throws(EmbeddedAPIServerError) -> [UInt8] {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            let result = unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            failed = result < 0
            size = max(0, result)
        }
        if failed { throw .system("read", path) }
        return bytes
    }

    func truncate(to size: Int) throws(EmbeddedAPIServerError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system("truncate", path) }
    }

    func synchronize() throws(EmbeddedAPIServerError) {
        guard fdatasync(descriptor) == 0 else { throw .system("synchronize", path) }
    }

    /// Takes the file's advisory lock for as long as the file is open; false when another process has it.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}

/// The folder of the state: 0700, used by one process at a time.
struct DataFolder: Sendable {
    let path: String
    private let lock: AppendOnlyFile

    /// Makes the folder (and its parents) if need be, narrows its mode and locks it.
    init(path: String) throws(EmbeddedAPIServerError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += (prefix.isEmpty || prefix == "/" ? "" : "/") + part
            if unsafe mkdir(prefix, 0o700) != 0, errno != EEXIST { throw .system("create folder", prefix) }
        }
        guard unsafe chmod(path, 0o700) == 0 else { throw .system("change the mode of", path) }
        self.path = path
        lock = try AppendOnlyFile(path: path + "/lock", fresh: false)
        guard lock.lock() else {
            throw EmbeddedAPIServerError(
                code: .inUse, message: "'\(path)' is in use by another process; stop it, or choose another folder")
        }
    }

    func openLog() throws(EmbeddedAPIServerError) -> AppendOnlyFile {
        unsafe unlink(path + "/state.log.next")
        return try AppendOnlyFile(path: path + "/state.log", fresh: false)
    }

    func createNextLog() throws(EmbeddedAPIServerError) -> AppendOnlyFile {
        try AppendOnlyFile(path: path + "/state.log.next", fresh: true)
    }

    /// Puts `file` (from `createNextLog`) in the log's place, durably.
    func replaceLog(by file: AppendOnlyFile) throws(EmbeddedAPIServerError) {
        guard unsafe rename(file.path, path + "/state.log") == 0 else { throw .system("rename", file.path) }
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system("open", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .system("synchronize", path) }
    }
}
