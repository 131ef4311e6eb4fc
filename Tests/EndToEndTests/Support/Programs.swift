import Foundation
import TestSupport

/// The programs under test, as the build left them beside the test bundle.
enum Programs {
    static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().path
    }()

    static var controller: String { "\(folder)/source-controller" }
    static var sourcectl: String { "\(folder)/sourcectl" }
    /// The virtual environment that `scripts/install-dependencies` makes.
    static let testTools = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build/test-tools")
        .standardizedFileURL.path
    /// The `kubectl` to test with: any from 1.20 on.
    static var kubectl: String { ProcessInfo.processInfo.environment["KUBECTL"] ?? "kubectl" }
}

/// What went wrong in the set-up of an end-to-end test.
struct StandFailure: Error, CustomStringConvertible {
    let description: String
}
