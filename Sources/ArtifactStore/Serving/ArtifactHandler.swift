internal import Core
internal import HTTPServing

/// Serves artifacts: GET and HEAD, ranges, conditions; 200 for `/` (upstream's readiness probe asks for it), 404 for
/// everything that is not in the store, folders and dot paths among it.
struct ArtifactHandler: HTTPHandler {
    let published: PublishedArtifacts
    let executor: BlockingExecutor
    let logger: Logger

    func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
        switch lookUp(request) {
        case .answer(let response): response
        case .artifact(let artifact): published.openResponder(artifact)?.respond(to: request)
        }
    }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        var failed: PublishedArtifacts.Artifact?
        while true {
            switch lookUp(request) {
            case .answer(let response): return response
            case .artifact(let artifact):
                if let responder = published.openResponder(artifact) { return responder.respond(to: request) }
                do {
                    return try await executor.run { [published] in
                        try published.makeResponder(artifact)
                    }.respond(to: request)
                } catch {
                    if failed == artifact {
                        logger.error(
                            "a stored artifact cannot be served", error: error, ["path": .string(artifact.path)])
                        return .text(500, "the artifact cannot be read")
                    }
                    // It may have been collected since it was looked up: what the store has now is the answer.
                    failed = artifact
                }
            }
        }
    }

    private enum Finding {
        case answer(HTTPServerResponse)
        case artifact(PublishedArtifacts.Artifact)
    }

    private func lookUp(_ request: HTTPServerRequest) -> Finding {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .answer(.text(405, "method not allowed", headers: ["Allow": "GET, HEAD"]))
        }
        if request.path == "/" { return .answer(HTTPServerResponse(status: 200)) }
        switch Self.decode(request.path).flatMap({ published.entry(at: $0) }) {
        case .served(let artifact): return .artifact(artifact)
        // Consumers take 404 for "not now" and try again; other statuses they report as failures of their own.
        case .withheld: return .answer(.text(404, Self.withheldText))
        case nil: return .answer(.text(404, "not found"))
        }
    }

    private static let withheldText =
        "withheld: no signature vouches for this artifact any more; see the conditions of its OCIRepository"

    /// The path without its slash and without percent-encoding; nil when it is none or has anything but plain ASCII in it,
    /// which no artifact's path has.
    static func decode(_ path: String) -> String? {
        var bytes: [UInt8] = []
        var rest = path.utf8[...]
        guard rest.popFirst() == UInt8(ascii: "/") else { return nil }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = rest.prefix(2)
                guard digits.count == 2, let text = String(digits),
                    let decoded = Hexadecimal.decode(text, allowingUppercase: true)
                else { return nil }
                bytes += decoded
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        guard bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
