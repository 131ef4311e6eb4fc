import Core
import Foundation
import TestSupport

/// Debian's `docker-registry`, as a child of the test.
final class RealRegistry: Sendable {
    let port: Int
    private let folder: TemporaryDirectory
    private let process: Locked<ChildProcess>

    var host: String { "127.0.0.1:\(port)" }

    /// Starts a registry and waits until it answers.
    /// - Parameter extra: further YAML for its configuration, such as an `auth` section.
    init(tls: String = "", extra: String = "", scheme: String = "http") async throws {
        folder = try TemporaryDirectory()
        port = try freePort()
        try folder.write(
            """
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage: { filesystem: { rootdirectory: "\(folder.file("data"))" }, delete: { enabled: true } }
            http: { addr: "127.0.0.1:\(port)"\(tls.isEmpty ? "" : ", tls: { \(tls) }") }
            \(extra)
            """, to: "config.yml")
        process = Locked(try ChildProcess("/usr/bin/docker-registry", ["serve", folder.file("config.yml")]))
        try await waitUntilUp()
    }

    /// Kills the registry; its content stays.
    func stop() async throws {
        process.current.kill()
        _ = try await process.current.waitForExit()
    }

    /// Starts it again on the same port.
    func start() async throws {
        let child = try ChildProcess("/usr/bin/docker-registry", ["serve", folder.file("config.yml")])
        process.withLock { $0 = child }
        try await waitUntilUp()
    }

    private func waitUntilUp() async throws {
        try await eventually("the registry's port") {
            let probe = try await CommandLineTool.run(
                "curl", ["-s", "-k", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/v2/"])
            return probe.output != "000"
        }
    }
}
