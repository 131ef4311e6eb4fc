import Core
import Cryptography
import HTTPServing
import OCI

/// A registry with one artifact under any number of tags, which are made up while they are sent: what lists them cannot
/// be slowed down or made large by the registry.
final class TagListStand: HTTPHandler {
    /// Tags in one answer; the rest is behind a `Link`.
    private let pageSize: Int
    private let count: Locked<Int>
    private let layer: [UInt8]
    private let config = Array("{}".utf8)
    private let manifest: [UInt8]

    /// - Parameter pageSize: nil puts all tags into one answer, whatever size the client asks for.
    init(layer: [UInt8], pageSize: Int?) {
        self.layer = layer
        self.pageSize = pageSize ?? Int.max
        count = Locked(0)
        manifest = ImageManifest(
            config: Descriptor(mediaType: .fluxConfig, digest: .of(config), size: Int64(config.count)),
            layers: [Descriptor(mediaType: .fluxContent, digest: .of(layer), size: Int64(layer.count))]
        ).serialized()
    }

    /// How many tags there are from now on.
    func offer(_ tags: Int) { count.withLock { $0 = tags } }

    /// The highest version of `count` tags.
    static func highest(of count: Int) -> String { tag(count - 1) }

    private static func tag(_ number: Int) -> String { "1.\(number).0-build.of.the.main.branch" }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        if request.path.hasSuffix("/tags/list") { return list(from: Self.start(request.query ?? "")) }
        if request.path.contains("/manifests/") {
            return HTTPServerResponse(
                status: 200,
                headers: [
                    "Content-Type": MediaType.ociManifest.description,
                    "Docker-Content-Digest": Digest.of(manifest).description, "Content-Length": String(manifest.count),
                ], body: request.method == "HEAD" ? .empty : .bytes(manifest))
        }
        let blob = [layer, config].first { request.path.hasSuffix("/blobs/\(Digest.of($0))") }
        return HTTPServerResponse(status: blob == nil ? 404 : 200, body: .bytes(blob ?? []))
    }

    private static func start(_ query: String) -> Int {
        query.split(separator: "&").first { $0.hasPrefix("last=") }.flatMap { Int($0.dropFirst(5)) } ?? 0
    }

    private func list(from start: Int) -> HTTPServerResponse {
        let total = count.current
        let end = pageSize < total - start ? start + pageSize : total
        var headers: HTTPFields = ["Content-Type": "application/json"]
        if end < total { headers["Link"] = "</v2/app/tags/list?last=\(end)>; rel=\"next\"" }
        return HTTPServerResponse(
            status: 200, headers: headers,
            body: .stream { writer in
                try await writer.write(Array(#"{"name":"app","tags":["#.utf8))
                for first in stride(from: start, to: end, by: 1000) {
                    let names = (first..<min(first + 1000, end)).map { #""\#(Self.tag($0))""# }
                    try await writer.write(
                        Array((first == start ? "" : ",").utf8) + Array(names.joined(separator: ",").utf8))
                }
                try await writer.write(Array("]}".utf8))
            })
    }
}
