import Core
import Cryptography
import Foundation
import HTTPServing
import OCI
import TestSupport
import Verification

/// A registry in memory (distribution specification 1.1: manifests, blobs, tags in pages, referrers) that a test can make
/// misbehave in every way.
final class RegistryStandIn: HTTPHandler {
    struct Exchange: Sendable, CustomStringConvertible {
        let method: String
        let path: String
        let query: String
        let authorization: String?

        var isBlob: Bool { path.contains("/blobs/") }
        var isManifest: Bool { path.contains("/manifests/") }
        var isTagList: Bool { path.hasSuffix("/tags/list") }
        var isHead: Bool { method == "HEAD" }
        /// Whether it looks for signatures: referrers, or what cosign 2 stores.
        var isForSignatures: Bool { path.contains("/referrers/") || path.hasSuffix(".sig") }
        var description: String { "\(method) \(path)\(query.isEmpty ? "" : "?\(query)")" }
    }

    typealias Fault = @Sendable (Exchange) async -> HTTPServerResponse?

    struct Stored: Sendable {
        let type: String
        let bytes: [UInt8]
    }

    private struct Content: Sendable {
        var manifests: [String: Stored] = [:]
        var blobs: [String: [UInt8]] = [:]
        var tags: [String: Digest] = [:]
        var credential: String?
        var referrers: [String: [Descriptor]] = [:]
    }

    static let path = "team/app"

    private let content = Locked(Content())
    private let log = Locked<[Exchange]>([])
    private let fault = Locked<Fault?>(nil)
    private let answering = Locked(0)

    /// Answers that are being made or sent, streamed ones to their end.
    var underWay: Int { answering.current }

    var exchanges: [Exchange] { log.current }
    /// How often a blob was asked for.
    var downloads: Int { exchanges.filter(\.isBlob).count }
    func forgetExchanges() { log.withLock { $0 = [] } }

    /// Answers with what `body` gives, where it gives something; nil behaves again.
    func misbehave(_ body: Fault?) { fault.withLock { $0 = body } }

    /// Asks everybody for Basic credentials.
    func require(username: String, password: String) {
        let value = Data("\(username):\(password)".utf8).base64EncodedString()
        content.withLock { $0.credential = "Basic \(value)" }
    }

    // MARK: - Publishing

    @discardableResult
    func store(blob: [UInt8]) -> Digest {
        let digest = Digest.of(blob)
        content.withLock { $0.blobs[digest.description] = blob }
        return digest
    }

    /// Answers requests for `digest` with other bytes than it names.
    func swap(_ digest: Digest, for bytes: [UInt8]) {
        content.withLock { content in
            if content.blobs[digest.description] != nil { content.blobs[digest.description] = bytes }
            if let manifest = content.manifests[digest.description] {
                content.manifests[digest.description] = Stored(type: manifest.type, bytes: bytes)
            }
        }
    }

    @discardableResult
    func store(manifest bytes: [UInt8], type: MediaType = .ociManifest, tags: [String] = []) -> Digest {
        let digest = Digest.of(bytes)
        content.withLock { content in
            content.manifests[digest.description] = Stored(type: type.description, bytes: bytes)
            for tag in tags { content.tags[tag] = digest }
        }
        return digest
    }

    /// An image with one layer.
    @discardableResult
    func push(
        _ tags: String..., layer: [UInt8], type: MediaType = .fluxContent, annotations: [String: String] = [:],
        digest: Digest? = nil, size: Int64? = nil
    ) -> Digest {
        let real = store(blob: layer)
        return push(
            tags, layers: [Descriptor(mediaType: type, digest: digest ?? real, size: size ?? Int64(layer.count))],
            annotations: annotations)
    }

    @discardableResult
    func push(_ tags: [String], layers: [Descriptor], annotations: [String: String] = [:]) -> Digest {
        let config = Array("{}".utf8)
        let manifest = ImageManifest(
            config: Descriptor(mediaType: .fluxConfig, digest: store(blob: config), size: Int64(config.count)),
            layers: layers, annotations: annotations)
        return store(manifest: manifest.serialized(), tags: tags)
    }

    @discardableResult
    func push(_ tag: String, index manifests: [Descriptor]) -> Digest {
        store(manifest: ImageIndex(manifests: manifests).serialized(), type: .ociIndex, tags: [tag])
    }

    /// The descriptor of a manifest that is stored.
    func descriptor(_ digest: Digest, platform: Platform? = nil, artifactType: MediaType? = nil) -> Descriptor {
        let size = content.current.manifests[digest.description]?.bytes.count ?? 0
        return Descriptor(
            mediaType: .ociManifest, digest: digest, size: Int64(size), artifactType: artifactType, platform: platform)
    }

    func tag(_ tag: String, _ digest: Digest) { content.withLock { $0.tags[tag] = digest } }

    func manifest(_ digest: Digest) -> [UInt8] { content.current.manifests[digest.description]?.bytes ?? [] }

    // MARK: - Signing

    /// Puts layers (payloads with their annotations) under the tag of cosign 2's signatures of `digest`.
    func sign(_ digest: Digest, _ layers: [(payload: [UInt8], annotations: [String: String])]) {
        let layers = layers.map { layer in
            Descriptor(
                mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: store(blob: layer.payload),
                size: Int64(layer.payload.count), annotations: layer.annotations)
        }
        push(["\(digest.algorithm.rawValue)-\(digest.hex).sig"], layers: layers)
    }

    /// Lets a bundle refer to `digest`, as cosign 3 does.
    func refer(to digest: Digest, bundle: [UInt8]) {
        let referrer = BundleReferrer(bundle: bundle, of: descriptor(digest), created: Timestamp(seconds: 0))
        store(blob: bundle)
        store(blob: referrer.config)
        let stored = store(manifest: referrer.manifest.serialized())
        refer(to: digest, [descriptor(stored, artifactType: BundleReferrer.mediaType)])
    }

