package import Core
internal import Cryptography
internal import FoundationEssentials

/// A TUF store in a folder, one file for each document.
package struct TUFDirectory: TUFStoring {
    private let folder: String
    private let executor: BlockingExecutor

    /// A store below `path`, in a folder of its own for this mirror and initial root, so that what was accepted from one
    /// repository is never taken for another's. The folder is made when first written to, readable by the owner alone.
    package init(path: String, mirror: String, initialRoot: [UInt8], executor: BlockingExecutor) {
        let name = Digest.of(Array(mirror.utf8) + [0] + Digest.of(initialRoot).bytes).hex.prefix(16)
        folder = "\(path)/\(name)"
        self.executor = executor
    }

    package func read(_ name: String) async throws -> [UInt8]? {
        let file = "\(folder)/\(name)"
        return try await executor.run {
            guard FileManager.default.fileExists(atPath: file) else { return nil }
            return [UInt8](try Data(contentsOf: URL(filePath: file)))
        }
    }

    package func write(_ bytes: [UInt8], _ name: String) async throws {
        let folder = folder
        try await executor.run {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
        }
    }

    package func remove(_ name: String) async throws {
        let file = "\(folder)/\(name)"
        try await executor.run {
            guard FileManager.default.fileExists(atPath: file) else { return }
            try FileManager.default.removeItem(atPath: file)
        }
    }
}
