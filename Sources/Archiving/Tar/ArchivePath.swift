internal import Core

/// A name from an archive as a path below the archive's root: components without `.`, no slash at either end.
package struct ArchivePath: Sendable, Hashable {
    /// The components joined by `/`; empty for the root itself.
    package let bytes: [UInt8]
    /// The number of components.
    package let depth: Int
    /// Whether the name was already written like that, apart from one `./` in front and a slash behind a folder.
    package let isPlain: Bool
    /// Whether a backslash is in it, which consumers refuse.
    package let hasBackslash: Bool

    /// Bounds for paths.
    package struct Limits: Sendable, Hashable {
        /// Bytes of a path.
        package var length: Int
        /// Components of a path.
        package var depth: Int
        /// What `length` and `depth` can be changed with, for messages; nil where they cannot.
        package var settings: Settings?

        /// The names of what sets the limits, such as flags.
        package struct Settings: Sendable, Hashable {
            package var length: String
            package var depth: String

            package init(length: String, depth: String) {
                self.length = length
                self.depth = depth
            }
        }

        package init(length: Int = 4096, depth: Int = 100, settings: Settings? = nil) {
            self.length = length
            self.depth = depth
            self.settings = settings
        }
    }

    /// Checks and normalises `name`.
    /// - Throws: `unsafePath` for absolute names, `..`, NUL and names of nothing; `pathLength` and `pathDepth`.
    package init(_ name: [UInt8], limits: Limits = Limits()) throws(ArchiveError) {
        let slash = UInt8(ascii: "/")
        guard name.first != slash else {
            throw ArchiveError(.unsafePath, "the archive has an absolute path: '\(RemoteText.printable(bytes: name))'")
        }
        guard !name.isEmpty, !name.contains(0) else {
            throw ArchiveError(
                .unsafePath,
                "the archive has an empty name or one with a NUL byte: '\(RemoteText.printable(bytes: name))'")
        }
        guard name.count <= limits.length else {
            throw ArchiveError(
                .pathLength,
                "the archive has a path of \(name.count) bytes, more than the limit of \(limits.length)"
                    + "\(limits.settings.map { " (\($0.length))" } ?? ""): '\(RemoteText.printable(bytes: name))'")
        }
        var path: [UInt8] = []
        path.reserveCapacity(name.count)
        var depth = 0
        for component in name.split(separator: slash) where !component.elementsEqual(".".utf8) {
            guard !component.elementsEqual("..".utf8) else {
                throw ArchiveError(
                    .unsafePath, "the archive has a path with '..' in it: '\(RemoteText.printable(bytes: name))'")
            }
            depth += 1
            if !path.isEmpty { path.append(slash) }
            path += component
        }
        guard depth <= limits.depth else {
            throw ArchiveError(
                .pathDepth,
                "the archive has a path \(depth) folders deep, more than the limit of \(limits.depth)"
                    + "\(limits.settings.map { " (\($0.depth))" } ?? ""): '\(RemoteText.printable(bytes: name))'")
        }
        var plain = name[...]
        if plain.starts(with: "./".utf8) { plain = plain.dropFirst(2) }
        if plain.last == slash { plain = plain.dropLast() }
        isPlain = plain == path[...] || (path.isEmpty && name.elementsEqual(".".utf8))
        hasBackslash = name.contains(UInt8(ascii: "\\"))
        bytes = path
        self.depth = depth
    }
}