    /// Lists `descriptors` as referrers of `digest`, whether or not there is anything behind them.
    func refer(to digest: Digest, _ descriptors: [Descriptor]) {
        content.withLock { $0.referrers[digest.description, default: []] += descriptors }
    }

    // MARK: - Serving

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        answering.withLock { $0 += 1 }
        defer { answering.withLock { $0 -= 1 } }
        var response = await answer(to: request)
        if case .stream(let produce) = response.body {
            response.body = .stream { [answering] writer in
                answering.withLock { $0 += 1 }
                defer { answering.withLock { $0 -= 1 } }
                try await produce(writer)
            }
        }
        return response
    }

    private func answer(to request: HTTPServerRequest) async -> HTTPServerResponse {
        let exchange = Exchange(
            method: request.method, path: request.path, query: request.query ?? "",
            authorization: request.headers["Authorization"])
        log.withLock { $0.append(exchange) }
        if let answer = await fault.current?(exchange) { return answer }
        let content = content.current
        if let credential = content.credential, credential != exchange.authorization {
            return Self.error(401, "UNAUTHORIZED", ["WWW-Authenticate": #"Basic realm="stand-in""#])
        }
        guard exchange.path.hasPrefix("/v2/\(Self.path)/") else { return Self.error(404, "NAME_UNKNOWN") }
        let parts = exchange.path.dropFirst("/v2/\(Self.path)/".count).split(separator: "/", maxSplits: 1).map(
            String.init)
        guard parts.count == 2 else { return Self.error(404, "UNSUPPORTED") }
        switch parts[0] {
        case "manifests":
            let digest = content.tags[parts[1]]?.description ?? parts[1]
            guard let manifest = content.manifests[digest] else { return Self.error(404, "MANIFEST_UNKNOWN") }
            return Self.answer(manifest, digest: digest, isHead: exchange.isHead)
        case "blobs":
            guard let blob = content.blobs[parts[1]] else { return Self.error(404, "BLOB_UNKNOWN") }
            return HTTPServerResponse(
                status: 200, headers: ["Content-Type": "application/octet-stream"], body: .bytes(blob))
        case "tags": return Self.page(content.tags.keys.sorted(), query: exchange.query)
        case "referrers":
            return Self.page(referrers: content.referrers[parts[1]] ?? [], of: parts[1], query: exchange.query)
        default: return Self.error(404, "UNSUPPORTED")
        }
    }

    static func answer(_ manifest: Stored, digest: String, isHead: Bool) -> HTTPServerResponse {
        HTTPServerResponse(
            status: 200,
            headers: [
                "Content-Type": manifest.type, "Docker-Content-Digest": digest,
                "Content-Length": String(manifest.bytes.count),
            ], body: isHead ? .empty : .bytes(manifest.bytes))
    }

    /// What the distribution registry says.
    private static let messages = [
        "UNAUTHORIZED": "authentication required", "DENIED": "requested access to the resource is denied",
        "MANIFEST_UNKNOWN": "manifest unknown", "NAME_UNKNOWN": "repository name not known to registry",
    ]

    static func error(_ status: Int, _ code: String, _ headers: HTTPFields = [:]) -> HTTPServerResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        let message = messages[code] ?? "the stand-in says \(code)"
        let text = #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#
        return HTTPServerResponse(status: status, headers: headers, body: .bytes(Array(text.utf8)))
    }

    private static func items(_ query: String) -> [String: String] {
        Dictionary(
            query.split(separator: "&").map { item in
                let parts = item.split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : "")
            }, uniquingKeysWith: { $1 })
    }

    /// A hundred referrers of `subject` at a time.
    private static func page(
        referrers: [Descriptor], of subject: String, query: String
    ) -> HTTPServerResponse {
        let start = items(query)["from"].flatMap { Int($0) } ?? 0
        let end = min(start + 100, referrers.count)
        var headers: HTTPFields = ["Content-Type": MediaType.ociIndex.description]
        if end < referrers.count {
            headers["Link"] = "</v2/\(path)/referrers/\(subject)?from=\(end)>; rel=\"next\""
        }
        return HTTPServerResponse(
            status: 200, headers: headers,
            body: .bytes(ImageIndex(manifests: Array(referrers[start..<end])).serialized()))
    }

    private static func page(_ tags: [String], query: String) -> HTTPServerResponse {
        let items = items(query)
        let size = min(items["n"].flatMap { Int($0) } ?? 3, 3)
        let rest = items["last"].map { last in tags.filter { $0 > last } } ?? tags
        let page = Array(rest.prefix(size))
        var headers: HTTPFields = ["Content-Type": "application/json"]
        if rest.count > page.count, let last = page.last {
            headers["Link"] = "</v2/\(path)/tags/list?n=\(size)&last=\(last)>; rel=\"next\""
        }
        let body: JSONValue = ["name": .string(path), "tags": .array(page.map { .string($0) })]
        return HTTPServerResponse(status: 200, headers: headers, body: .bytes(body.serialized()))
    }
}

/// Holds exchanges back until a test lets them go on.
final class Gate: Sendable {
    private let state = Locked((waiting: 0, isOpen: false))

    /// How many wait or waited.
    var arrivals: Int { state.current.waiting }

    func open() { state.withLock { $0.isOpen = true } }

    /// Returns when the gate is open; throws when the client leaves.
    func pass() async throws {
        state.withLock { $0.waiting += 1 }
        try await eventually("the gate's opening") { state.current.isOpen }
    }
}
