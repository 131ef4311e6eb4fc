import Core
import EmbeddedAPIServer
import Testing

@Suite struct RequestGuardTests {
    @Test(arguments: [
        "localhost", "localhost:8001", "127.0.0.1", "127.0.0.1:80", "127.8.9.10:1", "[::1]", "[::1]:8080",
    ])
    func `loopback is let in`(host: String) async throws {
        #expect(try await TestServer().send("GET", "/version", headers: ["Host": host]).status == 200)
    }

    @Test(arguments: [
        "example.com", "localhost.example.com", "127.0.0.1.example.com", "127.0.0.1:80:80", "[::2]", "::1", "10.0.0.1",
        "127.0.0", "1270.0.0.1", "localhost@evil.com", "", "LOCALHOST.", "[::1]x", "127.0.0.1 ",
    ])
    func `any other host is refused`(host: String) async throws {
        let answer = try await TestServer().send("GET", "/api", headers: ["Host": host])
        #expect(answer.status == 403)
        #expect(answer.message.contains("loopback"))
    }

    @Test func `a request from a page is refused`() async throws {
        for origin in ["http://127.0.0.1:8001", "null", "https://evil.example"] {
            let answer = try await TestServer().send(
                "POST", "/api/v1/namespaces", headers: ["Host": "127.0.0.1", "Origin": origin])
            #expect(answer.status == 403)
            #expect(answer.message.contains("Origin"))
        }
    }

    @Test func `two hosts are one too many`() async throws {
        let headers = HTTPFields([.init(name: "Host", value: "127.0.0.1"), .init(name: "Host", value: "evil.example")])
        #expect(try await TestServer().send("GET", "/version", headers: headers).status == 403)
    }

    @Test func `a body that is too large is refused`() async throws {
        let body = [UInt8](repeating: 0x20, count: EmbeddedAPIServer.maximumBodyBytes + 1)
        #expect(try await TestServer().send("POST", "/api/v1/namespaces", body).status == 413)
    }

    @Test func `a body that is nested too deeply is refused`() async throws {
        let body = [UInt8]((String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)).utf8)
        let answer = try await TestServer().send(
            "POST", "/api/v1/namespaces", [UInt8](#"{"kind":"Namespace","apiVersion":"v1","x":"#.utf8) + body + [0x7d])
        #expect(answer.status == 400)
    }
}
