internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import FileSystem

/// Files that the command line names, read on a thread that may block.
enum InputFile {
    private static let executor = BlockingExecutor(label: "files", width: 1)
    private static let chunkSize = 1 << 20

    /// The file's content.
    /// - Throws: `CommandLineError` that names `flag` when there is no such file; `CommandFailure` when it cannot be read or
    ///   has more than `limit` bytes.
    static func contents(_ path: String, of flag: String, limit: Int) async throws -> [UInt8] {
        try await executor.run {
            do {
                let file = try File(path: path)
                let size = try file.status().size
                guard size <= Int64(limit) else {
                    throw CommandFailure("\(flag): '\(path)' has \(size) bytes, more than the limit of \(limit)")
                }
                return try file.contents(upTo: limit)
            } catch let error as FileSystemError {
                guard !error.isNotFound else {
                    throw CommandLineError(
                        .invalidValue, "\(flag): there is no file '\(RemoteText.printable(path, limit: 200))'")
                }
                throw CommandFailure("\(flag): \(error)")
            }
        }
    }

    /// Whether there is a file or folder.
    static func exists(_ path: String) async -> Bool {
        await executor.run {
            do throws(FileSystemError) {
                _ = try File(path: path)
            } catch {
                return !error.isNotFound
            }
            return true
        }
    }

    /// The file's digests of every kind; nil when there is no such file. Memory does not depend on its size.
    static func digests(_ path: String) async throws -> [Digest]? {
        try await executor.run {
            let file: File
            do throws(FileSystemError) {
                file = try File(path: path)
            } catch {
                if error.isNotFound { return nil }
                throw error
            }
            var sha256 = StreamingDigest(.sha256)
            var sha384 = StreamingDigest(.sha384)
            var sha512 = StreamingDigest(.sha512)
            var buffer = [UInt8](repeating: 0, count: chunkSize)
            var offset: Int64 = 0
            while case let count = try file.read(into: &buffer, at: offset), count > 0 {
                let chunk = buffer.prefix(count)
                sha256.update(chunk)
                sha384.update(chunk)
                sha512.update(chunk)
                offset += Int64(count)
            }
            return [sha256.current(), sha384.current(), sha512.current()]
        }
    }
}
