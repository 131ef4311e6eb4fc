internal import Glibc

/// An open regular file, shared by every response that sends it; closed with the last reference. Replacing or removing
/// the path does not touch responses under way. The file must not shrink while it is served: a response that meets its
/// end too early breaks its connection.
package final class ServedFile: Sendable {
    /// The size in bytes when the file was opened.
    package let size: Int64
    let descriptor: CInt

    /// Opens the file at `path`; a symbolic link in its last component is refused.
    /// - Throws: `HTTPServingError` with code `.file` when it cannot be opened or is no regular file.
    package init(path: String) throws(HTTPServingError) {
        // O_NONBLOCK: a FIFO must not stop the caller before it is recognised.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw HTTPServingError(.file, "cannot open \(path) for serving: \(systemMessage(errno))", errno: errno)
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw HTTPServingError(.file, "cannot serve \(path): it is no regular file", errno: EINVAL)
        }
        size = Int64(status.st_size)
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}

/// The system's words for an error number.
func systemMessage(_ number: CInt) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}
