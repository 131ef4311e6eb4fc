import Core
import HTTPTransport
import TestSupport
import Testing

@testable import class HTTPTransport.Transfer

/// Servers that break the rules, or the connection.
@Suite struct MisbehaviourTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: HTTPTransportError.Code
        let message: String
        var isRetryable = true
        let script: @Sendable (RawConnection) throws -> Void
    }

    static let cases: [Case] = [
        Case(testDescription: "closes without a response", code: .closed, message: "without a response") {
            _ = try $0.readHead()
        },
        Case(testDescription: "resets", code: .closed, message: "connection reset") {
            _ = try $0.readHead()
            $0.reset()
        },
        Case(testDescription: "cuts the body short", code: .closed, message: "before the end") {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        },
        Case(testDescription: "cuts a chunked body short", code: .closed, message: "before the end") {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        },
        Case(testDescription: "resets in the middle of the body", code: .closed, message: "connection reset") {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            _ = try $0.read(0)
            $0.reset()
        },
        Case(testDescription: "cuts the head short", code: .closed, message: "") {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\nContent-Le")
        },
        Case(
            testDescription: "sends one endless header", code: .tooLarge, message: "response head larger",
            isRetryable: false
        ) {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<80 { try $0.write("X-\(String(repeating: "a", count: 1000)): b\r\n") }
            _ = $0.readToEnd()
        },
        Case(
            testDescription: "sends endless headers", code: .tooLarge, message: "more than 256 lines",
            isRetryable: false
        ) {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<10_000 { try $0.write("a: b\r\n") }
            _ = $0.readToEnd()
        },
        Case(
            testDescription: "sends endless interim responses", code: .tooLarge, message: "more than 256 lines",
            isRetryable: false
        ) {
            _ = try $0.readHead()
            for _ in 0..<10_000 { try $0.write("HTTP/1.1 103 Early Hints\r\n\r\n") }
            _ = $0.readToEnd()
        },
        Case(
            testDescription: "sends endless trailers", code: .tooLarge, message: "lines", isRetryable: false
        ) {
            _ = try $0.readHead()
            try $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            for _ in 0..<10_000 { try $0.write("a: b\r\n") }
            _ = $0.readToEnd()
        },
        Case(testDescription: "does not speak HTTP", code: .protocol, message: "HTTP", isRetryable: false) {
            _ = try $0.readHead()
            try $0.write("220 smtp.example ESMTP\r\n")
            _ = $0.readToEnd()
        },
    ]

    @Test(arguments: cases) func fails(_ test: Case) async throws {
        let server = try RawServer(test.script)
        let client = CurlClient()
        let error = await #expect(throws: HTTPTransportError.self) {
            let response = try await client.send(HTTPRequest(url: server.url("/secret?token=abc")))
            _ = try await response.body.collect(upTo: 1 << 20)
        }
        #expect(error?.code == test.code)
        #expect(error?.message.contains(test.message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
        #expect(error?.message.contains("secret") == false)
        #expect(error?.message.contains("token") == false)
        #expect(error?.endpoint == "http://127.0.0.1:\(server.port)")
        #expect(error?.isRetryable == test.isRetryable)
    }

    @Test func deliversWhatCameBeforeTheBreak() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            connection.halfClose()
            _ = connection.readToEnd()
        }
        let response = try await CurlClient().send(HTTPRequest(url: server.url()))
        var iterator = response.body.makeAsyncIterator()
        #expect(try await iterator.next() == Array("abc".utf8))
        await #expect(throws: HTTPTransportError.self) { try await iterator.next() }
    }

    @Test func bodyWithoutLengthEndsWithTheConnection() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\n\r\nabc")
            connection.halfClose()
            _ = connection.readToEnd()
        }
        let client = CurlClient()
        let response = try await client.send(HTTPRequest(url: server.url()))
        #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
    }

    @Test func bytesBeyondTheLengthAreNotBody() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            _ = connection.readToEnd()
        }
        let client = CurlClient()
        for _ in 0..<3 {
            let response = try await client.send(HTTPRequest(url: server.url()))
            #expect(try await response.body.collect(upTo: 10) == Array("abc".utf8))
        }
        #expect(server.connections == 3)
    }

    @Test func redirectsChallengesAndCookiesAreTheCallers() async throws {
        let server = try RawServer { connection in
            while true {
                let head = try connection.readHead()
                #expect(!head.lowercased().contains("cookie:"))
                #expect(!head.contains("Authorization"))
                try connection.respond(
                    head.hasPrefix("GET /r") ? "307 Moved" : "401 Unauthorized",
                    headers: "Location: /other\r\nWWW-Authenticate: Basic realm=x\r\nSet-Cookie: a=b; Path=/\r\n")
            }
        }
        let client = CurlClient()
        for (path, status) in [("/r", 307), ("/a", 401), ("/r", 307)] {
            let response = try await client.send(HTTPRequest(url: server.url(path)))
            #expect(response.status == status)
        }
    }

    @Test func interimResponsesAreSkipped() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            try connection.respond("201 Created", body: "x")
        }
        let response = try await CurlClient().send(HTTPRequest(url: server.url()))
        #expect(response.status == 201)
        #expect(response.headers["x-early"] == nil)
    }

    @Test func contentEncodingIsLeftAlone() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.respond(headers: "Content-Encoding: gzip\r\n", body: "not gzip at all")
        }
        let response = try await CurlClient().send(HTTPRequest(url: server.url(), headers: ["Accept-Encoding": "gzip"]))
        #expect(try await response.body.collect(upTo: 100) == Array("not gzip at all".utf8))
    }

    @Test func collectStopsAtItsLimit() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while true { try connection.write([UInt8](repeating: 1, count: 10_000)) }
        }
        let client = CurlClient()
        let response = try await client.send(HTTPRequest(url: server.url()))
        let error = await #expect(throws: HTTPTransportError.self) {
            _ = try await response.body.collect(upTo: 100_000)
        }
        #expect(error?.code == .tooLarge)
        try await eventually { client.statistics.openConnections.isEmpty }
    }

    @Test(arguments: [
        ("http://127.0.0.1:1/", HTTPTransportError.Code.connect, "127.0.0.1:1: connection refused"),
        ("http://no-such-host.invalid/", .resolve, "could not resolve host no-such-host.invalid"),
        ("ftp://127.0.0.1/", .invalidRequest, "neither http nor https"),
        ("file:///etc/passwd", .invalidRequest, "malformed"),
        ("http:/127.0.0.1/", .invalidRequest, "malformed"),
        ("http:///127.0.0.1/", .invalidRequest, "malformed"),
        ("127.0.0.1/", .invalidRequest, "malformed"),
        ("http://user:hunter2@127.0.0.1/", .invalidRequest, "user or password"),
        ("http://127.0.0.1/a b", .invalidRequest, "malformed"),
        ("http://127.0.0.1/\r\nX: y", .invalidRequest, "malformed"),
        ("http://127.0.0.1\\@x/", .invalidRequest, "malformed"),
        ("http://127.0.0.1:99999/", .invalidRequest, "malformed"),
        ("http://127.0.0.1/" + String(repeating: "a", count: 20_000), .invalidRequest, "longer"),
    ])
    func refusesURL(_ url: String, _ code: HTTPTransportError.Code, _ message: String) async throws {
        let error = await #expect(throws: HTTPTransportError.self) {
            try await CurlClient().send(HTTPRequest(url: url))
        }
        #expect(error?.code == code)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(arguments: [
        HTTPRequest(method: "GET /x HTTP/1.1\r\nX:", url: "http://127.0.0.1:1/"),
        HTTPRequest(method: "", url: "http://127.0.0.1:1/"),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: ["A": "b\r\nC: d"]),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: ["A": "b\u{0}"]),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: ["A: b\r\nC": "d"]),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: ["": "d"]),
    ])
    func refusesSmuggling(_ request: HTTPRequest) async throws {
        let error = await #expect(throws: HTTPTransportError.self) { try await CurlClient().send(request) }
        #expect(error?.code == .invalidRequest)
    }
}

extension MisbehaviourTests {
    @Test(arguments: [
        (
            "HTTP/2 stream 7 was not closed cleanly: INTERNAL_ERROR (err 2)",
            "HTTP/2 stream was not closed cleanly: INTERNAL_ERROR (err 2)"
        ),
        ("a stream of 7 words", "a stream of 7 words"), ("stream", "stream"), ("", ""),
    ])
    func aStreamsNumberIsNotSaid(text: String, shown: String) { #expect(Transfer.withoutStream(text) == shown) }
}
