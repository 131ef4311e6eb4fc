import Core
import HTTPServing
import Testing

@Suite(.serialized) struct ResponseTests {
    @Test(arguments: [
        HTTPFields([.init(name: "A", value: "b\r\nInjected: yes")]), HTTPFields([.init(name: "A\r\nB", value: "c")]),
        HTTPFields([.init(name: "", value: "c")]), HTTPFields([.init(name: "A", value: "\0")]),
    ])
    func aFieldThatIsNotOneBecomes500(fields: HTTPFields) async throws {
        let handler = ImmediateHandler { _ in HTTPServerResponse(status: 200, headers: fields, body: .bytes([1])) }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 500)
            #expect(!response.head.contains("Injected"))
        }
    }

    @Test func theServerAloneFramesTheContent() async throws {
        let handler = ImmediateHandler { request in
            HTTPServerResponse(
                status: Int(request.query ?? "") ?? 200,
                headers: [
                    "Content-Length": "99", "Transfer-Encoding": "gzip", "Date": "today", "Keep-Alive": "x", "X": "y",
                ], body: .bytes(Array("abc".utf8)))
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            for method in ["GET", "HEAD"] {
                try client.send("\(method) / HTTP/1.1\r\nHost: h\r\n\r\n")
                let response = try client.response(toHead: method == "HEAD")
                #expect(response.field("Content-Length") == "3")
                #expect(response.field("Transfer-Encoding") == nil)
                #expect(response.field("Date") != "today")
                #expect(response.field("X") == "y")
            }
            for status in [204, 304] {
                try client.send("GET /?\(status) HTTP/1.1\r\nHost: h\r\n\r\n")
                let response = try client.response()
                #expect(response.status == status)
                #expect(response.field("Content-Length") == nil)
            }
        }
    }

    @Test func theHandlerMayClose() async throws {
        let handler = ImmediateHandler { _ in HTTPServerResponse(status: 200, headers: ["Connection": "close"]) }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.response().field("Connection") == "close")
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test(arguments: ["Connection: close", "Connection: x , Close"]) func theClientMayClose(field: String) async throws
    {
        try await withServer(LimitTests.hello) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n")
            #expect(try client.response().field("Connection") == "close")
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func http10ClosesUnlessAsked() async throws {
        try await withServer(LimitTests.hello) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try client.response().field("Connection") == "keep-alive")
            try client.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try client.response().field("Connection") == "close")
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func largeContentArrivesWhole() async throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let content = try TestFile(body)
        let file = try ServedFile(path: content.path)
        var router = Router()
        router.on("GET", "/bytes") { _ in HTTPServerResponse(status: 200, body: .bytes(body)) }
        router.on("GET", "/file") { _ in HTTPServerResponse(status: 200, body: .file(file, range: nil)) }
        router.on("GET", "/part") { _ in
            HTTPServerResponse(status: 200, body: .file(file, range: 4_000_000..<9_000_000))
        }
        try await withServer(router) { server in
            let client = try RawClient(port: server.port)
            for _ in 0..<2 {
                try client.send("GET /bytes HTTP/1.1\r\nHost: h\r\n\r\nGET /file HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.response().body == body)
                #expect(try client.response().body == body)
                try client.send("GET /part HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.response().body == Array(body[4_000_000...]))
            }
        }
    }

    /// A file that lost bytes since it was opened must not look complete.
    @Test func aShrunkFileBreaksTheConnection() async throws {
        let content = try TestFile([UInt8](repeating: 1, count: 100_000))
        let file = try ServedFile(path: content.path)
        try content.truncate(to: 50_000)
        let handler = ImmediateHandler { _ in HTTPServerResponse(status: 200, body: .file(file, range: nil)) }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let head = try client.receive(until: "\r\n\r\n")
            #expect(head.contains("Content-Length: 100000\r\n"))
            #expect(try client.receiveAll().count == 50_000)
        }
    }

    @Test func routesByPathAndMethod() async throws {
        var router = Router()
        router.on("GET", "/healthz") { _ in .text(200, "health") }
        router.on("PUT", "/healthz") { _ in .text(200, "put") }
        router.on("*", "/apis/*") { _ in .text(200, "apis") }
        router.on("GET", "/apis/apps/*") { _ in .text(200, "apps") }
        router.on("GET", "/later/*", AsyncHandler { .text(200, "later \($0.path)") })
        let rows = [
            ("GET", "/healthz", 200, "health"), ("PUT", "/healthz", 200, "put"), ("HEAD", "/healthz", 200, ""),
            ("DELETE", "/healthz", 405, "method not allowed"), ("GET", "/healthz/", 404, "404 page not found"),
            ("GET", "/apis", 404, "404 page not found"), ("PATCH", "/apis/", 200, "apis"),
            ("GET", "/apis/x/y", 200, "apis"),
            ("GET", "/apis/apps/x", 200, "apps"), ("GET", "/later/x", 200, "later /later/x"),
            ("GET", "/%68ealthz", 404, "404 page not found"),
        ]
        for (method, path, status, text) in rows {
            let request = HTTPServerRequest(method: method, path: path)
            var response = router.respondImmediately(to: request)
            if response == nil { response = await router.respond(to: request) }
            #expect(response?.status == status, "\(method) \(path)")
            if case .bytes(let bytes) = response?.body, method != "HEAD" {
                #expect(String(decoding: bytes, as: UTF8.self) == text + "\n", "\(method) \(path)")
            }
            if status == 405 { #expect(response?.headers["Allow"] == "GET, PUT, HEAD") }
        }
    }
}
