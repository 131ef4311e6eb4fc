import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient

/// An HTTP client that answers from a script and remembers what it was asked.
final class ScriptedClient: HTTPClient {
    struct Exchange: Sendable {
        let method: String
        let url: String
        let headers: HTTPFields
        let body: [UInt8]
        let connection: ConnectionPolicy
        let maximumReceiveRate: Int?
        let deadline: Duration?

        var line: String { "\(method) \(url)" }
        var authorization: String? { headers["Authorization"] }
    }

    typealias Script = @Sendable (Exchange, Int) async throws(HTTPTransportError) -> HTTPResponse

    private let script: Script
    private let log = Locked<[Exchange]>([])
    private let underWay = Locked((now: 0, most: 0))

    /// - Parameter script: gets the request and how many came before it.
    init(_ script: @escaping Script) { self.script = script }

    var exchanges: [Exchange] { log.current }
    var lines: [String] { exchanges.map(\.line) }
    /// The most requests that were under way at a time.
    var mostAtOnce: Int { underWay.current.most }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        var body: [UInt8] = []
        switch request.body {
        case .none: break
        case .bytes(let bytes): body = bytes
        case .stream(_, let chunks):
            do { for try await chunk in chunks { body += chunk } } catch {
                throw HTTPTransportError(.upload, "the upload failed", endpoint: nil, underlying: error)
            }
        }
        let exchange = Exchange(
            method: request.method, url: request.url, headers: request.headers, body: body,
            connection: request.connection, maximumReceiveRate: request.maximumReceiveRate,
            deadline: request.deadline)
        let index = log.withLock { log in
            log.append(exchange)
            return log.count - 1
        }
        underWay.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        defer { underWay.withLock { $0.now -= 1 } }
        return try await script(exchange, index)
    }
}

extension HTTPResponse {
    static func answer(_ status: Int, _ headers: HTTPFields = [:], _ body: [UInt8] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: HTTPBody(bytes: body))
    }

    static func answer(_ status: Int, _ headers: HTTPFields = [:], text: String) -> HTTPResponse {
        answer(status, headers, Array(text.utf8))
    }
}

extension HTTPTransportError {
    static func failing(_ code: Code) -> HTTPTransportError {
        HTTPTransportError(code, "it failed: \(code)", endpoint: "https://ghcr.io:443")
    }
}

/// A repository's content for scripts.
struct Sample {
    static let layer = Array("the layer".utf8)
    static let config = Array("{}".utf8)
    static let layerDescriptor = Descriptor(mediaType: .fluxContent, digest: .of(layer), size: Int64(layer.count))
    static let configDescriptor = Descriptor(mediaType: .fluxConfig, digest: .of(config), size: Int64(config.count))
    static let manifest = ImageManifest(
        config: configDescriptor, layers: [layerDescriptor], annotations: ["k": "v"]
    ).serialized()
    static let digest = Digest.of(manifest)
    static let descriptor = Descriptor(mediaType: .ociManifest, digest: digest, size: Int64(manifest.count))

    static let manifestHeaders: HTTPFields = [
        "Content-Type": MediaType.ociManifest.description, "Docker-Content-Digest": digest.description,
        "Content-Length": String(manifest.count),
    ]

    /// What a well-behaved registry answers about the sample, whatever the tag.
    static func answer(_ exchange: ScriptedClient.Exchange) -> HTTPResponse {
        if exchange.url.contains("/manifests/") {
            return .answer(200, manifestHeaders, exchange.method == "HEAD" ? [] : manifest)
        }
        if exchange.url.contains("/blobs/") { return .answer(200, ["Content-Length": String(layer.count)], layer) }
        return .answer(404, ["Content-Type": "application/json"], text: #"{"errors":[{"code":"NAME_UNKNOWN"}]}"#)
    }

    static let bearer = #"Bearer realm="https://auth.example/token",service="ghcr""#
}

extension RegistryClient {
    /// A client of a script with short retry delays.
    static func scripted(
        _ http: any HTTPClient, time: any TimeSource = SystemTime(), metrics: MetricsRegistry = MetricsRegistry(),
        cache: TokenCache? = nil, _ change: (inout Configuration) -> Void = { _ in }
    ) -> RegistryClient {
        var configuration = Configuration()
        configuration.retryDelays = Backoff(base: .milliseconds(1), maximum: .milliseconds(1))
        change(&configuration)
        return RegistryClient(
            http: http, configuration: configuration, tokenCache: cache, metrics: metrics, time: time)
    }
}

func repository(_ text: String = "ghcr.io/team/app") throws -> RepositoryReference {
    try RepositoryReference(parsing: text)
}
