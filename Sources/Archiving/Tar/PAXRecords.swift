/// The records of an extended header (POSIX.1-2001, pax, section "pax Extended Header") that change what an entry is.
struct PAXRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    /// Whether the file is stored with holes, in one of GNU's three pax formats.
    var isSparse = false
    /// Whether there are extended attributes, such as the capabilities of a file, or access control lists.
    var hasExtendedAttributes = false

    /// What the keys of extended attributes, access control lists, labels and file flags begin with, as GNU tar, star,
    /// bsdtar and systems with labels write them.
    private static let attributes = [
        "SCHILY.xattr.", "SCHILY.acl.", "SCHILY.fflags", "LIBARCHIVE.xattr.", "RHT.security.", "MSWINDOWS.",
        "SUN.",
    ]

    /// Whether these rename or resize, so that readers that leave global headers unread see something else.
    var changesEntries: Bool { path != nil || linkPath != nil || size != nil || isSparse }

    /// Takes the records of one header; later ones win.
    /// - Returns: false when the header is malformed.
    mutating func parse(_ data: [UInt8]) -> Bool {
        var rest = data[...]
        while let first = rest.first {
            // Some writers fill up with zeros.
            if first == 0 { return rest.allSatisfy { $0 == 0 } }
            guard let space = rest.prefix(20).firstIndex(of: UInt8(ascii: " ")),
                let length = TarNumber.decimal(rest[..<space]), length <= Int64(rest.count),
                rest.startIndex + Int(length) > space + 1
            else { return false }
            let end = rest.startIndex + Int(length)
            guard rest[end - 1] == UInt8(ascii: "\n"), let equals = rest[space..<end].firstIndex(of: UInt8(ascii: "="))
            else { return false }
            guard set(rest[(space + 1)..<equals], to: rest[(equals + 1)..<(end - 1)]) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private mutating func set(_ key: ArraySlice<UInt8>, to value: ArraySlice<UInt8>) -> Bool {
        func isKey(_ name: String) -> Bool { key.elementsEqual(name.utf8) }
        if isKey("path") || isKey("GNU.sparse.name") {
            guard !value.contains(0) else { return false }
            path = value.isEmpty ? nil : [UInt8](value)
        } else if isKey("linkpath") {
            guard !value.contains(0) else { return false }
            linkPath = value.isEmpty ? nil : [UInt8](value)
        } else if isKey("size") {
            if value.isEmpty {
                size = nil
            } else {
                guard let number = TarNumber.decimal(value) else { return false }
                size = number
            }
        }
        if key.starts(with: "GNU.sparse.".utf8) { isSparse = true }
        if Self.attributes.contains(where: { key.starts(with: $0.utf8) }) { hasExtendedAttributes = true }
        return true
    }
}
