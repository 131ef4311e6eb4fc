import Core
import EmbeddedAPIServer
import Foundation
import HTTPServing

/// A server in this process and ways to ask it.
struct TestServer {
    let server: EmbeddedAPIServer

    init(
        definition: String = Definitions.widget, dataFolder: String? = nil, historyLimit: Int = 2048,
        time: any TimeSource = SystemTime(), namespaces: [String] = ["default", "kube-system", "demo"]
    ) throws {
        var configuration = EmbeddedAPIServer.Configuration(
            dataFolder: dataFolder, customResourceDefinitions: [[UInt8](definition.utf8)])
        configuration.historyLimit = historyLimit
        configuration.namespaces = namespaces
        server = try EmbeddedAPIServer(configuration: configuration, time: time)
    }

    init(server: EmbeddedAPIServer) { self.server = server }

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let bytes: [UInt8]

        var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }
        var text: String { String(decoding: bytes, as: UTF8.self) }
        var message: String { json["message"]?.stringValue ?? "" }
        /// The objects of a watch.
        var lines: [JSONValue] {
            bytes.split(separator: 0x0a).compactMap { try? JSONValue(parsing: Array($0)) }
        }
    }

    func send(
        _ method: String, _ target: String, _ body: [UInt8] = [], headers: HTTPFields = [:]
    ) async throws -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var fields = headers
        if fields["Host"] == nil { fields["Host"] = "127.0.0.1:8001" }
        let request = HTTPServerRequest(
            method: method, path: parts[0], query: parts.count > 1 ? parts[1] : nil, headers: fields, body: body)
        let response: HTTPServerResponse
        if let immediate = server.respondImmediately(to: request) {
            response = immediate
        } else {
            response = await server.respond(to: request)
        }
        switch response.body {
        case .bytes(let bytes): return Answer(status: response.status, headers: response.headers, bytes: bytes)
        case .stream(let produce):
            let writer = CollectingWriter()
            try await produce(writer)
            return Answer(status: response.status, headers: response.headers, bytes: writer.bytes)
        default: return Answer(status: response.status, headers: response.headers, bytes: [])
        }
    }

    func get(_ target: String, accept: String = "application/json") async throws -> Answer {
        try await send("GET", target, headers: ["Accept": accept])
    }

    func post(_ target: String, _ value: JSONValue) async throws -> Answer {
        try await send("POST", target, value.serialized(), headers: ["Content-Type": "application/json"])
    }

    func put(_ target: String, _ value: JSONValue) async throws -> Answer {
        try await send("PUT", target, value.serialized(), headers: ["Content-Type": "application/json"])
    }

    func patch(
        _ target: String, _ value: JSONValue, type: String = "application/merge-patch+json"
    ) async throws -> Answer {
        try await send("PATCH", target, value.serialized(), headers: ["Content-Type": type])
    }

    func delete(_ target: String, _ options: JSONValue? = nil) async throws -> Answer {
        try await send(
            "DELETE", target, options?.serialized() ?? [], headers: ["Content-Type": "application/json"])
    }

    /// Starts a watch; it ends when the answer is cancelled.
    func watch(_ target: String, accept: String = "application/json") async -> RunningWatch {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let response = await server.respond(
            to: HTTPServerRequest(
                path: parts[0], query: parts.count > 1 ? parts[1] : nil,
                headers: ["Host": "127.0.0.1", "Accept": accept]))
        return RunningWatch(response)
    }
}

/// A watch in the background.
final class RunningWatch: Sendable {
    private let writer = CollectingWriter()
    private let task: Task<Void, any Error>?
    private let over = Locked(false)
    let status: Int

    /// Whether the server ended it.
    var isOver: Bool { over.current }

    init(_ response: HTTPServerResponse) {
        status = response.status
        switch response.body {
        case .stream(let produce):
            let writer = writer
            let over = over
            task = Task {
                defer { over.withLock { $0 = true } }
                try await produce(writer)
            }
        case .bytes(let bytes):
            writer.append(bytes)
            task = nil
        default: task = nil
        }
    }

    deinit { task?.cancel() }

    var events: [JSONValue] {
        writer.bytes.split(separator: 0x0a).compactMap { try? JSONValue(parsing: Array($0)) }
    }

    func cancel() { task?.cancel() }
    func end() async { _ = await task?.result }
}

final class CollectingWriter: HTTPResponseWriter {
    private let collected = Locked<[UInt8]>([])
    var bytes: [UInt8] { collected.current }
    func append(_ bytes: [UInt8]) { collected.withLock { $0 += bytes } }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        append(bytes)
    }
}

enum Definitions {
    /// The definition that the controller is installed with.
    static let ociRepository: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appendingPathComponent("config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml").path
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }()

    static let widget = #"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.test}
        spec:
          group: example.test
          names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget, shortNames: [wd]}
          scope: Namespaced
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}}
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    required: [url]
                    properties:
                      url: {type: string, pattern: "^oci://.*$"}
                      timeout: {type: string, default: 60s}
                      count: {type: integer, minimum: 1, maximum: 10}
                      ref: {type: object, properties: {tag: {type: string}, semver: {type: string}}}
                  status:
                    type: object
                    default: {observedGeneration: -1}
                    properties:
                      observedGeneration: {type: integer}
                      url: {type: string}
        """#
}
