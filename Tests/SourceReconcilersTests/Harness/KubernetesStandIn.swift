import Core
import EmbeddedAPIServer
import Foundation
import HTTPServing
import KubernetesAPI

/// The embedded Kubernetes API behind a log of what was asked of it, and able to fail.
final class KubernetesStandIn: HTTPHandler {
    struct Exchange: Sendable, CustomStringConvertible {
        let method: String
        let path: String
        let query: String
        let body: [UInt8]

        var isWrite: Bool { method != "GET" }
        var description: String { "\(method) \(path)" }
    }

    private let api: EmbeddedAPIServer
    private let log = Locked<[Exchange]>([])
    private let isLost = Locked<(@Sendable (Exchange) -> Bool)?>(nil)
    private let fault = Locked<(@Sendable (Exchange) -> HTTPServerResponse?)?>(nil)

    init(time: any TimeSource) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let definition = root.appendingPathComponent("config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml")
        var configuration = EmbeddedAPIServer.Configuration(
            customResourceDefinitions: [[UInt8](try Data(contentsOf: definition))])
        configuration.namespaces = ["default", "apps"]
        api = try EmbeddedAPIServer(configuration: configuration, time: time)
    }

    /// What the controller asked, in order; what the test itself asked is not in it.
    var exchanges: [Exchange] { log.current }
    func forgetExchanges() { log.withLock { $0 = [] } }

    /// Answers with what `body` gives, where it gives something.
    func misbehave(_ body: (@Sendable (Exchange) -> HTTPServerResponse?)?) { fault.withLock { $0 = body } }

    /// Does what is asked and says that it failed, where `body` is true.
    func loseAnswers(_ body: (@Sendable (Exchange) -> Bool)?) { isLost.withLock { $0 = body } }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        let exchange = Exchange(
            method: request.method, path: request.path, query: request.query ?? "", body: request.body)
        log.withLock { $0.append(exchange) }
        if let answer = fault.current?(exchange) { return answer }
        let answer = await api.respond(to: request)
        return isLost.current?(exchange) == true ? HTTPServerResponse(status: 500) : answer
    }

    // MARK: - What the test asks

    struct Refusal: Error, CustomStringConvertible {
        let status: Int
        let description: String
    }

    /// Asks the API directly, unlogged and never failing on purpose.
    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: JSONValue? = nil, type: String = "application/json"
    ) async throws -> JSONValue {
        let response = await api.respond(
            to: HTTPServerRequest(
                method: method, path: path,
                headers: ["Host": "127.0.0.1", "Accept": "application/json", "Content-Type": type],
                body: body?.serialized() ?? []))
        guard case .bytes(let bytes) = response.body else { return [:] }
        let value = (try? JSONValue(parsing: bytes)) ?? .null
        guard (200..<300).contains(response.status) else {
            throw Refusal(status: response.status, description: "\(response.status): \(value["message"] ?? value)")
        }
        return value
    }
}
