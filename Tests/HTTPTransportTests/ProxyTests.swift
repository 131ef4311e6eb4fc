import Core
import HTTPTransport
import TestSupport
import Testing

/// Real proxies (tinyproxy, microsocks) and scripted ones.
@Suite struct ProxyTests {
    let client = CurlClient()

    func policy(_ address: String, username: String? = nil, password: String? = nil, tls: TLSPolicy = .init()) throws
        -> ConnectionPolicy
    {
        ConnectionPolicy(
            tls: tls,
            proxy: .server(
                try ProxyServer(parsing: address, username: username, password: password.map(Redacted.init))))
    }

    func tinyproxy(_ settings: String = "") async throws -> (
        process: ChildProcess, port: Int, folder: TemporaryDirectory
    ) {
        let port = try freePort()
        let folder = try TemporaryDirectory()
        try folder.write(
            "Port \(port)\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\n\(settings)\n", to: "conf")
        let process = try ChildProcess("/usr/bin/tinyproxy", ["-d", "-c", folder.file("conf")])
        try await waitForPort(port)
        return (process, port, folder)
    }

    func waitForPort(_ port: Int) async throws {
        try await eventually("port \(port)") {
            do throws(HTTPTransportError) {
                _ = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/"))
                return true
            } catch { return error.code != .connect }
        }
    }

    @Test func goesThroughAnHTTPProxy() async throws {
        let server = try await WebServer()
        let (proxy, port, _) = try await tinyproxy()
        let policy = try policy("http://127.0.0.1:\(port)", tls: server.trusting)
        let plain = HTTPRequest(url: "http://127.0.0.1:\(server.plainPort)/echo", connection: policy)
        #expect(try await client.text(plain).hasPrefix("127.0.0.1:\(server.plainPort) "))
        let secure = HTTPRequest(url: server.url("/echo"), connection: policy)
        let response = try await client.send(secure)
        // The proxy's own answer to CONNECT is no part of it.
        #expect(response.status == 200)
        #expect(response.headers["proxy-agent"] == nil)
        #expect(response.version == "2")
        try await eventually { proxy.log.contains("CONNECT 127.0.0.1:\(server.port)") }
        #expect(proxy.log.contains("GET http://127.0.0.1:\(server.plainPort)/echo"))
    }

