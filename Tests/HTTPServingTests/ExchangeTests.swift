import Core
import HTTPServing
import Testing

@Suite(.serialized) struct ExchangeTests {
    /// Answers with what it was asked, on the event thread or from a task.
    struct Echo: HTTPHandler {
        func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
            request.path.hasPrefix("/async") ? nil : answer(request)
        }
        func respond(to request: HTTPServerRequest) async -> HTTPServerResponse { answer(request) }
        private func answer(_ request: HTTPServerRequest) -> HTTPServerResponse {
            .text(200, "\(request.method) \(request.path) \(request.query ?? "-") \(request.body.count)")
        }
    }

    @Test(arguments: ["/now", "/async"])
    func answersSeveralRequestsOnOneConnection(path: String) async throws {
        try await withServer(Echo()) { server in
            let client = try RawClient(port: server.port)
            for _ in 0..<3 {
                try client.send("GET \(path)/%20a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")
                let response = try client.response()
                #expect(response.status == 200)
                #expect(response.text == "GET \(path)/%20a x=1 0\n")
                #expect(response.field("Date")?.hasSuffix(" GMT") == true)
                #expect(response.field("Server") == nil)
            }
            try client.send("PATCH \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try client.response().text == "PATCH \(path) - 5\n")
            try client.send(
                "PURGE \(path) HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            #expect(try client.response().text == "PURGE \(path) - 3\n")
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withServer(Echo()) { server in
            let client = try RawClient(port: server.port)
            let requests = (0..<200).map { "GET /\($0 % 2 == 0 ? "async" : "now")\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }
            try client.send(requests.joined())
            for index in 0..<200 {
                #expect(try client.response().text.hasPrefix("GET /\(index % 2 == 0 ? "async" : "now")\(index) "))
            }
        }
    }

    @Test func streamsInChunks() async throws {
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for index in 0..<1000 { try await writer.write(Array("line \(index)\n".utf8)) }
                })
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            for _ in 0..<2 {
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                let response = try client.response()
                #expect(response.text == (0..<1000).map { "line \($0)\n" }.joined())
            }
        }
    }
}
