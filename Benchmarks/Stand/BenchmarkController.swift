import Core
import Foundation
import TestSupport

/// The controller as it is shipped, with its embedded Kubernetes API.
final class BenchmarkController: Sendable {
    let apiPort: Int
    let storagePort: Int
    let folder: TemporaryDirectory
    private let healthPort: Int
    private let metricsPort: Int
    private let program: String
    private let flags: [String]
    private let process: Locked<ChildProcess>

    /// Starts it and waits until it is ready.
    init(_ options: Options, flags: [String] = [], waits: Bool = true) async throws {
        folder = try Leftovers.makeFolder()
        apiPort = try freePort()
        storagePort = try freePort()
        healthPort = try freePort()
        metricsPort = try freePort()
        program = options.controller
        self.flags =
            [
                "--standalone", "--standalone-addr=127.0.0.1:\(apiPort)", "--standalone-data=\(folder.file("cluster"))",
                "--standalone-kubeconfig=\(folder.file("kubeconfig"))", "--storage-path=\(folder.file("artifacts"))",
                "--storage-addr=127.0.0.1:\(storagePort)", "--storage-adv-addr=127.0.0.1:\(storagePort)",
                "--metrics-addr=127.0.0.1:\(metricsPort)", "--health-addr=127.0.0.1:\(healthPort)",
                "--log-level=error",
            ] + Self.withoutTUF + flags
        process = Locked(try ChildProcess(program, self.flags))
        try await waitUntilReady()
    }

    /// Nothing is measured that depends on a server far away: the refresh of public trust goes nowhere.
    private static let withoutTUF = ["--sigstore-tuf-mirror=http://127.0.0.1:9"]

    var probe: ProcessProbe { ProcessProbe(pid: process.current.pid) }
    var storagePath: String { folder.file("artifacts") }
    var log: String { process.current.log }
    var api: KubernetesStand { KubernetesStand(port: apiPort) }

    func waitUntilReady() async throws {
        try await eventually(within: .seconds(60), "readiness") {
            guard process.current.isRunning else { throw BenchmarkFailure(description: "the controller ended: \(log)") }
            return await HTTPStand.status("http://127.0.0.1:\(healthPort)/readyz") == 200
        }
    }

    /// Ends it and starts it again on the same state, without waiting for anything.
    func restart() async throws {
        process.current.signal(SIGTERM)
        _ = try await process.current.waitForExit()
        let child = try ChildProcess(program, flags)
        process.withLock { $0 = child }
    }

    func stop() async throws {
        process.current.signal(SIGTERM)
        _ = try await process.current.waitForExit()
    }
}
