internal import Core
internal import FileSystem

/// Folders that the command line names for a command's results.
enum OutputFolder {
    /// Makes the folder at `path` and those above it, where they do not exist. Blocks.
    /// - Throws: `CommandFailure` that names `flag`, the folder that cannot be opened or made, and why.
    static func make(_ path: String, of flag: String) throws(CommandFailure) {
        do throws(FileSystemError) {
            _ = try folder(path[...])
        } catch {
            throw CommandFailure("\(flag): \(RemoteText.printable(error.description, limit: 1024))")
        }
    }

    private static func folder(_ path: Substring) throws(FileSystemError) -> Directory {
        do throws(FileSystemError) {
            return try Directory(path: String(path))
        } catch {
            guard error.isNotFound else { throw error }
            let slash = UInt8(ascii: "/")
            let bytes = withoutSlashes(path).utf8
            guard !bytes.isEmpty else { throw error }
            let start = bytes.lastIndex(of: slash).map(bytes.index(after:)) ?? bytes.startIndex
            let above = withoutSlashes(path[..<start])
            let parent = try folder(!above.isEmpty ? above : start == path.startIndex ? "." : "/")
            do throws(FileSystemError) {
                try parent.makeDirectory(String(path[start..<bytes.endIndex]), mode: 0o777)
            } catch {
                // Somebody else may have made it at the same time; else what is there cannot be opened.
                guard error.isExisting, let folder = try? Directory(path: String(path)) else { throw error }
                return folder
            }
            return try Directory(path: String(path))
        }
    }

    /// `path` without the slashes at its end.
    private static func withoutSlashes(_ path: Substring) -> Substring {
        let last = path.utf8.lastIndex { $0 != UInt8(ascii: "/") }
        return last.map { path[...$0] } ?? path[..<path.startIndex]
    }
}
