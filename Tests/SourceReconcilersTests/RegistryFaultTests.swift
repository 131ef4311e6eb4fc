import Core
import HTTPServing
import OCI
import RegistryClient
import SourceReconcilers
import TestSupport
import Testing

/// A registry that cannot be reached, refuses, lies, or never ends: each with its condition and event, nothing stored.
@Suite struct RegistryFaultTests {
    @Test(.timeLimit(.minutes(10)), arguments: reachability + answers + lies)
    func isReported(_ fault: FaultCase) async throws { try await fault.prove() }

    private static let pull = ConditionReason.pullFailed

    /// A case in which every request that `predicate` selects gets `answer`.
    private static func answering(
        _ name: String, _ reason: String, _ fragments: String..., spec: JSONValue = [:],
        options: Workbench.Options = .init(),
        to predicate: @escaping @Sendable (RegistryStandIn.Exchange) -> Bool = { _ in true },
        _ answer: @escaping @Sendable () async -> HTTPServerResponse
    ) -> FaultCase {
        FaultCase(name, reason, options: options) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            bench.registry.misbehave { predicate($0) ? await answer() : nil }
            return spec
        }.expecting(fragments)
    }

    static let reachability: [FaultCase] = [
        FaultCase(
            "unknown host", pull, "failed to determine artifact digest: ", "no-such-host.invalid"
        ) { _ in ["url": "oci://no-such-host.invalid/team/app"] },
        FaultCase("refused connection", pull, "failed to determine artifact digest: ", "127.0.0.1:") { bench in
            let port = try RefusingPort()
            bench.keep(port)
            return ["url": .string("oci://127.0.0.1:\(port.number)/team/app")]
        },
        FaultCase(
            "certificate of nobody we trust", pull, "failed to determine artifact digest: ", "certificate"
        ) { bench in
            let certificates = try await SharedCertificates.task.value
            let port = try freePort()
            let server = try ChildProcess(
                "/usr/bin/openssl",
                [
                    "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificates.server.certificatePath, "-key",
                    certificates.server.keyPath, "-www",
                ])
            bench.keep(server)
            try await eventually("the TLS server") { server.log.contains("ACCEPT") }
            return ["url": .string("oci://127.0.0.1:\(port)/team/app")]
        },
        answering(
            "no answer in time", pull, "failed to determine artifact digest: ",
            "not done within 300ms (spec.timeout); raise it",
            spec: ["timeout": "300ms"]
        ) {
            try? await Task.sleep(for: .seconds(30))
            return .text(500, "late")
        },
        answering(
            "a layer that trickles", pull, "failed to pull artifact from '",
            "not done within 4s (spec.timeout); raise it",
            spec: ["timeout": "4s"],
            to: { $0.isBlob }
        ) {
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    while true {
                        try await writer.write([0x1f])
                        try await Task.sleep(for: .milliseconds(250))
                    }
                })
        },
        answering(
            "a layer that drips", pull, "failed to pull artifact from '",
            "it came slower than the limit of 1024 bytes/s (--download-rate-minimum)",
            spec: ["timeout": "90000m"], options: .striding { $0.minimumDownloadRate = 1024 }, to: { $0.isBlob }
        ) {
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([0x1f])
                    try await Gate().pass()
                })
        },
    ]

    static let answers: [FaultCase] = [
        answering("401", pull, "failed to determine artifact digest: ", "HTTP 401", "UNAUTHORIZED", "secretRef") {
            RegistryStandIn.error(401, "UNAUTHORIZED")
        },
        answering("403", pull, "failed to determine artifact digest: ", "HTTP 403", "DENIED", "anonymous") {
            RegistryStandIn.error(403, "DENIED")
        },
        answering("404", pull, "failed to determine artifact digest: ", "HTTP 404", "MANIFEST_UNKNOWN", "1.0.0") {
            RegistryStandIn.error(404, "MANIFEST_UNKNOWN")
        },
        answering("429", pull, "failed to determine artifact digest: ", "HTTP 429", "limits requests") {
            RegistryStandIn.error(429, "TOOMANYREQUESTS")
        },
        answering("404 for the repository", pull, "HTTP 404", "NAME_UNKNOWN") {
            RegistryStandIn.error(404, "NAME_UNKNOWN")
        },
        answering("429 with a time to wait", pull, "HTTP 429", "asks to wait") {
            RegistryStandIn.error(429, "TOOMANYREQUESTS", ["Retry-After": "300"])
        },
        answering("500", pull, "failed to determine artifact digest: ", "HTTP 500") {
            RegistryStandIn.error(500, "UNKNOWN")
        },
        answering("404 for the blob", pull, "failed to pull artifact from 'oci://", "HTTP 404", to: { $0.isBlob }) {
            RegistryStandIn.error(404, "BLOB_UNKNOWN")
        },
        FaultCase(
            "403 of the storage", pull, "failed to pull artifact from 'oci://", "HTTP 403, AccessDenied"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            let location = "http://localhost:\(bench.host.split(separator: ":")[1])/storage?sig=hush"
            bench.hide("hush")
            bench.registry.misbehave { exchange in
                if exchange.isBlob { return HTTPServerResponse(status: 307, headers: ["Location": location]) }
                guard exchange.path == "/storage" else { return nil }
                let said = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>sig=hush</Message></Error>"
                return HTTPServerResponse(
                    status: 403, headers: ["Content-Type": "application/xml"], body: .bytes(Array(said.utf8)))
            }
            return [:]
        },
        answering(
            "500 for the tags", ConditionReason.readOperationFailed,
            "failed to determine the artifact tag for 'oci://", "HTTP 500", spec: ["ref": ["semver": "*"]],
            to: { $0.isTagList }
        ) { RegistryStandIn.error(500, "UNKNOWN") },
        answering("HTML with 200", pull, "failed to determine artifact digest: ", "HTML instead of JSON") {
            .html(200)
        },
        answering("HTML with 503", pull, "failed to determine artifact digest: ", "HTTP 503") { .html(503) },
        answering(
            "HTML for the manifest by digest", pull, "failed to pull artifact from 'oci://", "HTML instead of JSON",
            to: { $0.isManifest && !$0.isHead }
        ) { .html(200) },
        answering(
            "HTML for the tags", ConditionReason.readOperationFailed, "failed to determine the artifact tag",
            spec: ["ref": ["semver": "*"]], to: { $0.isTagList }
        ) { .html(200) },
        answering(
            "a hostile message", pull, "HTTP 418", "NASTY", to: { _ in true }
        ) {
            let text = String(repeating: #"x\u0000\u001b[31m\r\n"#, count: 500)
            return HTTPServerResponse(
                status: 418, headers: ["Content-Type": "application/json"],
                body: .bytes(Array(#"{"errors":[{"code":"NASTY","message":"\#(text)"}]}"#.utf8)))
        },
        answering(
            "pages that go round", ConditionReason.readOperationFailed, "circle", spec: ["ref": ["semver": ">=9"]],
            to: { $0.isTagList }
        ) {
            HTTPServerResponse(
                status: 200,
                headers: [
                    "Content-Type": "application/json",
                    "Link": "</v2/team/app/tags/list?n=1&last=a>; rel=\"next\"",
                ], body: .bytes(Array(#"{"name":"team/app","tags":["a"]}"#.utf8)))
        },
        answering(
            "pages at somebody else's", ConditionReason.readOperationFailed, "another server",
            spec: ["ref": ["semver": ">=9"]], to: { $0.isTagList }
        ) {
            HTTPServerResponse(
                status: 200,
                headers: ["Content-Type": "application/json", "Link": "<http://127.0.0.2:1/tags>; rel=\"next\""],
                body: .bytes(Array(#"{"name":"team/app","tags":["a"]}"#.utf8)))
        },
        answering(
            "a page without an end", ConditionReason.readOperationFailed, "not done within 2s",
            spec: ["ref": ["semver": ">=9"], "timeout": "2s"], to: { $0.isTagList }
        ) {
            HTTPServerResponse(
                status: 200, headers: ["Content-Type": "application/json"],
                body: .stream { writer in
                    try await writer.write(Array(#"{"name":"team/app","tags":["a""#.utf8))
                    while true {
                        try await writer.write(Array(#","1.0.0""#.utf8))
                        try await Task.sleep(for: .milliseconds(5))
                    }
                })
        },
    ]

    static let lies: [FaultCase] = [
        answering(
            "an endless manifest", pull, "failed to pull artifact from 'oci://", "4194304",
            to: { $0.isManifest && !$0.isHead }
        ) {
            HTTPServerResponse(
                status: 200, headers: ["Content-Type": MediaType.ociManifest.description],
                body: .stream { writer in
                    let blank = [UInt8](repeating: 0x20, count: 64 << 10)
                    while true { try await writer.write(blank) }
                })
        },
        FaultCase("another manifest than the digest names", pull, "failed to pull artifact from 'oci://", "digest") {
            bench in
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "good"]))
            let other = bench.registry.push("2.0.0", layer: TarArchive.layer(["a": "evil"]))
            bench.registry.swap(digest, for: bench.registry.manifest(other))
            return [:]
        },
        FaultCase("a layer of other bytes", pull, "failed to pull artifact from 'oci://", "digest") { bench in
            let layer = TarArchive.layer(["a": "good"])
            bench.registry.push("1.0.0", layer: layer)
            var other = layer
            other[other.count - 1] ^= 1
            bench.registry.swap(bench.registry.store(blob: layer), for: other)
            return [:]
        },
        FaultCase("a layer that is announced longer", pull, "failed to pull artifact from 'oci://", "bytes") { bench in
            let layer = TarArchive.layer(["a": "good"])
            bench.registry.push("1.0.0", layer: layer, size: Int64(layer.count - 1))
            return [:]
        },
        FaultCase("a layer that is announced shorter", pull, "failed to pull artifact from 'oci://", "bytes") { bench in
            let layer = TarArchive.layer(["a": "good"])
            bench.registry.push("1.0.0", layer: layer, size: Int64(layer.count + 1))
            return [:]
        },
        streaming("a layer that goes on after its size", { $0 + [0] }, breaks: false, "bytes"),
        streaming("a layer that ends early", { $0.dropLast(1) }, breaks: false, "bytes"),
        streaming("a connection that breaks in the layer", { $0.dropLast(40) }, breaks: true, "in the middle"),
        FaultCase("a manifest that is no JSON", pull, "failed to pull artifact from 'oci://", "JSON") { bench in
            bench.registry.store(manifest: Array("nonsense".utf8), tags: ["1.0.0"])
            return [:]
        },
        FaultCase("a manifest of Docker's schema 1", pull, "schema 1") { bench in
            bench.registry.store(
                manifest: Array(#"{"schemaVersion":1,"name":"x"}"#.utf8), type: .dockerSchema1, tags: ["1.0.0"])
            return [:]
        },
        FaultCase("a manifest that is also an index", pull, "failed to pull artifact from 'oci://", "index") { bench in
            let text = #"{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}"#
            bench.registry.store(manifest: Array(text.utf8), tags: ["1.0.0"])
            return [:]
        },
        FaultCase("a layer of negative size", pull, "failed to pull artifact from 'oci://", "size") { bench in
            let digest = String(repeating: "a", count: 64)
            let layer = #"{"mediaType":"x","digest":"sha256:\#(digest)","size":-1}"#
            let text = #"{"schemaVersion":2,"config":\#(layer),"layers":[\#(layer)]}"#
            bench.registry.store(manifest: Array(text.utf8), tags: ["1.0.0"])
            return [:]
        },
        FaultCase("an index without manifests", pull, "failed to pull artifact from 'oci://", "lists no manifests") {
            bench in
            bench.registry.push("1.0.0", index: [])
            return [:]
        },
        FaultCase("an index for other machines only", pull, "linux/arm64", "windows/amd64", "spec.ref.digest") {
            bench in
            let digest = bench.registry.push("arm", layer: TarArchive.layer(["a": "arm"]))
            bench.registry.push(
                "1.0.0",
                index: [
                    bench.registry.descriptor(digest, platform: Platform(os: "linux", architecture: "arm64")),
                    bench.registry.descriptor(digest, platform: Platform(os: "windows", architecture: "amd64")),
                ])
            return [:]
        },
        FaultCase("an index whose manifest is gone", pull, "failed to pull artifact from 'oci://", "HTTP 404") {
            bench in
            let gone = Descriptor(
                mediaType: .ociManifest, digest: try Digest(parsing: "sha256:\(String(repeating: "0", count: 64))"),
                size: 10)
            bench.registry.push("1.0.0", index: [gone])
            return [:]
        },
        FaultCase("no layers", ConditionReason.layerOperationFailed, "no layers found in artifact") { bench in
            bench.registry.push(["1.0.0"], layers: [])
            return [:]
        },
    ]

    /// A case in which the layer comes without a declared length and is not what it should be.
    private static func streaming(
        _ name: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8], breaks: Bool, _ fragment: String
    ) -> FaultCase {
        FaultCase(name, pull, "failed to pull artifact from 'oci://", fragment) { bench in
            let layer = TarArchive.layer(["a": "good"])
            bench.registry.push("1.0.0", layer: layer)
            bench.registry.misbehave { exchange in
                guard exchange.isBlob else { return nil }
                return HTTPServerResponse(
                    status: 200,
                    body: .stream { writer in
                        try await writer.write(change(layer))
                        if breaks { throw ConnectionBreaks() }
                    })
            }
            return [:]
        }
    }
}

extension Workbench.Options {
    /// The registry client's clock is half a minute further on at every look.
    fileprivate static func striding(_ change: (inout RegistryClient.Configuration) -> Void) -> Workbench.Options {
        var options = Workbench.Options()
        change(&options.registries)
        options.registryTime = StridingTime(stride: .seconds(31))
        return options
    }
}

/// Certificates that are made once for all tests.
enum SharedCertificates {
    static let task = Task { try await TestCertificates() }
}

/// Ends a streamed answer without its end mark.
struct ConnectionBreaks: Error {}
