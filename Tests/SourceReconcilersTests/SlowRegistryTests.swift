import Core
import HTTPServing
import KubernetesAPI
import OCI
import RegistryClient
import SourceReconcilers
import TestSupport
import Testing

/// A registry, or what stands before and behind it, that takes its time on purpose: `spec.timeout` ends it, wherever it
/// hangs, and so does silence.
@Suite struct SlowRegistryTests {
    @Test(.timeLimit(.minutes(10)), arguments: servers + bodies + tokens + silence)
    func isReported(_ fault: FaultCase) async throws { try await fault.prove() }

    private static let pull = ConditionReason.pullFailed
    private static let resolving = ["failed to determine artifact digest: ", "not done within 1s"]
    private static let pulling = ["failed to pull artifact from 'oci://", "not done within 4s"]

    // MARK: - Heads

    /// A case in which the registry is a server that plays `script` on every connection.
    private static func server(
        _ name: String, _ script: @escaping @Sendable (RawConnection) throws -> Void
    ) -> FaultCase {
        FaultCase(name, pull) { bench in
            let server = try RawServer(script)
            bench.keep(server)
            return ["url": .string("oci://127.0.0.1:\(server.port)/team/app"), "timeout": "1s"]
        }.expecting(resolving)
    }

    /// A case in which the registry speaks plain HTTP and `script` answers a request that was read.
    private static func answer(
        _ name: String, _ script: @escaping @Sendable (RawConnection) throws -> Void
    ) -> FaultCase {
        server(name) { connection in
            guard try !connection.beginsTLS() else {
                return try connection.write("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request")
            }
            _ = try connection.readHead()
            try script(connection)
        }
    }

