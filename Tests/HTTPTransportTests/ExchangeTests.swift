import Core
import HTTPTransport
import TestSupport
import Testing

@Suite struct ExchangeTests {
    let client = CurlClient()

    @Test func answersWithStatusHeadersAndBody() async throws {
        let server = try RawServer { connection in
            let head = try connection.readHead()
            try connection.respond("404 Nope", headers: "X-One: 1\r\nx-one:  2 \r\n", body: head)
        }
        let response = try await client.send(
            HTTPRequest(url: server.url("/a/../b?q=1"), headers: ["X-Mine": "yes", "X-Empty": ""]))
        #expect(response.status == 404)
        #expect(response.version == "1.1")
        #expect(response.headers.values(of: "X-ONE") == ["1", "2"])
        let head = String(decoding: try await response.body.collect(upTo: 10_000), as: UTF8.self)
        #expect(head.hasPrefix("GET /a/../b?q=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"))
        #expect(head.contains("X-Mine: yes\r\n"))
        #expect(head.contains("X-Empty:\r\n"))
        #expect(head.contains("User-Agent: source-controller\r\n"))
        for absent in ["Accept", "Accept-Encoding", "Authorization", "Cookie", "Expect"] {
            #expect(!head.contains("\(absent):"))
        }
    }

    @Test func requestsShareAConnection() async throws {
        let server = try RawServer { connection in
            while true {
                _ = try connection.readHead()
                try connection.respond(body: "hello")
            }
        }
        for _ in 0..<20 {
            let response = try await client.send(HTTPRequest(url: server.url()))
            #expect(try await response.body.collect(upTo: 5) == Array("hello".utf8))
        }
        #expect(server.connections == 1)
        #expect(client.statistics.connectionsMade == 1)
        #expect(client.statistics.openConnections == ["http://127.0.0.1:\(server.port)": 1])
    }
}
