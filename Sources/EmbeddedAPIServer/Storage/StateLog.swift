internal import Core

/// The file that the store outlives its process in: one line per change, appended before the change is visible.
///
/// A line is `<CRC-32> P <version> <kind> <object>` or `<CRC-32> D <version> <kind> <namespace>/<name>`, so that a torn last
/// line is noticed and dropped. Every change reaches the system with `write(2)` before its request is answered: a killed
/// process loses nothing. `synchronize()` (once a second while there are changes) brings it to the disk: a power failure loses
/// at most that second. When most lines are outdated, the live objects are written to a new file that replaces the old one.
final class StateLog: Sendable {
    enum Entry: Sendable {
        case version(UInt64)
        case put(String, UInt64, [UInt8])
        case delete(String, UInt64, String, String)
    }

    private struct State {
        var file: AppendOnlyFile
        var bytes: Int
        /// Bytes right after the last rewrite.
        var compactBytes: Int
        var isDirty = false
        /// A record is written in part and cannot be cut off.
        var isBroken = false
    }

    static let header = [UInt8]("embedded-api-state 1\n".utf8)
    private static let minimumGarbage = 8 << 20

    private let folder: DataFolder
    private let state: Locked<State>
    private let disk = BlockingExecutor(label: "embedded-api.disk", width: 1)

    /// Opens the log in `folder`, or makes one.
    init(folder: DataFolder) throws(EmbeddedAPIServerError) {
        self.folder = folder
        let file = try folder.openLog()
        state = Locked(State(file: file, bytes: file.size, compactBytes: file.size))
    }

    /// Hands every entry to `body`, oldest first, and cuts off a torn end.
    func load(_ body: (Entry) throws -> Void) throws {
        let file = state.current.file
        guard file.size > 0 else {
            try file.append(Self.header)
            try file.synchronize()
            state.withLock { $0.bytes = Self.header.count }
            return
        }
        var reader = LineReader(file: file)
        guard let first = try reader.next(), first.isComplete, first.bytes + [0x0a] == Self.header else {
            throw EmbeddedAPIServerError(
                code: .damagedState,
                message: "'\(file.path)' is no state file of this server; move it away to start empty")
        }
        var good = Self.header.count
        while let line = try reader.next() {
            guard line.isComplete, let entry = Self.parse(line.bytes) else {
                // Only the last write can be torn; damage with more behind it is not ours to repair.
                guard try reader.next() == nil else {
                    throw EmbeddedAPIServerError(
                        code: .damagedState,
                        message: "'\(file.path)' is damaged at byte \(good); restore it, or move it away to start empty"
                    )
                }
                break
            }
            try body(entry)
            good += line.bytes.count + 1
        }
        try file.truncate(to: good)
        let size = good
        state.withLock {
            $0.bytes = size
            $0.compactBytes = size
        }
    }

    /// Writes an entry behind the others. A part of one that could be written (a full disk) is cut off again; a log that cannot
    /// be brought back into shape takes nothing more.
    func append(_ entry: Entry) throws(EmbeddedAPIServerError) {
        let line = Self.line(for: entry)
        let (file, size, isBroken) = state.withLock { ($0.file, $0.bytes, $0.isBroken) }
        guard !isBroken else {
            throw EmbeddedAPIServerError(
                code: .storage, message: "'\(file.path)' could not be written completely; make room and restart")
        }
        do {
            try file.append(line)
        } catch {
            do {
                try file.truncate(to: size)
            } catch {
                state.withLock { $0.isBroken = true }
            }
            throw error
        }
        state.withLock { state in
            state.bytes = size + line.count
            state.isDirty = true
        }
    }

    /// Whether a rewrite would make the file a lot smaller.
    var wantsCompaction: Bool {
        state.withLock { $0.bytes - $0.compactBytes > max(Self.minimumGarbage, $0.compactBytes * 2) }
    }

    /// Replaces the file by one that holds only `objects`. Nothing may be appended meanwhile.
    func rewrite(version: UInt64, objects: [(String, [StoredObject])]) throws(EmbeddedAPIServerError) {
        let file = try folder.createNextLog()
        var size = 0
        var buffer = Self.header + Self.line(for: .version(version))
        for (kind, group) in objects {
            for object in group {
                buffer += Self.line(for: .put(kind, object.resourceVersion, object.bytes))
                if buffer.count > 1 << 18 {
                    try file.append(buffer)
                    size += buffer.count
                    buffer.removeAll(keepingCapacity: true)
                }
            }
        }
        try file.append(buffer)
        size += buffer.count
        try file.synchronize()
        try folder.replaceLog(by: file)
        let total = size
        state.withLock { $0 = State(file: file, bytes: total, compactBytes: total) }
    }

    /// Brings what was appended to the disk.
    func synchronize() async throws {
        let file = state.withLock { state -> AppendOnlyFile? in
            guard state.isDirty else { return nil }
            state.isDirty = false
            return state.file
        }
        guard let file else { return }
        try await disk.run { try file.synchronize() }
    }

    // MARK: Lines

    private static func line(for entry: Entry) -> [UInt8] {
        var text: [UInt8]
        switch entry {
        case .version(let version): text = [UInt8]("V \(version)".utf8)
        case .put(let kind, let version, let bytes): text = [UInt8]("P \(version) \(kind) ".utf8) + bytes
        case .delete(let kind, let version, let namespace, let name):
            text = [UInt8]("D \(version) \(kind) \(namespace)/\(name)".utf8)
        }
        let sum = CRC32.checksum(text)
        text.append(0x0a)
        return [UInt8](CRC32.text(sum).utf8) + [0x20] + text
    }

    private static func parse(_ line: [UInt8]) -> Entry? {
        guard line.count > 11, line[8] == 0x20, CRC32.text(CRC32.checksum(line[9...])).utf8.elementsEqual(line[..<8])
        else { return nil }
        let parts = line[9...].split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        func text(_ index: Int) -> String { String(decoding: parts[index], as: UTF8.self) }
        guard parts.count >= 2, let version = UInt64(text(1)) else { return nil }
        switch text(0) {
        case "V": return .version(version)
        case "P" where parts.count == 4: return .put(text(2), version, Array(parts[3]))
        case "D" where parts.count == 4:
            guard let slash = parts[3].firstIndex(of: UInt8(ascii: "/")) else { return nil }
            return .delete(
                text(2), version, String(decoding: parts[3][..<slash], as: UTF8.self),
                String(decoding: parts[3][(slash + 1)...], as: UTF8.self))
        default: return nil
        }
    }
}

/// Lines of a file, read in pieces.
private struct LineReader {
    let file: AppendOnlyFile
    private var offset = 0
    private var buffer: [UInt8] = []
    private var position = 0

    init(file: AppendOnlyFile) { self.file = file }

    mutating func next() throws(EmbeddedAPIServerError) -> (bytes: [UInt8], isComplete: Bool)? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0a) {
                defer { position = end + 1 }
                return (Array(buffer[position..<end]), true)
            }
            searched = buffer.count
            let piece = try file.read(at: offset, count: 1 << 18)
            if piece.isEmpty {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return (Array(buffer[position...]), false)
            }
            offset += piece.count
            searched -= position
            buffer.removeFirst(position)
            position = 0
            buffer += piece
        }
    }
}
