internal import Core
internal import FileSystem

/// Packs a folder, or a single file, as a gzipped tar archive: sorted by name, owner 0, only files and folders.
package final class ArchiveBuilder {
    /// How an archive is made.
    package struct Options: Sendable {
        /// Whether the same content gives the same bytes everywhere: zero times, and modes that only tell whether a file is
        /// executable.
        package var isReproducible: Bool
        /// What is left out.
        package var ignore: IgnoreRules

        package init(isReproducible: Bool = false, ignore: IgnoreRules = IgnoreRules()) {
            self.isReproducible = isReproducible
            self.ignore = ignore
        }
    }

    /// What was packed.
    package struct Summary: Sendable, Hashable {
        /// Files in the archive.
        package internal(set) var fileCount = 0
        /// Bytes of their content.
        package internal(set) var contentSize: Int64 = 0
        /// Names of what is no file and no folder and was left out, printable; at most 10.
        package internal(set) var skipped: [String] = []
        /// How many were left out.
        package internal(set) var skippedCount = 0
    }

    private final class Output {
        private var gzip = GzipWriter()
        private let sink: (Span<UInt8>) throws(ArchiveError) -> Void
        private let unpacked: (Span<UInt8>) -> Void

        init(
            _ sink: @escaping (Span<UInt8>) throws(ArchiveError) -> Void, unpacked: @escaping (Span<UInt8>) -> Void
        ) {
            self.sink = sink
            self.unpacked = unpacked
        }

        func write(_ bytes: Span<UInt8>) throws(ArchiveError) {
            unpacked(bytes)
            try gzip.write(bytes, sink)
        }
        func finish() throws(ArchiveError) { try gzip.finish(sink) }
    }

    private var writer = TarWriter()
    private var matcher: IgnoreMatcher
    private let isReproducible: Bool
    private let output: Output
    private var summary = Summary()

    private init(_ options: Options, _ output: Output) {
        matcher = IgnoreMatcher(options.ignore)
        isReproducible = options.isReproducible
        self.output = output
    }

    /// Packs what is at `path` and hands the archive's bytes to `sink`, in pieces. Blocks.
    /// - Parameter unpacked: sees the bytes of the tar archive before they are packed, such as to hash them.
    /// - Throws: `inputOutput` when something cannot be read, `ignoreRules`, and what `sink` throws.
    package static func pack(
        _ path: String, options: Options = Options(), unpacked: @escaping (Span<UInt8>) -> Void = { _ in },
        sink: @escaping (Span<UInt8>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Summary {
        try archiving {
            let builder = ArchiveBuilder(options, Output(sink, unpacked: unpacked))
            if let folder = try folder(at: path) {
                try builder.add(folder, at: [])
            } else {
                let (parent, name) = split(path)
                try builder.add(try Directory(path: parent).openFile(name), at: [UInt8](name.utf8))
            }
            try builder.writer.finish(builder.output.write)
            try builder.output.finish()
            return builder.summary
        }
    }

    /// The folder at `path`; nil when what is there is none.
    private static func folder(at path: String) throws(FileSystemError) -> Directory? {
        do {
            return try Directory(path: path)
        } catch {
            guard error.isWrongKind else { throw error }
            return nil
        }
    }

    /// The rules for packing a folder: `patterns`, then the `.sourceignore` files in it, outer before inner.
    /// - Throws: `inputOutput`, `ignoreRules`.
    package static func rules(_ patterns: [String], forFolder path: String) throws(ArchiveError) -> IgnoreRules {
        try archiving {
            var rules = IgnoreRules()
            try rules.append(patterns)
            var pending: [(Directory, [UInt8])] = [(try Directory(path: path), [])]
            while let (folder, scope) = pending.popLast() {
                if try folder.status(of: ".sourceignore")?.kind == .regular {
                    let text = try folder.openFile(".sourceignore").contents(upTo: rules.limits.bytes)
                    try rules.append(text, scopedTo: scope)
                }
                for name in try folder.names().reversed() where !name.elementsEqual(".git".utf8) {
                    guard try folder.status(of: name)?.kind == .directory else { continue }
                    pending.append((try folder.directory(name), join(scope, name)))
                }
            }
            return rules
        }
    }

    private func add(_ folder: Directory, at path: [UInt8]) throws {
        for name in try folder.names() {
            let child = join(path, name)
            guard let status = try folder.status(of: name) else { continue }
            guard try !matcher.isIgnored(child, isFolder: status.kind == .directory) else { continue }
            switch status.kind {
            case .directory:
                let mode = isReproducible ? 0o755 : status.mode & 0o777
                try writer.begin(
                    TarEntry(kind: .directory, name: child, mode: mode),
                    modified: isReproducible ? 0 : status.modified.seconds, output.write)
                // As deep as the paths that the file system allows: bounded by its own limit on names.
                try add(try folder.directory(name), at: child)
            case .regular: try add(try folder.openFile(name), at: child)
            case .symbolicLink, .other:
                summary.skippedCount += 1
                if summary.skipped.count < 10 { summary.skipped.append(RemoteText.printable(bytes: child)) }
            }
        }
    }

    private func add(_ file: File, at path: [UInt8]) throws {
        let status = try file.status()
        let mode = isReproducible ? (status.mode & 0o111 != 0 ? 0o755 : 0o644) : status.mode & 0o777
        try writer.begin(
            TarEntry(kind: .regular, name: path, size: status.size, mode: mode),
            modified: isReproducible ? 0 : status.modified.seconds, output.write)
        var buffer = [UInt8](repeating: 0, count: Int(min(128 * 1024, status.size)))
        var offset: Int64 = 0
        while offset < status.size {
            let count = Int(min(Int64(try file.read(into: &buffer, at: offset)), status.size - offset))
            guard count > 0 else {
                throw ArchiveError(
                    .inputOutput,
                    "'\(RemoteText.printable(bytes: path))' became shorter while it was being packed; try again")
            }
            try writer.content(buffer.span.extracting(..<count), output.write)
            offset += Int64(count)
        }
        summary.fileCount += 1
        summary.contentSize += status.size
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        let name = parts.last.map(String.init) ?? ""
        let parent = parts.dropLast().joined(separator: "/")
        return (path.hasPrefix("/") ? "/" + parent : parent.isEmpty ? "." : parent, name)
    }
}

private func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
    path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
}

/// Runs `body`; what a file system refuses becomes an error of this module.
func archiving<Result>(_ body: () throws -> Result) throws(ArchiveError) -> Result {
    do {
        return try body()
    } catch let error as ArchiveError {
        throw error
    } catch let error as FileSystemError {
        throw ArchiveError(.inputOutput, error.description, underlying: error)
    } catch {
        throw ArchiveError(.inputOutput, "\(error)")
    }
}
