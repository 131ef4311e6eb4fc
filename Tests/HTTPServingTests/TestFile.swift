import Foundation

/// A file that is removed with its last reference.
final class TestFile: Sendable {
    let path: String

    init(_ content: [UInt8]) throws {
        path = NSTemporaryDirectory() + "http-serving-\(UUID().uuidString)"
        try Data(content).write(to: URL(fileURLWithPath: path))
    }

    func truncate(to size: Int) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: UInt64(size))
        try handle.close()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
