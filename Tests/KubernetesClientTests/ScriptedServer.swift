import Core
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient

/// A real HTTP server in this process whose answers a test scripts; it records the requests.
final class ScriptedServer: Sendable {
    /// Changes of the client's configuration.
    struct Setup {
        let apply: (inout ClientConfiguration) -> Void
    }

    /// An object to answer with.
    static let secret: JSONValue = ["metadata": ["name": "x", "namespace": "apps"], "data": ["k": "dg=="]]
    static let secretKey = NamespacedName(namespace: "apps", name: "x")

    typealias Respond = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    private let seen = Locked<[HTTPServerRequest]>([])
    let server: HTTPServer

    init(_ respond: @escaping Respond) throws {
        let seen = seen
        server = try HTTPServer(
            configuration: .init(address: "127.0.0.1:0"),
            handler: AsyncHandler { request in
                seen.withLock { $0.append(request) }
                return await respond(request)
            })
    }

    var requests: [HTTPServerRequest] { seen.current }
    var url: String { "http://127.0.0.1:\(server.port)" }

    /// Runs the server for as long as `body` takes, with a client of it.
    static func run(
        setup: Setup = Setup { _ in }, time: any TimeSource = SystemTime(),
        metrics: MetricsRegistry = MetricsRegistry(), _ respond: @escaping Respond,
        _ body: (KubernetesClient, ScriptedServer) async throws -> Void
    ) async throws {
        let server = try ScriptedServer(respond)
        let http = CurlClient()
        var configuration = ClientConfiguration(server: server.url)
        setup.apply(&configuration)
        let client = KubernetesClient(http: http, configuration: configuration, time: time, metrics: metrics)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.server.run() }
                defer { group.cancelAll() }
                try await body(client, server)
            }
        } catch {
            await http.shutdown()
            throw error
        }
        await http.shutdown()
    }

    static func json(_ value: JSONValue, status: Int = 200, headers: HTTPFields = [:]) -> HTTPServerResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        return HTTPServerResponse(status: status, headers: headers, body: .bytes(value.serialized()))
    }

    static func failure(_ code: Int, _ reason: String, headers: HTTPFields = [:]) -> HTTPServerResponse {
        json(
            [
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string("it is \(reason)"),
                "reason": .string(reason), "code": .integer(Int64(code)),
            ], status: code, headers: headers)
    }
}
