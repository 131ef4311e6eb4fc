internal import Archiving
internal import FileSystem

/// Why an artifact could not be stored.
package struct ArtifactStoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String, Sendable {
            case layerSize, layerDigest, notGzip, notTar, damagedArchive, unsafePath, unpackedSize, ratio, entryCount
            case pathLength, pathDepth, ignoreRules, storeFull, diskFull, folder, inputOutput, invalidObject, removed
            case cancelled, download
        }

        private let kind: Kind

        /// The layer is larger than allowed, or not as large as its descriptor says.
        package static let layerSize = Code(kind: .layerSize)
        /// The layer is not what its descriptor says.
        package static let layerDigest = Code(kind: .layerDigest)
        /// The layer is not gzip.
        package static let notGzip = Code(kind: .notGzip)
        /// The unpacked layer is not tar.
        package static let notTar = Code(kind: .notTar)
        /// The gzip or tar data is damaged or cut short.
        package static let damagedArchive = Code(kind: .damagedArchive)
        /// A path in the layer is absolute or leads out of its root.
        package static let unsafePath = Code(kind: .unsafePath)
        /// The layer unpacks to more bytes than allowed.
        package static let unpackedSize = Code(kind: .unpackedSize)
        /// The layer unpacks to more times its size than allowed.
        package static let ratio = Code(kind: .ratio)
        /// The layer holds more files and folders than allowed.
        package static let entryCount = Code(kind: .entryCount)
        /// A path is longer than allowed.
        package static let pathLength = Code(kind: .pathLength)
        /// A path is deeper than allowed.
        package static let pathDepth = Code(kind: .pathDepth)
        /// The ignore rules are too many or too costly.
        package static let ignoreRules = Code(kind: .ignoreRules)
        /// The store's own limit is reached.
        package static let storeFull = Code(kind: .storeFull)
        /// The disk is full.
        package static let diskFull = Code(kind: .diskFull)
        /// The object's folder cannot be made.
        package static let folder = Code(kind: .folder)
        /// The disk failed, or something in the storage folder is not as it should be.
        package static let inputOutput = Code(kind: .inputOutput)
        /// The object's namespace or name is none that Kubernetes allows.
        package static let invalidObject = Code(kind: .invalidObject)
        /// The object was removed from the store meanwhile.
        package static let removed = Code(kind: .removed)
        /// The task was cancelled.
        package static let cancelled = Code(kind: .cancelled)
        /// The layer's bytes could not be fetched; `underlying` says why.
        package static let download = Code(kind: .download)

        package var description: String { kind.rawValue }
    }

    /// Who has to do something about it.
    package enum Category: Sendable, Hashable {
        /// The content of the layer, or a limit on it: whoever made it, or whoever set the limit.
        case content
        /// The disk or the store.
        case storage
        /// The source of the bytes.
        case download
        /// Nobody: the work was given up.
        case cancelled
    }

    package let code: Code
    /// What is wrong, where, and what to do about it; no secrets, bounded.
    package let message: String
    /// What differs from one try to the next although nothing else does, such as measured figures. For a log; never a part
    /// of `message`.
    package let particulars: String?
    /// What made it fail, if that was something else.
    package let underlying: (any Error)?

    init(_ code: Code, _ message: String, particulars: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.particulars = particulars
        self.underlying = underlying
    }

    package var description: String { message }

    package var category: Category {
        switch code {
        case .download: .download
        case .cancelled, .removed: .cancelled
        case .storeFull, .diskFull, .folder, .inputOutput, .invalidObject: .storage
        default: .content
        }
    }

    /// Whether the same call may succeed later without anybody changing anything about the layer.
    package var isRetryable: Bool {
        switch code {
        case .layerDigest, .layerSize, .storeFull, .diskFull, .folder, .inputOutput, .download: true
        default: false
        }
    }

    init(_ error: ArchiveError) {
        let code: Code =
            switch error.code {
            case .notGzip: .notGzip
            case .notTar: .notTar
            case .unsafePath: .unsafePath
            case .unpackedSize: .unpackedSize
            case .ratio: .ratio
            case .entryCount: .entryCount
            case .pathLength, .headerSize: .pathLength
            case .pathDepth: .pathDepth
            case .ignoreRules: .ignoreRules
            case .inputOutput: .inputOutput
            case .cancelled: .cancelled
            default: .damagedArchive
            }
        self.init(code, error.message, underlying: error.underlying)
    }

    init(_ error: FileSystemError) {
        let text = StorageLayout.withoutNumbers(error.description)
        if error.isDiskFull {
            self.init(
                .diskFull,
                "the disk is full: \(text); free space on the volume of --storage-path, or keep less with "
                    + "--artifact-retention-records and --storage-size-limit", underlying: error)
        } else {
            self.init(.inputOutput, text, underlying: error)
        }
    }

    /// Any error as one of this module's.
    init(from error: any Error) {
        switch error {
        case let error as ArtifactStoreError: self = error
        case let error as ArchiveError:
            if let cause = error.underlying as? FileSystemError { self.init(cause) } else { self.init(error) }
        case let error as FileSystemError: self.init(error)
        case is CancellationError: self.init(.cancelled, "the work was cancelled", underlying: error)
        default: self.init(.download, "the layer could not be fetched: \(error)", underlying: error)
        }
    }
}
