/// One 512-byte header block (POSIX.1-1988 ustar, GNU, or the seventh edition's).
struct TarHeader {
    static let size = 512

    let name: [UInt8]
    let linkName: [UInt8]
    let flag: UInt8
    let mode: UInt32
    /// The mode's bits beyond the permissions: setuid, setgid, sticky, and the file's type as old formats put it there.
    let specialMode: Int64
    /// Nil when the field is no number.
    let contentSize: Int64?
    /// Whether a field that nobody here needs is no number, which other readers may refuse.
    let hasBadNumbers: Bool
    /// Whether the field that holds the name's front in ustar is in use though the header is none: some readers take it
    /// for that in GNU headers when they cannot make times of it, some whatever the magic is.
    let isAmbiguous: Bool
    /// Whether more blocks of an old GNU sparse map follow.
    let hasSparseExtension: Bool

    /// Whether `block` is all zeros, as at the end of an archive.
    static func isEnd(_ block: [UInt8]) -> Bool { block.allSatisfy { $0 == 0 } }

    /// The header in `block`, or nil when its checksum is wrong.
    init?(_ block: [UInt8]) {
        guard let checksum = TarNumber.parse(block[148..<156]) else { return nil }
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (index, byte) in block.enumerated() {
            let counted = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(counted)
            signed += Int64(Int8(bitPattern: counted))
        }
        // Some old writers summed signed characters.
        guard checksum == unsigned || checksum == signed else { return nil }

        flag = block[156]
        contentSize = TarNumber.parse(block[124..<136])
        let mode = TarNumber.parse(block[100..<108])
        self.mode = UInt32(truncatingIfNeeded: (mode ?? 0o644) & 0o7777)
        specialMode = (mode ?? 0) & ~0o777
        let others = [block[108..<116], block[116..<124], block[136..<148]].map(TarNumber.parse)
        hasBadNumbers = mode == nil || others.contains { $0 == nil }
        linkName = Self.text(block[157..<257])

        var name = Self.text(block[0..<100])
        let isUSTAR = block[257..<263].elementsEqual("ustar\0".utf8)
        if isUSTAR {
            // star marks its own headers at the very end and has a shorter prefix.
            let isStar = block[508..<512].elementsEqual("tar\0".utf8)
            let prefix = Self.text(isStar ? block[345..<476] : block[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        self.name = name
        isAmbiguous = !isUSTAR && block[345..<500].contains { $0 != 0 }
        hasSparseExtension = flag == UInt8(ascii: "S") && block[482] != 0
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] {
        [UInt8](field.prefix { $0 != 0 })
    }
}