    static let servers: [FaultCase] = [
        server("a connection on which nothing comes") { _ = $0.readToEnd() },
        server("a TLS handshake that stops midway") { connection in
            // The beginning of a server's hello.
            if try connection.beginsTLS() { try connection.write([0x16, 0x03, 0x03, 0x00, 0x7a, 0x02, 0x00]) }
            _ = connection.readToEnd()
        },
        answer("an answer that never begins") { _ = $0.readToEnd() },
        answer("a status line that trickles") { connection in
            for byte in "HTTP/1.1 200 \(String(repeating: "O", count: 10_000))".utf8 {
                try connection.write([byte])
                connection.pause(milliseconds: 50)
            }
        },
        answer("a head that never ends") { connection in
            try connection.write("HTTP/1.1 200 OK\r\n")
            while true {
                try connection.write("X: y\r\n")
                connection.pause(milliseconds: 50)
            }
        },
        answer("interim answers without end") { connection in
            while true {
                try connection.write("HTTP/1.1 103 Early Hints\r\n\r\n")
                connection.pause(milliseconds: 50)
            }
        },
        FaultCase("a proxy that never connects", pull) { bench in
            let server = try RawServer { _ = $0.readToEnd() }
            bench.keep(server)
            try await bench.createSecret(
                "proxy", ["address": "http://127.0.0.1:\(server.port)"], isSecret: false)
            return ["proxySecretRef": ["name": "proxy"], "timeout": "1s"]
        }.expecting(resolving),
        FaultCase("a store behind the registry that hangs", pull) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            let store = try RawServer { _ = $0.readToEnd() }
            bench.keep(store)
            bench.registry.misbehave { exchange in
                guard exchange.isBlob else { return nil }
                return HTTPServerResponse(status: 307, headers: ["Location": store.url("/blob")])
            }
            return ["timeout": "4s"]
        }.expecting(pulling),
    ]

    // MARK: - Bodies

    /// How a body goes on after its beginning.
    private enum Pace: String, CaseIterable {
        case trickles
        case stalls
    }

    /// An answer that begins as it should and never comes to its end.
    private static func endless(
        _ beginning: String, type: String, status: Int = 200, _ pace: Pace
    ) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": type],
            body: .stream { writer in
                try await writer.write(Array(beginning.utf8))
                while true {
                    try await Task.sleep(for: .milliseconds(50))
                    if pace == .trickles { try await writer.write([0x20]) }
                }
            })
    }

    private static func body(
        _ name: String, _ reason: String, _ fragments: [String], spec: JSONValue,
        to predicate: @escaping @Sendable (RegistryStandIn.Exchange) -> Bool, status: Int = 200, beginning: String,
        type: String, _ pace: Pace, options: Workbench.Options = .init()
    ) -> FaultCase {
        FaultCase("\(name) that \(pace)", reason, options: options) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            bench.registry.misbehave { exchange in
                predicate(exchange) ? endless(beginning, type: type, status: status, pace) : nil
            }
            return spec
        }.expecting(fragments)
    }

    static let bodies: [FaultCase] = Pace.allCases.flatMap { pace in
        [
            body(
                "a manifest", pull, pulling, spec: ["timeout": "4s"], to: { $0.isManifest && !$0.isHead },
                beginning: #"{"schemaVersion":2,"#, type: MediaType.ociManifest.description, pace),
            body(
                "a layer", pull, pulling, spec: ["timeout": "4s"], to: { $0.isBlob }, beginning: "\u{1f}",
                type: "application/octet-stream", pace),
            body(
                "a list of tags", ConditionReason.readOperationFailed,
                ["failed to determine the artifact tag for 'oci://", "not done within 2s"],
                spec: ["ref": ["semver": "*"], "timeout": "2s"], to: { $0.isTagList },
                beginning: #"{"name":"team/app","tags":["1.0.0""#, type: "application/json", pace),
            body(
                "an error", ConditionReason.readOperationFailed,
                ["failed to determine the artifact tag for 'oci://", "HTTP 500"],
                spec: ["ref": ["semver": "*"], "timeout": "2s"], to: { $0.isTagList }, status: 500,
                beginning: #"{"errors":["#, type: "application/json", pace),
        ]
    }

    // MARK: - Token servers

    /// A case in which the registry wants a token, and whoever asks for one gets `answer`.
    private static func tokenServer(
        _ name: String, _ answer: @escaping @Sendable () async -> HTTPServerResponse
    ) -> FaultCase {
        FaultCase("a token server that \(name)", pull) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            let challenge = #"Bearer realm="http://\#(bench.host)/token",service="test""#
            bench.registry.misbehave { exchange in
                guard exchange.path == "/token" else {
                    return RegistryStandIn.error(401, "UNAUTHORIZED", ["WWW-Authenticate": challenge])
                }
                return await answer()
            }
            return ["timeout": "1s"]
        }.expecting(resolving)
    }

    static let tokens: [FaultCase] =
        [
            tokenServer("hangs") {
                try? await Task.sleep(for: .seconds(300))
                return .text(500, "late")
            }
        ]
        + Pace.allCases.map { pace in
            tokenServer(pace.rawValue) { endless(#"{"token":"#, type: "application/json", pace) }
        }

    // MARK: - Silence

    /// Without a short timeout of the object, silence alone ends it.
    static let silence: [FaultCase] = [
        FaultCase(
            "a silent registry without TLS", pull, "failed to determine artifact digest: ",
            "sent nothing for 300 ms over plain HTTP; see that a registry listens there, and that it works",
            options: .impatient
        ) { bench in
            let server = try RawServer { connection in
                if try connection.beginsTLS() { return try connection.write("HTTP/1.0 400 Bad Request\r\n\r\n") }
                _ = connection.readToEnd()
            }
            bench.keep(server)
            return [
                "url": .string("oci://127.0.0.1:\(server.port)/team/app"), "timeout": "10m", "insecure": true,
            ]
        },
        body(
            "a silent layer", pull, ["failed to pull artifact from 'oci://", "sent nothing for 300 ms"],
            spec: ["timeout": "10m"], to: { $0.isBlob }, beginning: "\u{1f}", type: "application/octet-stream",
            .stalls, options: .impatient),
        body(
            "a silent list of tags", ConditionReason.readOperationFailed,
            ["failed to determine the artifact tag for 'oci://", "sent nothing for 300 ms"],
            spec: ["ref": ["semver": "*"], "timeout": "10m"], to: { $0.isTagList },
            beginning: #"{"name":"team/app","tags":["1.0.0""#, type: "application/json", .stalls, options: .impatient),
    ]
}

extension Workbench.Options {
    /// With a limit on silence that a test can wait for.
    static let impatient = {
        var options = Workbench.Options()
        options.registries.idleTimeout = .milliseconds(300)
        return options
    }()
}
