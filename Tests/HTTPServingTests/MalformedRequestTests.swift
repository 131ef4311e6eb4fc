import Core
import HTTPServing
import Testing

@Suite(.serialized) struct MalformedRequestTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let request: String
        var status = 400
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "no version", request: "GET /\r\nHost: h\r\n\r\n"),
        Row(name: "HTTP/2", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 505),
        Row(name: "lower-case http", request: "GET / http/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "two blanks", request: "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a blank in the target", request: "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a fragment", request: "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a byte over 127 in the target", request: "GET /ä HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a control character in the target", request: "GET /\u{1} HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a relative target", request: "GET a HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "an asterisk for GET", request: "GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "CONNECT", request: "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
        Row(name: "absolute, no host", request: "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, a port only", request: "GET http://:80/a HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, a comma in the host", request: "GET http://a,b/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, no Host field", request: "GET http://h/ HTTP/1.1\r\n\r\n"),
        Row(name: "absolute, two Host fields", request: "GET http://h/ HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, a malformed Host field", request: "GET http://h/ HTTP/1.1\r\nHost: a@h\r\n\r\n"),
        Row(
            name: "absolute, a long host",
            request: "GET http://\(String(repeating: "a", count: 262))/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, https", request: "GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, user", request: "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "absolute, ftp", request: "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a method with a colon", request: "GE:T / HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "a long method", request: String(repeating: "M", count: 33) + " / HTTP/1.1\r\nHost: h\r\n\r\n"),
        Row(name: "no host", request: "GET / HTTP/1.1\r\n\r\n"),
        Row(name: "two hosts", request: "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
        Row(name: "a path in the host", request: "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n"),
        Row(name: "a user in the host", request: "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n"),
        Row(name: "a comma in the host", request: "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        Row(name: "bare line feeds", request: "GET / HTTP/1.1\nHost: h\n\n"),
        Row(name: "one bare line feed", request: "GET / HTTP/1.1\r\nA: b\nHost: h\r\n\r\n"),
        Row(name: "a bare carriage return", request: "GET / HTTP/1.1\r\nA: b\rC: d\r\nHost: h\r\n\r\n"),
        Row(name: "a NUL", request: "GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n"),
        Row(name: "a folded line", request: "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"),
        Row(name: "a folded first line", request: "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
        Row(name: "a blank before the colon", request: "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc"),
        Row(name: "no colon", request: "GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n"),
        Row(name: "no field name", request: "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"),
        Row(
            name: "length and chunks",
            request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Row(
            name: "two lengths",
            request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
        Row(
            name: "twice the same length",
            request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        Row(name: "a list of lengths", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc"),
        Row(name: "a signed length", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc"),
        Row(name: "a negative length", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc"),
        Row(name: "an empty length", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nabc"),
        Row(name: "a hexadecimal length", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc"),
        Row(
            name: "an overflowing length",
            request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", status: 413),
        Row(
            name: "an unknown encoding",
            request: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", status: 501),
        Row(
            name: "a disguised encoding", request: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n",
            status: 501),
        Row(
            name: "two encodings",
            request:
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        Row(
            name: "chunks in HTTP/1.0",
            request: "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Row(name: "an expectation", request: "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", status: 417),
        Row(name: "no chunk size", request: chunked("\r\nabc\r\n0\r\n\r\n")),
        Row(name: "a bad chunk size", request: chunked("g\r\n")),
        Row(name: "a blank in a chunk size", request: chunked("3 \r\nabc\r\n0\r\n\r\n")),
        Row(name: "a signed chunk size", request: chunked("+3\r\nabc\r\n0\r\n\r\n")),
        Row(name: "a line feed after a chunk size", request: chunked("3\nabc\r\n0\r\n\r\n")),
        Row(name: "a chunk longer than it says", request: chunked("3\r\nabcd\r\n0\r\n\r\n")),
        Row(name: "a huge chunk", request: chunked("fffffffffffffff\r\n"), status: 413),
        Row(name: "an overflowing chunk size", request: chunked("0000000000000003\r\nabc\r\n0\r\n\r\n")),
        Row(name: "a bad trailer", request: chunked("0\r\n a\r\n\r\n")),
        Row(
            name: "endless trailers", request: chunked("0\r\n" + String(repeating: "a: b\r\n", count: 300)), status: 431
        ),
        Row(name: "endless extensions", request: chunked("3;" + String(repeating: "a", count: 3000)), status: 431),
        Row(
            name: "a long head",
            request: "GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "a", count: 3000) + "\r\n\r\n", status: 431),
        Row(name: "an endless head", request: "GET /" + String(repeating: "a", count: 3000), status: 431),
        Row(
            name: "many fields",
            request: "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 50) + "\r\n", status: 431),
        Row(name: "a large body", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", status: 413),
        Row(
            name: "a large body in chunks", request: chunked("200\r\n\(String(repeating: "a", count: 512))\r\n200\r\n"),
            status: 413),
    ]

    static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    }

    /// The request is refused, no handler sees it, and the connection ends, so that nothing behind it is understood as
    /// a request.
    @Test(arguments: rows, [false, true]) func isRefused(row: Row, byteByByte: Bool) async throws {
        let seen = Locked(0)
        let handler = ImmediateHandler { _ in
            seen.withLock { $0 += 1 }
            return .text(200, "smuggled")
        }
        try await withServer(handler) {
            $0.maxHeaderBytes = 1000
            $0.maxHeaderCount = 40
            $0.maxBodyBytes = 1000
        } _: { server in
            let client = try RawClient(port: server.port)
            let bytes = Array((row.request + (byteByByte ? "" : "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")).utf8)
            if byteByByte { for byte in bytes { try client.send([byte]) } } else { try client.send(bytes) }
            let response = try client.response()
            #expect(response.status == row.status)
            #expect(response.field("Connection") == "close")
            client.shutdownWriting()
            #expect(try client.receiveAll().isEmpty)
        }
        #expect(seen.current == 0)
    }

    struct Good: Sendable, CustomTestStringConvertible {
        let name: String
        let request: String
        let answer: String
        var testDescription: String { name }
    }

    static let good: [Good] = [
        Good(name: "absolute form", request: "GET http://h:1/a?b HTTP/1.1\r\nHost: H:1\r\n\r\n", answer: "GET /a b "),
        Good(name: "absolute in HTTP/1.0", request: "GET http://h/a HTTP/1.0\r\n\r\n", answer: "GET /a - "),
        Good(
            name: "absolute with dots", request: "GET http://h/%2e%2e/../a HTTP/1.1\r\nHost: h\r\n\r\n",
            answer: "GET /%2e%2e/../a - "),
        Good(name: "absolute without path", request: "GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n", answer: "GET / - "),
        Good(
            name: "absolute with query only", request: "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", answer: "GET / q "),
        Good(name: "asterisk", request: "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", answer: "OPTIONS * - "),
        Good(name: "empty query", request: "GET /? HTTP/1.1\r\nHost: h\r\n\r\n", answer: "GET /  "),
        Good(
            name: "raw escapes and dots", request: "GET /%2e%2E/../%00?%20 HTTP/1.1\r\nHost: h\r\n\r\n",
            answer: "GET /%2e%2E/../%00 %20 "),
        Good(name: "empty line first", request: "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", answer: "GET / - "),
        Good(name: "IPv6 host", request: "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", answer: "GET / - "),
        Good(
            name: "blanks around a value", request: "POST / HTTP/1.1\r\nHost:h\r\nContent-Length: \t3 \r\n\r\nabc",
            answer: "POST / - abc"),
        Good(
            name: "chunks", request: chunked("3;x=\"y\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: u\r\nV: w\r\n\r\n"),
            answer: "POST / - abc0123456789"),
        Good(
            name: "the longest body",
            request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "a", count: 1000),
            answer: "POST / - " + String(repeating: "a", count: 1000)),
        Good(name: "HTTP/1.0", request: "GET / HTTP/1.0\r\n\r\n", answer: "GET / - "),
    ]

    @Test(arguments: good, [false, true]) func isUnderstood(row: Good, byteByByte: Bool) async throws {
        let handler = ImmediateHandler { request in
            let body = String(decoding: request.body, as: UTF8.self)
            return HTTPServerResponse(
                status: 200,
                body: .bytes(Array("\(request.method) \(request.path) \(request.query ?? "-") \(body)".utf8)))
        }
        try await withServer(handler) {
            $0.maxBodyBytes = 1000
        } _: { server in
            let client = try RawClient(port: server.port)
            let bytes = Array(row.request.utf8)
            if byteByByte { for byte in bytes { try client.send([byte]) } } else { try client.send(bytes) }
            #expect(try client.response().text == row.answer)
        }
    }

    /// What an absolute target names goes before the Host field (RFC 9112, section 3.2.2): handlers see nothing else.
    @Test(arguments: [
        ("GET http://a.example:81/x HTTP/1.1\r\nHost: b.example\r\n\r\n", "a.example:81"),
        ("GET http://[::1]:81?x HTTP/1.1\r\nhost: b.example\r\n\r\n", "[::1]:81"),
        ("GET http://a.example HTTP/1.0\r\n\r\n", "a.example"),
        ("GET /http://a.example HTTP/1.1\r\nHost: b.example\r\n\r\n", "b.example"),
    ])
    func theTargetsHostCounts(request: String, host: String) async throws {
        let handler = ImmediateHandler { request in
            let hosts = request.headers.values(of: "Host").joined(separator: "|")
            return HTTPServerResponse(status: 200, body: .bytes(Array(hosts.utf8)))
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send(request)
            #expect(try client.response().text == host)
        }
    }
}
