import Core
import Foundation
import TestSupport

/// A controller with its embedded API, and the tools to talk to both as their users do.
final class Stand: Sendable {
    let folder: TemporaryDirectory
    let apiPort: Int
    let storagePort: Int
    let metricsPort: Int
    let healthPort: Int
    private let arguments: [String]
    private let environment: [String: String]
    private let process: Locked<ChildProcess>

    /// Starts a controller and waits until it is ready.
    init(arguments extra: [String] = [], environment: [String: String] = [:]) async throws {
        folder = try TemporaryDirectory()
        apiPort = try freePort()
        storagePort = try freePort()
        metricsPort = try freePort()
        healthPort = try freePort()
        arguments =
            [
                "--standalone", "--standalone-addr=127.0.0.1:\(apiPort)", "--standalone-data=\(folder.file("cluster"))",
                "--standalone-kubeconfig=\(folder.file("kubeconfig"))", "--storage-path=\(folder.file("artifacts"))",
                "--storage-addr=127.0.0.1:\(storagePort)", "--storage-adv-addr=127.0.0.1:\(storagePort)",
                "--metrics-addr=127.0.0.1:\(metricsPort)", "--health-addr=127.0.0.1:\(healthPort)",
                "--min-retry-delay=100ms",
            ] + extra
        self.environment = environment
        process = Locked(
            try ChildProcess(Programs.controller, arguments, environment: environment))
        try await waitUntilReady()
    }

    /// What the controller logged since it was started last.
    var log: String { process.current.log }
    var pid: Int32 { process.current.pid }
    var isRunning: Bool { process.current.isRunning }

