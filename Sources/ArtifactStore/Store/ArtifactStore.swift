package import Core
internal import FileSystem
package import HTTPServing

/// The artifacts of all objects, on a disk: takes layers in, keeps what consumers may still download, checks it, serves it.
///
/// Everything that waits for the disk runs on the executor it is given; its methods can be called from anywhere.
package final class ArtifactStore: Sendable {
    /// How a store works.
    package struct Configuration: Sendable {
        /// The folder of the store; it must exist.
        package var path: String
        /// How long an artifact is kept after a newer one took its place.
        package var retention: Duration
        /// How many artifacts of an object are kept, the current one among them; at least 1.
        package var retentionRecords: Int
        /// What artifacts are hashed with.
        package var digestAlgorithm: Digest.Algorithm
        /// Bounds for artifacts whose rules bring none.
        package var limits: ArtifactLimits
        /// Bytes of all files together (`--storage-size-limit`); nil for no limit but the disk.
        package var sizeLimit: Int64?
        /// How long one round of the slow check of all files takes, at least.
        package var scrubInterval: Duration
        /// How many files are kept open for serving.
        package var openFiles: Int
        /// Whether files that the index does not know at the start are served. If false, they are withheld until they are
        /// stored anew: the index that was lost may have said that they are.
        package var servesUnknownFiles: Bool

        package init(
            path: String, retention: Duration = .seconds(60), retentionRecords: Int = 2,
            digestAlgorithm: Digest.Algorithm = .sha256, limits: ArtifactLimits = ArtifactLimits(),
            sizeLimit: Int64? = nil, scrubInterval: Duration = .seconds(24 * 3600), openFiles: Int = 512,
            servesUnknownFiles: Bool = true
        ) {
            self.path = path
            self.retention = retention
            self.retentionRecords = retentionRecords
            self.digestAlgorithm = digestAlgorithm
            self.limits = limits
            self.sizeLimit = sizeLimit
            self.scrubInterval = scrubInterval
            self.openFiles = openFiles
            self.servesUnknownFiles = servesUnknownFiles
        }
    }

    struct Totals: Sendable {
        var bytes: Int64 = 0
        var files = 0
        /// Bytes of layers that are being downloaded.
        var reserved: Int64 = 0
    }

    let configuration: Configuration
    let layout: StorageLayout
    let time: any TimeSource
    let metrics: StoreMetrics
    let logger: Logger
    let executor: BlockingExecutor
    /// Opening a file takes moments; behind the layers that are being unpacked it would take as long as these.
    private let servingExecutor = BlockingExecutor(label: "artifact-server", width: 2)
    let slots = Locked<[ObjectKey: ObjectSlot]>([:])
    let totals = Locked(Totals())
    let published: PublishedArtifacts
    let faults: FaultPoint?

    /// Opens the store in the configured folder. Call ``recover()`` before anything else.
    /// - Throws: `inputOutput` when the folder is not there or cannot be written.
    package convenience init(
        configuration: Configuration, time: any TimeSource = SystemTime(), metrics: MetricsRegistry = MetricsRegistry(),
        logger: Logger = .disabled, executor: BlockingExecutor? = nil
    ) throws(ArtifactStoreError) {
        try self.init(
            configuration: configuration, time: time, metrics: metrics, logger: logger, executor: executor, faults: nil)
    }

    /// - Parameter faults: called at each step that changes the disk; tests end the work there.
    init(
        configuration: Configuration, time: any TimeSource, metrics: MetricsRegistry, logger: Logger,
        executor: BlockingExecutor?, faults: FaultPoint?
    ) throws(ArtifactStoreError) {
        self.configuration = configuration
        do {
            layout = try StorageLayout(path: configuration.path)
        } catch {
            throw ArtifactStoreError(
                .inputOutput, "the storage folder cannot be used: \(error); check --storage-path and its permissions",
                underlying: error)
        }
        self.time = time
        self.metrics = StoreMetrics(metrics)
        self.logger = logger
        self.executor = executor ?? BlockingExecutor(label: "artifact-store", width: 4)
        published = PublishedArtifacts(root: configuration.path, openFiles: configuration.openFiles)
        self.faults = faults
    }

    /// What serves the stored artifacts over HTTP.
    package var handler: any HTTPHandler {
        ArtifactHandler(published: published, executor: servingExecutor, logger: logger)
    }

    /// The newest artifact of an object.
    package func artifact(_ object: ObjectKey) -> StoredArtifact? {
        slot(object)?.record.currentArtifact.map { stored($0, object) }
    }

    /// The artifact of an object at `path` as in ``StoredArtifact/path``.
    package func artifact(_ object: ObjectKey, path: String) -> StoredArtifact? {
        slot(object)?.record.artifacts.first { "\(object.folder)/\($0.file)" == path }.map { stored($0, object) }
    }

    /// Every object that the store knows of, whether or not it has an artifact.
    package var objects: [ObjectKey] { slots.withLock { $0.keys.sorted() } }

    /// Whether anything is known of the object.
    package func holds(_ object: ObjectKey) -> Bool { slot(object) != nil }

    /// Bytes of all stored files.
    package var storedBytes: Int64 { totals.withLock { $0.bytes } }

    func slot(_ object: ObjectKey) -> ObjectSlot? { slots.withLock { $0[object] } }

    func makeSlot(_ object: ObjectKey) -> ObjectSlot {
        slots.withLock { slots in
            if let slot = slots[object] { return slot }
            let slot = ObjectSlot(object)
            slots[object] = slot
            return slot
        }
    }

    func stored(_ record: ArtifactRecord, _ object: ObjectKey) -> StoredArtifact {
        StoredArtifact(
            path: "\(object.folder)/\(record.file)", digest: record.digest, size: record.size,
            revision: record.revision,
            storedAt: record.storedAt, skipped: record.skipped, isWithheld: record.isWithheld)
    }

    /// Puts a record in the place of the one there is: on the disk, then in memory and for serving.
    func update(_ slot: ObjectSlot, to record: ObjectRecord) throws(FileSystemError) {
        try write(record, of: slot)
        install(record, in: slot)
        slot.state.withLock { $0.isWritten = true }
    }

    /// As ``update(_:to:)`` the other way round: for a record that has to count from now on, even if the disk does not take
    /// it, because something that the old one had served must not be served or is not there.
    /// - Parameter isDurable: whether it has to survive a loss of power. Otherwise the files speak for themselves.
    func enforce(_ record: ObjectRecord, in slot: ObjectSlot, isDurable: Bool = false) throws(FileSystemError) {
        install(record, in: slot)
        try write(record, of: slot, isDurable: isDurable)
        slot.state.withLock { $0.isWritten = true }
    }

    private func write(_ record: ObjectRecord, of slot: ObjectSlot, isDurable: Bool = false) throws(FileSystemError) {
        let name = layout.temporaryName("index")
        defer { _ = try? layout.ingest.remove(name) }
        let file = try layout.ingest.createFile(name, mode: 0o600)
        try file.write(record.serialized())
        if isDurable { try file.synchronize() }
        try fault(.indexWritten)
        try layout.move(name, of: slot.object, into: layout.index)
        if isDurable {
            try layout.index.directory(slot.object.namespace).synchronize()
            try layout.index.synchronize()
        }
        try fault(.indexMoved)
    }

    /// Puts a record in memory and serves what it holds; the disk still has the old one.
    func install(_ record: ObjectRecord, in slot: ObjectSlot) {
        let old = slot.state.withLock { state in
            let old = state.record
            state.record = record
            state.isWritten = false
            return old
        }
        let (bytes, files) = totals.withLock { totals in
            totals.bytes += record.storedBytes - old.storedBytes
            totals.files += record.artifacts.count - old.artifacts.count
            return (totals.bytes, totals.files)
        }
        metrics.stored(bytes: bytes, files: files)
        published.publish(slot.object, record)
    }

    /// Points `latest.tar.gz` at the newest file, in one step.
    func link(_ file: String, in folder: Directory) throws(FileSystemError) {
        if let status = try folder.status(of: StorageLayout.latestLink), status.kind == .symbolicLink,
            try folder.symbolicLinkTarget(StorageLayout.latestLink).elementsEqual(file.utf8)
        {
            return
        }
        let name = layout.temporaryName("link")
        defer { _ = try? layout.ingest.remove(name) }
        try layout.ingest.makeSymbolicLink(name, to: file)
        try fault(.linkMade)
        try layout.move(name, to: StorageLayout.latestLink, in: folder)
    }

    func fault(_ step: FaultPoint.Step) throws(FileSystemError) {
        try faults?.body(step)
    }
}

/// Where a test can make the store fail.
struct FaultPoint: Sendable {
    enum Step: String, Sendable, CaseIterable {
        case temporaryMade, layerWritten, normalized, synchronized, artifactMoved, layerKept, indexWritten, indexMoved
        case linkMade, linked
        /// A start reads an artifact.
        case fileRead
    }

    let body: @Sendable (Step) throws(FileSystemError) -> Void
}
