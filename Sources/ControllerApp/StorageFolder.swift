internal import FoundationEssentials

/// The folder of `--storage-path`.
enum StorageFolder {
    /// Makes the folder and those above it, where they do not exist.
    /// - Throws: `StorageFolderError`, for the operator to read.
    static func make(at path: String) throws(StorageFolderError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            // Foundation's own words are its types and codes.
            var isFolder = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            throw StorageFolderError(path: path, isFile: exists && !isFolder)
        }
    }
}

/// A storage folder that there is not, and that cannot be made.
struct StorageFolderError: Error, CustomStringConvertible {
    let path: String
    let isFile: Bool

    var description: String {
        isFile
            ? "'\(path)' of --storage-path is not a folder; choose another path"
            : "the folder '\(path)' of --storage-path does not exist and cannot be made; make it, or choose another folder"
    }
}
