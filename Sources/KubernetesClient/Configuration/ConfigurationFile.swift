internal import FoundationEssentials

/// Reads small files.
enum ConfigurationFile {
    /// The largest file that is read, in bytes.
    static let limit = 4 << 20

    /// The content of the file at `path`.
    /// - Parameter field: named in the error.
    static func read(_ path: String, field: String = "") throws(ConfigurationError) -> [UInt8] {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw ConfigurationError(file: path, field: field, "the file does not exist or may not be read")
        }
        if let size = attributes[.size] as? UInt64, size > UInt64(limit) {
            throw ConfigurationError(file: path, field: field, "the file is larger than \(limit) bytes")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(file: path, field: field, "the file cannot be read")
        }
        return [UInt8](bytes)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// `path` as seen from the folder of `file`, which it is relative to.
    static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    static func decodeBase64(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }

    static func encodeBase64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
