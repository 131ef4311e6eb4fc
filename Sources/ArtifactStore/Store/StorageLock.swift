package import Core
internal import FileSystem

/// A process's hold on a storage path. Two controllers on one store would each take the other's artifacts for leftovers.
package final class StorageLock: Sendable {
    private let folder: Directory

    /// Takes hold of the folder at `path`, until the value goes away or the process ends. Waits for another process to let
    /// go, such as one that is just ending.
    /// - Parameter patience: how long to wait.
    /// - Throws: `ArtifactStoreError`: `inputOutput` when another process keeps the folder, or it cannot be opened;
    ///   `cancelled`.
    package init(
        path: String, patience: Duration = .seconds(10), time: any TimeSource = SystemTime(), logger: Logger = .disabled
    ) async throws(ArtifactStoreError) {
        do {
            folder = try Directory(path: path)
            let deadline = time.uptime + patience
            while try !folder.lock() {
                guard time.uptime < deadline else {
                    throw ArtifactStoreError(
                        .inputOutput,
                        "the folder '\(path)' of --storage-path is in use by another process; stop it, or choose another folder"
                    )
                }
                logger.info("Waiting for another process to let go of the storage path", ["path": .string(path)])
                try await time.sleep(for: .seconds(1))
            }
        } catch {
            throw ArtifactStoreError(from: error)
        }
    }
}