    /// Sends the controller a signal and waits for its end.
    /// - Returns: its exit status.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) async throws -> Int32 {
        process.current.signal(signal)
        return try await process.current.waitForExit()
    }

    /// Starts the controller again on the same folders and ports.
    func start() async throws {
        let child = try ChildProcess(Programs.controller, arguments, environment: environment)
        process.withLock { $0 = child }
        try await waitUntilReady()
    }

    private func waitUntilReady() async throws {
        do {
            try await eventually("the controller's readiness") {
                guard isRunning else { throw StandFailure(description: "the controller ended: \(log)") }
                return try await get("http://127.0.0.1:\(healthPort)/readyz").status == 200
            }
        } catch {
            throw StandFailure(description: "\(error); its log: \(log)")
        }
    }

    // MARK: - kubectl

    /// Runs kubectl against the embedded API, with a home of its own.
    func kubectl(_ arguments: String..., input: String = "") async throws -> CommandLineTool.Outcome {
        try await CommandLineTool.run(
            Programs.kubectl, arguments, input: [UInt8](input.utf8),
            environment: ["KUBECONFIG": folder.file("kubeconfig"), "HOME": folder.path])
    }

    /// Applies manifests.
    func apply(_ yaml: String) async throws {
        let outcome = try await kubectl("apply", "-f", "-", input: yaml)
        guard outcome.status == 0 else { throw StandFailure(description: "kubectl apply: \(outcome.errorOutput)") }
    }

    /// An object as kubectl reads it.
    func object(_ name: String, kind: String = "ocirepository") async throws -> JSONValue {
        let outcome = try await kubectl("get", kind, name, "-o", "json")
        guard outcome.status == 0 else { return .null }
        return try JSONValue(parsing: outcome.stdout)
    }

    /// Waits until a condition of an OCIRepository has a status and a message that contains `text`.
    @discardableResult
    func wait(
        for name: String, _ type: String, _ status: String, containing text: String = "", reason: String? = nil,
        within limit: Duration = .seconds(40)
    ) async throws -> JSONValue {
        let last = Locked(JSONValue.null)
        do {
            return try await eventually(within: limit, "condition \(type)=\(status) '\(text)' of \(name)") {
                let object = try await object(name)
                last.withLock { $0 = object }
                let conditions = object.member(at: "status", "conditions")?.arrayValue ?? []
                let isThere = conditions.contains { condition in
                    condition["type"]?.stringValue == type && condition["status"]?.stringValue == status
                        && (reason == nil || condition["reason"]?.stringValue == reason)
                        && (text.isEmpty || condition["message"]?.stringValue?.contains(text) == true)
                }
                return isThere ? object : nil
            }
        } catch {
            let status = last.current["status"]?.text(.pretty) ?? "none"
            throw StandFailure(description: "\(error)\nstatus: \(status)\nlog: \(log.suffix(4000))")
        }
    }

    /// What a condition of an object says.
    func message(of object: JSONValue, _ condition: String = "Ready") -> String {
        let conditions = object.member(at: "status", "conditions")?.arrayValue ?? []
        return conditions.first { $0["type"]?.stringValue == condition }?["message"]?.stringValue ?? ""
    }

    /// The messages of the events of an object, by reason.
    func events(of name: String) async throws -> [(type: String, reason: String, message: String, count: Int64)] {
        let outcome = try await kubectl(
            "get", "events", "--field-selector=involvedObject.name=\(name)", "-o", "json")
        let items = try JSONValue(parsing: outcome.stdout)["items"]?.arrayValue ?? []
        return items.map {
            (
                $0["type"]?.stringValue ?? "", $0["reason"]?.stringValue ?? "", $0["message"]?.stringValue ?? "",
                $0["count"]?.integerValue ?? 0
            )
        }
    }

    /// Asks for a reconcile as `flux reconcile` does, and waits until it was done.
    /// - Returns: the object afterwards.
    @discardableResult
    func reconcile(_ name: String) async throws -> JSONValue {
        let token = UUID().uuidString
        let outcome = try await kubectl(
            "annotate", "--overwrite", "ocirepository/\(name)", "reconcile.fluxcd.io/requestedAt=\(token)")
        guard outcome.status == 0 else { throw StandFailure(description: outcome.errorOutput) }
        return try await eventually("the requested reconcile of \(name)") {
            let object = try await object(name)
            return object.member(at: "status", "lastHandledReconcileAt")?.stringValue == token ? object : nil
        }
    }

    // MARK: - HTTP

    /// A GET with curl.
    func get(_ url: String) async throws -> (status: Int, body: [UInt8]) {
        let outcome = try await CommandLineTool.run("curl", ["-s", "-w", "\n%{http_code}", url])
        guard let newline = outcome.stdout.lastIndex(of: 0x0a) else { return (0, []) }
        let code = String(decoding: outcome.stdout[(newline + 1)...], as: UTF8.self)
        return (Int(code) ?? 0, Array(outcome.stdout[..<newline]))
    }

    /// What `/readyz?verbose` says.
    var readiness: String {
        get async throws {
            String(decoding: try await get("http://127.0.0.1:\(healthPort)/readyz?verbose").body, as: UTF8.self)
        }
    }

    /// What `/metrics` says.
    var metrics: String {
        get async throws {
            String(decoding: try await get("http://127.0.0.1:\(metricsPort)/metrics").body, as: UTF8.self)
        }
    }

    /// The artifact that the status of an object advertises, downloaded and compared with its digest.
    func artifact(of object: JSONValue) async throws -> [UInt8] {
        let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
        let answer = try await get(url)
        guard answer.status == 200 else { throw StandFailure(description: "\(url) answered \(answer.status)") }
        let digest = try await CommandLineTool.run("sha256sum", input: answer.body).output.prefix(64)
        guard object.member(at: "status", "artifact", "digest")?.stringValue == "sha256:\(digest)" else {
            throw StandFailure(description: "\(url) has digest \(digest)")
        }
        return answer.body
    }

    /// The names in the artifact that the status of an object advertises, as tar lists them.
    func artifactEntries(of object: JSONValue) async throws -> [String] {
        let listing = try await CommandLineTool.run("tar", ["-tz"], input: try await artifact(of: object))
        return listing.output.split(separator: "\n").map(String.init).sorted()
    }
}

/// Publishes a folder with `sourcectl`.
/// - Returns: what it printed.
@discardableResult
func push(_ folder: TemporaryDirectory, to reference: String, arguments: [String] = []) async throws -> String {
    let outcome = try await CommandLineTool.run(
        Programs.sourcectl,
        [
            "push", "artifact", "oci://\(reference)", "--path=\(folder.path)", "--source=https://example.com/repo.git",
            "--revision=main@sha1:0123",
        ] + arguments)
    guard outcome.status == 0 else { throw StandFailure(description: "push: \(outcome.errorOutput)") }
    return outcome.output + outcome.errorOutput
}
