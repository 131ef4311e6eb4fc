internal import Glibc

/// A system call on a file or folder failed.
package struct FileSystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What failed, in words that continue "cannot": `open`, `rename to x`.
    package let operation: String
    /// The file or folder, as the caller named it.
    package let path: String
    /// The system's error number.
    package let number: Int32

    /// A failure of `operation` on `path` with the system's error `number`.
    package init(operation: String, path: String, number: Int32) {
        self.operation = operation
        self.path = path
        self.number = number
    }

    /// Whether the disk or the quota is full.
    package var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }
    /// Whether the file is not there.
    package var isNotFound: Bool { number == ENOENT }
    /// Whether something of that name is there already.
    package var isExisting: Bool { number == EEXIST }
    /// Whether a folder to be removed still holds files.
    package var isNotEmpty: Bool { number == ENOTEMPTY || number == EEXIST }
    /// Whether the file system cannot do that at all, such as hard links.
    package var isUnsupported: Bool {
        number == EPERM || number == ENOTSUP || number == ENOSYS || number == EXDEV || number == EMLINK
    }
    /// Whether a symbolic link, or something that is no folder, stood where a file or folder was expected.
    package var isWrongKind: Bool { number == ELOOP || number == ENOTDIR || number == EISDIR }

    package var description: String {
        "cannot \(operation) '\(path)': \(Self.message(number))"
    }

    private static func message(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let status = unsafe buffer.withUnsafeMutableBytes { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe strerror_r(number, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "error \(number)"
    }

    /// Runs a system call again while it is interrupted.
    /// - Throws: what the system says when it returns -1.
    @discardableResult
    static func check<Value: SignedInteger>(
        _ operation: String, _ path: @autoclosure () -> String, _ call: () -> Value
    ) throws(FileSystemError) -> Value {
        while true {
            let value = call()
            if value != -1 { return value }
            let number = errno
            if number != EINTR { throw FileSystemError(operation: operation, path: path(), number: number) }
        }
    }
}
