import Core
import Foundation
import TestSupport

/// A controller that talks to somebody else's API, as in a cluster.
final class Replica: Sendable {
    let folder: TemporaryDirectory
    let storagePort: Int
    let healthPort: Int
    private let process: ChildProcess

    /// Starts a controller against the API that `kubeconfig` leads to; it is not waited for.
    /// - Parameters:
    ///   - storagePort: a port of its own unless told otherwise.
    ///   - namespace: where its lease is.
    init(
        kubeconfig: String, storagePort: Int? = nil, arguments: [String] = [], namespace: String = "default"
    ) throws {
        folder = try TemporaryDirectory()
        self.storagePort = try storagePort ?? freePort()
        healthPort = try freePort()
        process = try ChildProcess(
            Programs.controller,
            [
                "--kubeconfig=\(kubeconfig)", "--storage-path=\(folder.file("artifacts"))",
                "--storage-addr=127.0.0.1:\(self.storagePort)", "--storage-adv-addr=127.0.0.1:\(self.storagePort)",
                "--metrics-addr=", "--health-addr=127.0.0.1:\(healthPort)", "--min-retry-delay=100ms",
            ] + arguments, environment: ["RUNTIME_NAMESPACE": namespace])
    }

    var log: String { process.log }
    /// Whether a line of the log says what a page quotes.
    func hasLogged(_ quote: Quote) -> Bool { quote.isSaid(inLog: log) }
    var isRunning: Bool { process.isRunning }
    /// Whether it has begun to reconcile.
    var isWorking: Bool { log.contains("\"Starting workers\"") }

    /// Sends a signal.
    func signal(_ number: Int32) { process.signal(number) }

    /// Waits for the end, and gives the exit status.
    func waitForExit() async throws -> Int32 { try await process.waitForExit() }

    /// Sends a signal and waits for the end.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) async throws -> Int32 {
        process.signal(signal)
        return try await process.waitForExit()
    }
}
