/// One line of a `.gitignore`-like file, compiled (gitignore(5), section "PATTERN FORMAT").
struct IgnorePattern: Sendable {
    enum Shape: Sendable {
        /// The whole text.
        case literal([UInt8])
        /// Any text that ends so: `*.ext`.
        case suffix([UInt8])
        case glob(prefix: [UInt8], Glob)
    }

    /// `!`: what matches is not ignored after all.
    let isNegative: Bool
    /// A slash at the end: only folders match.
    let matchesOnlyFolders: Bool
    /// No other slash: the last component is compared, at any depth.
    let matchesLastComponent: Bool
    let shape: Shape

    /// The pattern in `line` (without its line end), or nil for comments and lines that say nothing.
    init?(line: ArraySlice<UInt8>) {
        // Git works on C strings.
        var text = line.prefix { $0 != 0 }
        guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
        text = Self.withoutTrailingSpaces(text)
        isNegative = text.first == UInt8(ascii: "!")
        if isNegative { text = text.dropFirst() }
        matchesOnlyFolders = text.last == UInt8(ascii: "/")
        if matchesOnlyFolders { text = text.dropLast() }
        matchesLastComponent = !text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") {
            text = text.dropFirst()
        }
        // What nothing can match says nothing.
        guard !text.isEmpty else { return nil }

        let literal = text.prefix { !Self.isSpecial($0) }
        if literal.count == text.count {
            shape = .literal([UInt8](text))
        } else if matchesLastComponent && text.first == UInt8(ascii: "*")
            && !text.dropFirst().contains(where: Self.isSpecial)
        {
            shape = .suffix([UInt8](text.dropFirst()))
        } else {
            // As in git the plain text in front is compared by itself, and what follows is read as a pattern of its own.
            let prefix = matchesLastComponent ? [] : [UInt8](literal)
            guard let glob = Glob(text.dropFirst(prefix.count), crossesFolders: !matchesLastComponent) else {
                return nil
            }
            shape = .glob(prefix: prefix, glob)
        }
    }

    /// Whether `path`, relative to the pattern's folder, matches; `last` is where its last component starts.
    func matches(
        _ path: ArraySlice<UInt8>, last: Int, isFolder: Bool, _ scratch: inout Glob.Scratch
    ) -> Bool {
        if matchesOnlyFolders && !isFolder { return false }
        let text = matchesLastComponent ? path[last...] : path
        switch shape {
        case .literal(let literal): return text.count == literal.count && scratch.compare(text, startsWith: literal)
        case .suffix(let suffix): return scratch.compare(text.suffix(suffix.count), startsWith: suffix)
        case .glob(let prefix, let glob):
            return scratch.compare(text, startsWith: prefix) && glob.matches(text.dropFirst(prefix.count), &scratch)
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "[")
            || byte == UInt8(ascii: "\\")
    }

    private static func withoutTrailingSpaces(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var firstSpace: Int?
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: " "): firstSpace = firstSpace ?? index
            case UInt8(ascii: "\\"):
                index += 1
                if index == text.endIndex { return text }
                firstSpace = nil
            default: firstSpace = nil
            }
            index += 1
        }
        return text[..<(firstSpace ?? text.endIndex)]
    }
}