    @Test func showsCredentialsToTheProxyOnly() async throws {
        let server = try await WebServer()
        let (proxy, port, _) = try await tinyproxy("BasicAuth user secret")
        defer { proxy.kill() }
        let good = try policy("http://127.0.0.1:\(port)", username: "user", password: "secret", tls: server.trusting)
        #expect(try await client.send(HTTPRequest(url: server.url("/echo"), connection: good)).status == 200)
        // A tunnel made with a password serves nobody with another one.
        for (username, password) in [("user", "wrong"), (nil, nil)] {
            let bad = try policy(
                "http://127.0.0.1:\(port)", username: username, password: password, tls: server.trusting)
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(HTTPRequest(url: server.url("/echo"), connection: bad))
            }
            #expect(error?.code == .proxy)
            #expect(error?.message.contains("wants other credentials") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("http://127.0.0.1:\(port)") == true)
            #expect(error?.isRetryable == false)
        }
    }

    @Test func keepsHeadersForTheServerFromTheProxy() async throws {
        let connect = Locked("")
        let proxy = try RawServer { connection in
            let head = try connection.readHead()
            connect.withLock { $0 = head }
            try connection.write("HTTP/1.1 403 Forbidden\r\nX-A: b\r\nContent-Length: 0\r\n\r\n")
        }
        var request = HTTPRequest(
            url: "https://registry.example/v2/?token=t", headers: ["Authorization": "Bearer secret"],
            connection: try policy("http://127.0.0.1:\(proxy.port)"))
        request.method = "POST"
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .proxy)
        #expect(
            error?.message == "proxy http://127.0.0.1:\(proxy.port) refused to connect to registry.example:443 (403)")
        #expect(connect.current.hasPrefix("CONNECT registry.example:443 HTTP/1.1\r\n"))
        #expect(!connect.current.contains("secret"))
        #expect(!connect.current.contains("token"))
    }

    @Test func resolvesNamesAtTheSOCKSProxy() async throws {
        let asked = Locked<[UInt8]>([])
        let proxy = try RawServer { connection in
            _ = try connection.read(Int(connection.read(2)[1]))
            try connection.write([5, 0])
            let request = try connection.read(5)
            let name = try connection.read(Int(request[4]) + 2)
            asked.withLock { $0 = request + name }
            try connection.write([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
            _ = try connection.readHead()
            try connection.respond(body: "through")
        }
        let request = HTTPRequest(
            url: "http://only-the-proxy-knows.test/", connection: try policy("socks5://127.0.0.1:\(proxy.port)"))
        #expect(try await client.text(request) == "through")
        #expect(asked.current.prefix(5) == [5, 1, 0, 3, 25])
        #expect(String(decoding: asked.current.dropFirst(5).dropLast(2), as: UTF8.self) == "only-the-proxy-knows.test")
    }

    @Test func goesThroughASOCKSProxy() async throws {
        let server = try await WebServer()
        let port = try freePort()
        let process = try ChildProcess(
            "/usr/bin/microsocks", ["-i", "127.0.0.1", "-p", "\(port)", "-u", "user", "-P", "secret"])
        try await waitForPort(port)
        let good = try policy("socks5://127.0.0.1:\(port)", username: "user", password: "secret", tls: server.trusting)
        #expect(try await client.send(HTTPRequest(url: server.url("/echo"), connection: good)).status == 200)
        for bad in [
            try policy("socks5://127.0.0.1:\(port)", username: "user", password: "wrong", tls: server.trusting),
            try policy("socks5://127.0.0.1:\(port)", tls: server.trusting),
        ] {
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(HTTPRequest(url: server.url("/echo"), connection: bad))
            }
            #expect(error?.code == .proxy && error?.isRetryable == false)
            #expect(
                error?.message
                    == "proxy socks5://127.0.0.1:\(port) wants other credentials; check username and password")
        }
        process.kill()
    }

    @Test func speaksTLSToTheProxy() async throws {
        // nginx is no forward proxy for CONNECT, but takes an absolute URL like one.
        let server = try await WebServer()
        let policy = try policy("https://127.0.0.1:\(server.clientCertificatePort)", tls: server.trusting)
        let request = HTTPRequest(url: "http://anything.test/echo", connection: policy)
        #expect(try await client.send(request).status == 400)
        let stranger = HTTPRequest(
            url: "http://anything.test/echo", connection: try self.policy("https://127.0.0.1:\(server.port)"))
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(stranger) }
        #expect(error?.code == .tls || error?.code == .proxy, "\(error?.message ?? "")")
    }

    @Test(arguments: ["http", "socks5", "https"]) func unreachableProxyIsNamed(_ scheme: String) async throws {
        let request = HTTPRequest(url: "https://registry.example/", connection: try policy("\(scheme)://127.0.0.1:1"))
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .proxy)
        #expect(error?.message == "could not connect to proxy \(scheme)://127.0.0.1:1: connection refused")
        let unknown = HTTPRequest(
            url: "https://registry.example/", connection: try policy("\(scheme)://no-such-proxy.invalid:1"))
        let resolving = await #expect(throws: HTTPTransportError.self) { try await client.send(unknown) }
        #expect(resolving?.code == .proxy)
        #expect(resolving?.message == "could not resolve the host of proxy \(scheme)://no-such-proxy.invalid:1")
    }

    @Test func theEnvironmentIsOnlyUsedWhenAsked() async throws {
        let proxy = try RawServer { connection in
            _ = try connection.readHead()
            try connection.respond(body: "proxy")
        }
        let environment = ProxyEnvironment([
            "http_proxy": "http://127.0.0.1:\(proxy.port)", "NO_PROXY": ".direct.invalid",
        ])
        let policy = ConnectionPolicy(proxy: .environment(environment))
        #expect(try await client.text(HTTPRequest(url: "http://any.invalid/", connection: policy)) == "proxy")
        for request in [
            HTTPRequest(url: "http://any.invalid/"), HTTPRequest(url: "http://a.direct.invalid/", connection: policy),
        ] {
            let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
            #expect(error?.code == .resolve)
        }
    }
}
