internal import Archiving

/// Counts and compares the paths of a layer: which were there before, and which lie below a file.
struct PathCensus: ~Copyable {
    enum Verdict: Hashable {
        case new
        /// A file of that path came before.
        case repeatedFile
        /// A folder of that path came before.
        case repeatedFolder
        /// It lies below a file, or is a file where a folder is or the other way round.
        case conflict
    }

    private var table = PathTable()
    private var count = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next path.
    /// - Returns: what is known of it, and its key.
    /// - Throws: `entryCount` when there are more than the limit.
    mutating func take(_ path: ArchivePath, isFolder: Bool) throws(ArchiveError) -> (Verdict, key: UInt64) {
        let keys = PathTable.keys(path.bytes)
        guard let key = keys.last else { return (.repeatedFolder, 0) }
        for parent in keys.dropLast() {
            switch table.occupant(parent) {
            case .file: return (.conflict, key)
            case .folder, .impliedFolder: continue
            case .none: try put(parent, .impliedFolder)
            }
        }
        switch (table.occupant(key), isFolder) {
        case (.none, _):
            try put(key, isFolder ? .folder : .file)
            return (.new, key)
        case (.impliedFolder, true):
            table.set(key, .folder)
            return (.new, key)
        case (.folder, true): return (.repeatedFolder, key)
        case (.file, false): return (.repeatedFile, key)
        case (.file, true), (.folder, false), (.impliedFolder, false): return (.conflict, key)
        }
    }

    private mutating func put(_ key: UInt64, _ occupant: PathTable.Occupant) throws(ArchiveError) {
        count += 1
        guard count <= limit else { throw Self.tooMany(limit) }
        table.set(key, occupant)
    }

    static func tooMany(_ limit: Int) -> ArchiveError {
        ArchiveError(
            .entryCount, "the layer has more than the limit of \(limit) files and folders (--entry-count-limit)")
    }
}
