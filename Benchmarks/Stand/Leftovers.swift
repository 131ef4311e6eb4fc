import Core
import TestSupport

/// Folders that stay until the run's end. Removing thousands of files makes ext4 slow at making new ones for minutes, and
/// what one scenario left behind must not be seen in the figures of the next.
enum Leftovers {
    private static let folders = Locked<[TemporaryDirectory]>([])

    /// An empty folder.
    static func makeFolder() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        folders.withLock { $0.append(folder) }
        return folder
    }

    /// Removes all folders that nobody holds.
    static func remove() { folders.withLock { $0 = [] } }
}
