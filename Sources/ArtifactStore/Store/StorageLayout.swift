internal import Core
internal import FileSystem

/// The folders below the storage path. What the API names lies in `ocirepository`; everything else has a dot in front and
/// is never served.
///
///     ocirepository/<namespace>/<name>/<file>.tar.gz   artifacts, and latest.tar.gz
///     .ingest/                                         files that are being written; emptied at the start
///     .index/<namespace>/<name>                        what is known about an object's files
///     .layers/<namespace>/<name>                       the layer that the newest artifact was made from
final class StorageLayout: Sendable {
    /// The storage path.
    let path: String
    let root: Directory
    let ingest: Directory
    let index: Directory
    let layers: Directory
    let objects: Directory
    // Making and removing folders takes turns, so that none is removed between its making and its use.
    private let folders = Locked(())
    private let counter = Locked(UInt64(0))

    static let latestLink = "latest.tar.gz"

    init(path: String) throws(FileSystemError) {
        self.path = path
        root = try Directory(path: path)
        ingest = try root.directory(".ingest", creatingWithMode: 0o700)
        index = try root.directory(".index", creatingWithMode: 0o700)
        layers = try root.directory(".layers", creatingWithMode: 0o700)
        objects = try root.directory(ObjectKey.kindFolder, creatingWithMode: 0o750)
    }

    /// A name in `.ingest` that nobody else uses.
    func temporaryName(_ purpose: String) -> String {
        "\(purpose)-\(counter.withLock { $0 += 1; return $0 })"
    }

    /// `text` without the numbers of names in `.ingest`, which no try shares with the one before: for messages.
    static func withoutNumbers(_ text: String) -> String {
        let folder = "/.ingest/"
        let pieces = text.split(separator: folder, omittingEmptySubsequences: false)
        return pieces.indices.map { index in
            guard index > 0 else { return String(pieces[index]) }
            let purpose = pieces[index].prefix { $0 != "-" && $0 != "'" }
            let rest = pieces[index].dropFirst(purpose.count)
            guard rest.first == "-" else { return String(pieces[index]) }
            return String(purpose + rest.dropFirst().drop { ("0"..."9").contains($0) })
        }.joined(separator: folder)
    }

    /// The folder of an object's artifacts, or nil when it is not there.
    func folder(_ object: ObjectKey) throws(FileSystemError) -> Directory? {
        do {
            return try objects.directory(object.namespace).directory(object.name)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// The folder of an object's artifacts, made if it is not there.
    func makeFolder(_ object: ObjectKey) throws(FileSystemError) -> Directory {
        if let folder = try folder(object) { return folder }
        return try folders.withLock { (_) throws(FileSystemError) in
            let namespace = try objects.directory(object.namespace, creatingWithMode: 0o750)
            let folder = try namespace.directory(object.name, creatingWithMode: 0o750)
            // A file is only as durable as the names on the way to it.
            try namespace.synchronize()
            try objects.synchronize()
            return folder
        }
    }

    /// Moves a file from `.ingest` to the object's place in `.index` or `.layers`.
    func move(_ name: String, of object: ObjectKey, into folder: Directory) throws(FileSystemError) {
        try folders.withLock { (_) throws(FileSystemError) in
            try move(name, to: object.name, in: folder.directory(object.namespace, creatingWithMode: 0o700))
        }
    }

    /// Moves a file from `.ingest` to `newName` in `folder`, in the place of the one there.
    func move(_ name: String, to newName: String, in folder: Directory) throws(FileSystemError) {
        try ingest.rename(name, to: newName, in: folder)
        // Renaming one of two names of a file to the other does nothing.
        try ingest.remove(name)
    }

    /// Gives a file in `folder` a second name in `.ingest`; false where the file system has no such thing.
    func link(_ name: String, in folder: Directory, as newName: String) throws(FileSystemError) -> Bool {
        do throws(FileSystemError) {
            try folder.link(name, as: newName, in: ingest)
            return true
        } catch {
            if error.isUnsupported { return false }
            throw error
        }
    }

    /// The object's file in `.index` or `.layers`, or nil when it is not there.
    func file(of object: ObjectKey, in folder: Directory) throws(FileSystemError) -> File? {
        do {
            return try folder.directory(object.namespace).openFile(object.name)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// Removes the object's file in `.index` or `.layers`.
    func removeFile(of object: ObjectKey, in folder: Directory) throws(FileSystemError) {
        try folders.withLock { (_) throws(FileSystemError) in
            do throws(FileSystemError) {
                try folder.directory(object.namespace).removeTree(object.name)
            } catch  where error.isNotFound {
                return
            }
            try removeIfEmpty(object.namespace, in: folder)
        }
    }

    /// Removes every file of an object.
    func removeAll(of object: ObjectKey) throws(FileSystemError) {
        try folders.withLock { (_) throws(FileSystemError) in
            do throws(FileSystemError) {
                let namespace = try objects.directory(object.namespace)
                try namespace.removeTree(object.name)
                try namespace.synchronize()
            } catch  where error.isNotFound {
                return
            }
            try removeIfEmpty(object.namespace, in: objects)
        }
        try removeFile(of: object, in: layers)
        try removeFile(of: object, in: index)
    }

    private func removeIfEmpty(_ name: String, in folder: Directory) throws(FileSystemError) {
        do {
            try folder.removeDirectory(name)
        } catch  where error.isNotEmpty {
            // Other objects live there.
        }
    }

    /// What lies in a folder of `<namespace>/<name>`.
    struct Listing {
        var keys: [ObjectKey] = []
        /// Namespaces that may have more than was found, and why.
        var unreadable: [String: FileSystemError] = [:]
    }

    /// Every object that has a folder.
    func objectsOnDisk() throws(FileSystemError) -> Listing {
        try Self.list(objects) { namespace, name throws(FileSystemError) in
            try namespace.status(of: name)?.kind == .directory
        }
    }

    /// Every object that has a file in `.index` or `.layers`.
    static func keys(in folder: Directory) throws(FileSystemError) -> Listing {
        try list(folder) { (_, _) throws(FileSystemError) in true }
    }

    private static func list(
        _ folder: Directory, where isObject: (Directory, [UInt8]) throws(FileSystemError) -> Bool
    ) throws(FileSystemError) -> Listing {
        var listing = Listing()
        for bytes in try folder.names() {
            let namespace = String(decoding: bytes, as: UTF8.self)
            do throws(FileSystemError) {
                guard try folder.status(of: bytes)?.kind == .directory else { continue }
                let directory = try folder.directory(bytes)
                for name in try directory.names() {
                    let key = ObjectKey(namespace: namespace, name: String(decoding: name, as: UTF8.self))
                    if key.isValid, try isObject(directory, name) { listing.keys.append(key) }
                }
            } catch {
                listing.unreadable[namespace] = error
            }
        }
        return listing
    }
}
