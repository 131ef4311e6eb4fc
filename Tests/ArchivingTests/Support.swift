import Archiving
import TestSupport

/// Cuts `data` into pieces of `step` bytes.
func inPieces(_ data: [UInt8], _ step: Int, _ body: (Span<UInt8>) throws -> Void) rethrows {
    var start = 0
    while start < data.count {
        let end = step < data.count - start ? start + step : data.count
        try body(data.span.extracting(start..<end))
        start = end
    }
}

/// Unpacks `data` fed in pieces of `step` bytes.
func gunzip(_ data: [UInt8], step: Int = .max, outputSize: Int = 4096) throws -> (bytes: [UInt8], Gunzip.Summary) {
    var gunzip = Gunzip(outputSize: outputSize)
    var bytes: [UInt8] = []
    try inPieces(data, step) { piece in
        try gunzip.consume(piece) { (piece) throws(ArchiveError) in
            for index in 0..<piece.count { bytes.append(piece[index]) }
        }
    }
    return (bytes, try gunzip.finish())
}

/// Packs `data` given in pieces of `step` bytes.
func gzip(_ data: [UInt8], step: Int = .max) throws -> [UInt8] {
    var writer = GzipWriter()
    var packed: [UInt8] = []
    func take(_ piece: Span<UInt8>) { for index in 0..<piece.count { packed.append(piece[index]) } }
    try inPieces(data, step) { piece in try writer.write(piece) { (piece) throws(ArchiveError) in take(piece) } }
    try writer.finish { (piece) throws(ArchiveError) in take(piece) }
    return packed
}

/// Keeps what a tar reader says.
struct Recorder: TarVisitor {
    struct Member: Equatable {
        var entry: TarEntry
        var content: [UInt8] = []
        var isComplete = false
        var name: String { String(decoding: entry.name, as: UTF8.self) }
    }
    var members: [Member] = []

    mutating func begin(_ entry: TarEntry) { members.append(Member(entry: entry)) }
    mutating func content(_ bytes: Span<UInt8>) {
        for index in 0..<bytes.count { members[members.count - 1].content.append(bytes[index]) }
    }
    mutating func end() { members[members.count - 1].isComplete = true }
}

/// Reads the archive in `data` fed in pieces of `step` bytes.
func readTar(_ data: [UInt8], step: Int = .max) throws -> (members: [Recorder.Member], TarReader.Summary) {
    var reader = TarReader()
    var recorder = Recorder()
    try inPieces(data, step) { try reader.consume($0, &recorder) }
    let summary = try reader.finish()
    return (recorder.members, summary)
}

/// Writes an archive with our writer.
func writeTar(_ members: [(TarEntry, [UInt8])]) throws -> [UInt8] {
    var writer = TarWriter()
    var bytes: [UInt8] = []
    func take(_ piece: Span<UInt8>) { for index in 0..<piece.count { bytes.append(piece[index]) } }
    for (entry, content) in members {
        try writer.begin(entry) { (piece) throws(ArchiveError) in take(piece) }
        try writer.content(content.span) { (piece) throws(ArchiveError) in take(piece) }
    }
    try writer.finish { (piece) throws(ArchiveError) in take(piece) }
    return bytes
}

/// Bytes with structure, so that they compress, but not to nothing.
func sampleBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        if bytes.count > 64, Bool.random(using: &generator) {
            let start = Int.random(in: 0..<(bytes.count - 32), using: &generator)
            bytes += bytes[start..<(start + Int.random(in: 3...32, using: &generator))]
        } else {
            bytes.append(UInt8.random(in: .min ... .max, using: &generator))
        }
    }
    return [UInt8](bytes.prefix(count))
}

/// The code of an error from this module.
func code(_ error: any Error) -> ArchiveError.Code? { (error as? ArchiveError)?.code }
