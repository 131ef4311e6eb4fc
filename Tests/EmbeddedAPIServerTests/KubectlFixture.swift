import Core
import EmbeddedAPIServer
import Foundation
import HTTPServing
import TestSupport

/// The server behind a real socket, and a real kubectl that talks to it: the one that `KUBECTL` names, or that of `PATH`.
final class KubectlFixture: Sendable {
    let folder: TemporaryDirectory
    let server: EmbeddedAPIServer
    let port: Int
    private let task: Task<Void, any Error>

    static var kubectl: String { ProcessInfo.processInfo.environment["KUBECTL"] ?? "kubectl" }

    static var isInstalled: Bool {
        kubectl.contains("/")
            ? FileManager.default.isExecutableFile(atPath: kubectl) : CommandLineTool.isInstalled(kubectl)
    }

    init() throws {
        folder = try TemporaryDirectory()
        server = try EmbeddedAPIServer(
            configuration: EmbeddedAPIServer.Configuration(
                dataFolder: folder.file("state"), customResourceDefinitions: [[UInt8](Definitions.ociRepository.utf8)]))
        var configuration = HTTPServer.Configuration(address: "127.0.0.1:0", name: "api")
        configuration.maxBodyBytes = EmbeddedAPIServer.maximumBodyBytes
        let http = try HTTPServer(configuration: configuration, handler: server)
        port = http.port
        task = Task { try await http.run() }
        try folder.write(
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:\(http.port)"}}]
            contexts: [{name: x, context: {cluster: c, user: u, namespace: default}}]
            users: [{name: u, user: {}}]
            current-context: x
            """, to: "kubeconfig")
    }

    deinit { task.cancel() }

    var environment: [String: String] {
        ["HOME": folder.path, "KUBECONFIG": folder.file("kubeconfig"), "KUBECACHEDIR": folder.file("cache")]
    }

    /// Runs kubectl; `line` is split at spaces, `arguments` are added as they are.
    func run(
        _ line: String, _ arguments: [String] = [], input: String = "", environment more: [String: String] = [:]
    ) async throws -> CommandLineTool.Outcome {
        try await CommandLineTool.run(
            Self.kubectl, line.split(separator: " ").map(String.init) + arguments, input: [UInt8](input.utf8),
            environment: environment.merging(more) { $1 }, directory: folder.path)
    }

    /// The minor version of the kubectl.
    func minorVersion() async throws -> Int {
        let outcome = try await run("version --client -o json")
        let value = try JSONValue(parsing: outcome.stdout)
        let text = value.member(at: "clientVersion", "minor")?.stringValue ?? "0"
        return Int(text.prefix { $0.isNumber }) ?? 0
    }

    /// Starts kubectl and leaves it running.
    func start(_ line: String) throws -> ChildProcess {
        try ChildProcess(
            KubectlFixture.kubectl.contains("/") ? Self.kubectl : "/usr/bin/env",
            (Self.kubectl.contains("/") ? [] : [Self.kubectl]) + line.split(separator: " ").map(String.init),
            environment: environment)
    }
}
