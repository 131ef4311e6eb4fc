import Archiving
import Core

/// Tar archives byte by byte, so that they can be as wrong as a test wants them, and gzip around them.
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    /// A gzipped archive of these files.
    static func layer(_ files: KeyValuePairs<String, String>) -> [UInt8] {
        var archive = TarArchive()
        for (name, text) in files { archive.add(name, Array(text.utf8)) }
        return gzip(archive.finished)
    }

    /// The archive with its end mark.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// The archive, gzipped.
    var layer: [UInt8] { gzip(finished) }

    mutating func add(
        _ name: String, _ content: [UInt8] = [], type: Character = "0", link: String = "", mode: Int = 0o644
    ) {
        header(Array(name.utf8), size: content.count, type: type, link: link, mode: mode)
        append(padded: content)
    }

    /// A file whose name needs GNU's entry for long ones.
    mutating func add(longName name: [UInt8]) {
        header(Array("././@LongLink".utf8), size: name.count + 1, type: "L", link: "", mode: 0)
        append(padded: name + [0])
        header(Array(name.prefix(99)), size: 0, type: "0", link: "", mode: 0o644)
    }

    private mutating func append(padded content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    private mutating func header(_ name: [UInt8], size: Int, type: Character, link: String, mode: Int) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int, digits: Int) -> [UInt8] {
            let text = String(number, radix: 8)
            return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
        }
        put(name.prefix(100), at: 0)
        put(octal(mode, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put(type.utf8, at: 156)
        put(link.utf8.prefix(100), at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0, 0x20], at: 148)
        bytes += block
    }
}

/// `bytes` as one gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var packed: [UInt8] = []
    var writer = GzipWriter()
    let collect = { (piece: Span<UInt8>) throws(ArchiveError) in
        for index in piece.indices { packed.append(piece[index]) }
    }
    do throws(ArchiveError) {
        try writer.write(bytes.span, collect)
        try writer.finish(collect)
    } catch {
        return []
    }
    return packed
}
