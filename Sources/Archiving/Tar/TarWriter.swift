/// Writes a tar archive: ustar headers, and pax headers in front of them only where a name, a link or a size does not
/// fit. Owner 0, no names, no device numbers; the same entries give the same bytes.
package struct TarWriter {
    /// Where the archive's bytes go.
    package typealias Sink = (Span<UInt8>) throws(ArchiveError) -> Void

    private var left: Int64 = 0
    private var padding = 0

    /// A writer at the start of an archive.
    package init() {}

    /// Begins an entry; `entry.size` bytes of content must follow.
    /// - Parameter modified: seconds since 1970; 0 where the archive is to be reproducible.
    package mutating func begin(_ entry: TarEntry, modified: Int64 = 0, _ sink: Sink) throws(ArchiveError) {
        precondition(left == 0, "the entry before this one is not complete")
        var name = entry.name
        if entry.kind == .directory && name.last != UInt8(ascii: "/") { name.append(UInt8(ascii: "/")) }
        var records: [UInt8] = []
        let split = Self.split(name)
        if split == nil { records += Self.record("path", name) }
        if entry.linkName.count > 100 { records += Self.record("linkpath", entry.linkName) }
        if entry.size > 0o777_7777_7777 { records += Self.record("size", [UInt8](String(entry.size).utf8)) }
        let time = max(0, modified)
        if !records.isEmpty {
            // A fixed name: readers that know pax never see it.
            let header = Self.header(
                name: [UInt8]("PaxHeaders/header".utf8), prefix: [], flag: UInt8(ascii: "x"), mode: 0o644,
                size: Int64(records.count), modified: time, linkName: [])
            try sink(header.span)
            records += [UInt8](repeating: 0, count: Self.padding(Int64(records.count)))
            try sink(records.span)
        }
        let header = Self.header(
            name: split?.name ?? [UInt8](name.prefix(100)), prefix: split?.prefix ?? [], flag: Self.flag(entry.kind),
            mode: entry.mode & 0o7777, size: min(entry.size, 0o777_7777_7777), modified: time,
            linkName: [UInt8](entry.linkName.prefix(100)))
        try sink(header.span)
        left = entry.size
        padding = Self.padding(entry.size)
        if left == 0 { padding = 0 }
    }

    /// Writes the next bytes of the entry's content.
    /// - Precondition: no more than the entry's size.
    package mutating func content(_ bytes: Span<UInt8>, _ sink: Sink) throws(ArchiveError) {
        precondition(Int64(bytes.count) <= left, "more content than the entry's size")
        left -= Int64(bytes.count)
        if !bytes.isEmpty { try sink(bytes) }
        if left == 0 && padding > 0 {
            try sink([UInt8](repeating: 0, count: padding).span)
            padding = 0
        }
    }

    /// Ends the archive.
    package mutating func finish(_ sink: Sink) throws(ArchiveError) {
        precondition(left == 0, "the last entry is not complete")
        try sink([UInt8](repeating: 0, count: 2 * TarHeader.size).span)
    }

    /// Cuts a name into ustar's two fields, or nil when it does not fit (then pax carries it). Whatever the encoding, the
    /// bytes are kept: that is what other writers do and other readers expect.
    private static func split(_ name: [UInt8]) -> (name: [UInt8], prefix: [UInt8])? {
        if name.count <= 100 { return (name, []) }
        guard name.count <= 256 else { return nil }
        // The rest must fit into 100 bytes and must not be empty, nor just the folder's slash.
        for index in max(1, name.count - 101)...155 where index < name.count - 1 && name[index] == UInt8(ascii: "/") {
            return ([UInt8](name[(index + 1)...]), [UInt8](name[..<index]))
        }
        return nil
    }

    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = [UInt8](" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        // The length counts its own digits.
        var length = body.count + 1
        while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
        return [UInt8](String(length).utf8) + body
    }

    private static func header(
        name: [UInt8], prefix: [UInt8], flag: UInt8, mode: UInt32, size: Int64, modified: Int64, linkName: [UInt8]
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.size)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = [UInt8](String(value, radix: 8).utf8)
            return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(Int64(mode), digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(min(modified, 0o777_7777_7777), digits: 11), at: 136)
        block[156] = flag
        put(linkName, at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(octal(0, digits: 7), at: 329)
        put(octal(0, digits: 7), at: 337)
        put(prefix, at: 345)
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, digits: 6) + [0], at: 148)
        return block
    }

    private static func flag(_ kind: TarEntry.Kind) -> UInt8 {
        switch kind {
        case .regular, .sparse: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        case .other(let flag): flag
        }
    }

    private static func padding(_ size: Int64) -> Int {
        let over = Int(size % Int64(TarHeader.size))
        return over == 0 ? 0 : TarHeader.size - over
    }
}
