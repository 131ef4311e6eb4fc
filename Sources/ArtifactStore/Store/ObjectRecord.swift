internal import Core
internal import FileSystem

/// What the store knows about one object's files; the content of its file in `.index`.
///
/// Losing it loses no artifact: files without a record are hashed and adopted at the next start.
struct ObjectRecord: Sendable, Hashable {
    /// The newest artifact's file name.
    var current: String?
    var artifacts: [ArtifactRecord] = []
    var layer: LayerRecord?
    /// What the reconciler wants kept beside the artifacts; the store does not read it. At most ``noteLimit`` bytes.
    var note: String?

    static let noteLimit = 16 << 10

    var currentArtifact: ArtifactRecord? { artifacts.first { $0.file == current } }

    /// Bytes that the object's files take; a file with two names counts once.
    var storedBytes: Int64 {
        let files = artifacts.reduce(0) { $0 + $1.size }
        guard let layer, !artifacts.contains(where: { $0.identity.inode == layer.inode }) else { return files }
        return files + layer.size
    }
}

/// One stored file.
struct ArtifactRecord: Sendable, Hashable {
    let file: String
    let digest: Digest
    let size: Int64
    let revision: String
    let operation: String
    let ignore: String?
    let storedAt: Timestamp
    /// When another artifact took its place; nil for the current one.
    var supersededAt: Timestamp?
    var identity: FileIdentity
    let skipped: SkippedEntries
    /// The file is kept, but nobody is given it.
    var isWithheld = false
}

/// The layer that the current artifact was made from, kept so that other rules need no download.
struct LayerRecord: Sendable, Hashable {
    let digest: Digest
    let size: Int64
    let inode: UInt64
}

/// What changes when somebody writes to a file or puts another in its place.
struct FileIdentity: Sendable, Hashable {
    let inode: UInt64
    let size: Int64
    let modified: Timestamp

    init(inode: UInt64, size: Int64, modified: Timestamp) {
        self.inode = inode
        self.size = size
        self.modified = modified
    }

    /// No file's.
    static let unknown = FileIdentity(inode: 0, size: -1, modified: Timestamp(seconds: 0))

    init(_ status: FileStatus) {
        self.init(inode: status.inode, size: status.size, modified: status.modified)
    }
}
