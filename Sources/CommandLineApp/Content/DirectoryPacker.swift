internal import Archiving
internal import Core
internal import Cryptography
internal import FileSystem

/// Packs a folder, or one file, as a deterministic tar+gzip layer: paths relative to the folder in byte order, owner 0, no
/// times; only regular files and folders.
struct DirectoryPacker {
    /// What is left out unless the user says otherwise: version control, pictures and archives.
    static let defaultIgnores =
        IgnoreRules.versionControl + ["*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"]

    private static let maximumDepth = 100

    private let writer: LayerWriter
    private var matcher: IgnoreMatcher
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// Packs on a thread of its own, into a temporary file that has no name.
    static func pack(
        path: String, ignoring patterns: [String], environment: [String: String]
    ) async throws -> PackedLayer {
        try await BlockingExecutor(label: "pack", width: 1).run {
            var rules = IgnoreRules()
            try rules.append(patterns)
            let file = try temporaryFile(environment)
            var packer = DirectoryPacker(writer: LayerWriter(file: file), matcher: IgnoreMatcher(rules))
            try packer.packRoot(path)
            return try packer.writer.finish()
        }
    }

    private static func temporaryFile(_ environment: [String: String]) throws -> File {
        let folder = try Directory(path: environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp")
        let name = ".sourcectl-\(Hexadecimal.encode(SecureRandom.bytes(12)))"
        let file = try folder.createFile(name, mode: 0o600)
        try folder.remove(name)
        return file
    }

    private mutating func packRoot(_ path: String) throws {
        if let folder = try Self.folder(path) { return try packFolder(folder, at: [], depth: 0) }
        // One file: packed under its own name.
        let (parent, name) = PathComponents.split(path)
        try packFile(try Directory(path: parent).openFile(name), as: name.nameBytes)
    }

    /// The folder, nil if it is none.
    private static func folder(_ path: String) throws(FileSystemError) -> Directory? {
        do {
            return try Directory(path: path)
        } catch {
            guard error.isWrongKind else { throw error }
            return nil
        }
    }

    private mutating func packFolder(_ folder: Directory, at path: [UInt8], depth: Int) throws {
        guard depth <= Self.maximumDepth else {
            throw ArchiveError(.pathDepth, "'\(folder.path)' is more than \(Self.maximumDepth) folders deep")
        }
        for name in try folder.names() {
            guard let status = try folder.status(of: name) else { continue }
            let child = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            guard status.kind == .directory || status.kind == .regular else { continue }
            if try matcher.isIgnored(child, isFolder: status.kind == .directory) { continue }
            if status.kind == .regular {
                try packFile(try folder.openFile(name), as: child)
            } else {
                try writer.begin(TarEntry(kind: .directory, name: child, mode: 0o755))
                try packFolder(try folder.directory(name), at: child, depth: depth + 1)
            }
        }
    }

    private mutating func packFile(_ file: File, as name: [UInt8]) throws {
        let status = try file.status()
        let mode: UInt32 = status.mode & 0o100 == 0 ? 0o644 : 0o755
        try writer.begin(TarEntry(kind: .regular, name: name, size: status.size, mode: mode))
        var position: Int64 = 0
        while position < status.size {
            let count = min(try file.read(into: &buffer, at: position), Int(clamping: status.size - position))
            guard count > 0 else {
                throw ArchiveError(.inputOutput, "'\(file.path)' became shorter while it was read; try again")
            }
            try writer.content(buffer.span.extracting(..<count))
            position += Int64(count)
        }
    }
}

/// Paths that the user gives.
enum PathComponents {
    /// The folder and the name in it.
    static func split(_ path: String) -> (folder: String, name: String) {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
        let folder = trimmed[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(trimmed[trimmed.index(after: slash)...]))
    }
}
