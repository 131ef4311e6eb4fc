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

/// What a command printed; it must succeed.
func output(of command: String, _ arguments: [String]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw RawClient.Failure(what: "\(command) exited with \(process.terminationStatus)")
    }
    return Array(data)
}
