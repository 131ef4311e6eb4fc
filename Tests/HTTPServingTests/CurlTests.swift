import Core
import HTTPServing
import TestSupport
import Testing

/// curl as the judge of what is HTTP.
@Suite(.serialized) struct CurlTests {
    @Test func curlUnderstandsEverything() async throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let content = try TestFile(body)
        let responder = ConditionalFileResponder(
            file: try ServedFile(path: content.path), entityTag: try #require(EntityTag("tag")),
            lastModified: Timestamp(seconds: 784_111_777))
        var router = Router()
        router.on("*", "/file") { responder.respond(to: $0) }
        router.on("POST", "/echo", AsyncHandler { HTTPServerResponse(status: 200, body: .bytes($0.body)) })
        router.on("GET", "/stream") { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for start in stride(from: 0, to: body.count, by: 1000) {
                        try await writer.write(Array(body[start..<(start + 1000)]))
                    }
                })
        }
        let server = try HTTPServer(configuration: .init(address: "127.0.0.1:0", name: "test"), handler: router)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        do {
            let url = "http://127.0.0.1:\(server.port)"
            func curl(_ arguments: [String]) async throws -> [UInt8] {
                let outcome = try await CommandLineTool.run(
                    "curl", ["-sS", "--max-time", "30", "--noproxy", "*"] + arguments)
                try #require(outcome.status == 0, "\(outcome.errorOutput)")
                return outcome.stdout
            }
            let whole = try await curl([url + "/file"])
            #expect(whole == body)
            #expect(try await curl(["--http1.0", url + "/file"]) == body)
            #expect(try await curl(["-r", "100-199", url + "/file"]) == Array(body[100..<200]))
            #expect(try await curl(["-r", "-7", url + "/file"]) == Array(body.suffix(7)))
            #expect(
                try await curl(["-z", "Sun, 06 Nov 1994 08:49:37 GMT", "-w", "%{http_code}", url + "/file"])
                    == Array("304".utf8))
            #expect(
                String(decoding: try await curl(["-I", url + "/file"]), as: UTF8.self).contains(
                    "Content-Length: 300000\r\n"))
            #expect(try await curl([url + "/stream"]) == body)
            #expect(try await curl(["--http1.0", url + "/stream"]) == body)
            #expect(
                try await curl([
                    "-H", "Expect: 100-continue", "--expect100-timeout", "20", "--data-binary", "@\(content.path)",
                    url + "/echo",
                ]) == body)
            #expect(
                try await curl(["-H", "Transfer-Encoding: chunked", "--data-binary", "@\(content.path)", url + "/echo"])
                    == body)
            // Many requests on one connection.
            #expect(try await curl([url + "/file", url + "/stream", url + "/file"]) == body + body + body)
        }
    }

    @Test func continueIsSentBeforeTheBody() async throws {
        let echo = ImmediateHandler { HTTPServerResponse(status: 200, body: .bytes($0.body)) }
        try await withServer(echo) { server in
            let client = try RawClient(port: server.port)
            try client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(try client.response().status == 100)
            try client.send("abc")
            #expect(try client.response().text == "abc")
        }
    }
}
