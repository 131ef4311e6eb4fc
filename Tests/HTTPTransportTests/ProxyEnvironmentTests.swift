import Core
import HTTPTransport
import Testing

@Suite struct ProxyEnvironmentTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let variables: [String: String]
        let url: (scheme: String, host: String, port: Int)
        let proxy: String?
        var testDescription: String { "\(variables) \(url.scheme)://\(url.host):\(url.port)" }

        init(_ variables: [String: String], _ scheme: String, _ host: String, _ port: Int, _ proxy: String?) {
            self.variables = variables
            self.url = (scheme, host, port)
            self.proxy = proxy
        }

        /// A target and what `NO_PROXY` says; whether a proxy is used.
        init(no: String, _ host: String, _ port: Int = 443, uses: Bool) {
            self.init(
                ["HTTPS_PROXY": "http://p:1", "NO_PROXY": no], "https", host, port, uses ? "http://p:1" : nil)
        }
    }

    static let rows: [Row] = [
        Row([:], "https", "example.com", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "example.com", 443, "http://p:1"),
        Row(["HTTPS_PROXY": "http://p:1"], "http", "example.com", 80, nil),
        Row(["HTTP_PROXY": "http://p:1"], "https", "example.com", 443, nil),
        Row(["HTTP_PROXY": "http://p:1"], "http", "example.com", 80, "http://p:1"),
        Row(["http_proxy": "http://p:1"], "http", "example.com", 80, "http://p:1"),
        Row(["https_proxy": "http://p:1"], "https", "example.com", 443, "http://p:1"),
        Row(["HTTPS_PROXY": "http://up:1", "https_proxy": "http://low:1"], "https", "e.com", 443, "http://up:1"),
        Row(["HTTPS_PROXY": "", "https_proxy": "http://low:1"], "https", "e.com", 443, "http://low:1"),
        Row(["HTTPS_PROXY": "p:1"], "https", "e.com", 443, "http://p:1"),
        Row(["HTTPS_PROXY": "p"], "https", "e.com", 443, "http://p:80"),
        Row(["HTTPS_PROXY": "https://p"], "https", "e.com", 443, "https://p:443"),
        Row(["HTTPS_PROXY": "socks5://p"], "https", "e.com", 443, "socks5://p:1080"),
        Row(["HTTPS_PROXY": "socks5h://u:s@p"], "https", "e.com", 443, "socks5://p:1080"),
        Row(["HTTPS_PROXY": "http://u:secret@[fd00::1]:3"], "https", "e.com", 443, "http://[fd00::1]:3"),
        Row(["ALL_PROXY": "socks5://p"], "https", "e.com", 443, "socks5://p:1080"),
        Row(["all_proxy": "socks5://p"], "http", "e.com", 80, "socks5://p:1080"),
        Row(["ALL_PROXY": "socks5://p", "HTTP_PROXY": "http://h:1"], "http", "e.com", 80, "http://h:1"),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "localhost", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "LOCALHOST", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "127.8.8.8", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "::1", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "::ffff:127.0.0.1", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1"], "https", "localhost.example.com", 443, "http://p:1"),
        Row(["HTTPS_PROXY": "http://p:1", "no_proxy": "e.com"], "https", "e.com", 443, nil),
        Row(["HTTPS_PROXY": "http://p:1", "REQUEST_METHOD": "GET"], "https", "e.com", 443, "http://p:1"),
        Row(no: "*", "example.com", uses: false),
        Row(no: "a.com, *", "example.com", uses: false),
        Row(no: "example.com", "example.com", uses: false),
        Row(no: "EXAMPLE.com", "Example.COM", uses: false),
        Row(no: "example.com", "sub.example.com", uses: false),
        Row(no: "example.com", "badexample.com", uses: true),
        Row(no: ".example.com", "example.com", uses: true),
        Row(no: ".example.com", "sub.example.com", uses: false),
        Row(no: "*.example.com", "sub.example.com", uses: false),
        Row(no: "*.example.com", "example.com", uses: true),
        Row(no: "a.com , example.com ,b.com", "example.com", uses: false),
        Row(no: "example.com:443", "example.com", uses: false),
        Row(no: "example.com:8443", "example.com", uses: true),
        Row(no: "example.com:", "example.com", uses: false),
        Row(no: ":443", "example.com", uses: true),
        Row(no: ",,", "example.com", uses: true),
        Row(no: "10.0.0.1", "10.0.0.1", uses: false),
        Row(no: "10.0.0.1", "10.0.0.2", uses: true),
        Row(no: "10.0.0.1:443", "10.0.0.1", uses: false),
        Row(no: "10.0.0.1:80", "10.0.0.1", uses: true),
        Row(no: "10.0.0.0/8", "10.200.3.4", uses: false),
        Row(no: "10.0.0.0/8", "11.0.0.1", uses: true),
        Row(no: "10.0.0.128/25", "10.0.0.127", uses: true),
        Row(no: "10.0.0.128/25", "10.0.0.129", uses: false),
        Row(no: "0.0.0.0/0", "8.8.8.8", uses: false),
        Row(no: "0.0.0.0/0", "fd00::1", uses: true),
        Row(no: "10.0.0.0/33", "10.0.0.1", uses: true),
        Row(no: "fd00::/8", "fd12::3", uses: false),
        Row(no: "fd00::/8", "fe12::3", uses: true),
        Row(no: "fd00::1", "fd00::1", uses: false),
        Row(no: "fd00::1", "fd00:0::0:1", uses: false),
        Row(no: "[fd00::1]", "fd00::1", uses: false),
        Row(no: "[fd00::1]:443", "fd00::1", uses: false),
        Row(no: "[fd00::1]:80", "fd00::1", uses: true),
        Row(no: "::ffff:10.0.0.1", "10.0.0.1", uses: false),
        Row(no: "10.0.0.0/8", "ten.example.com", uses: true),
        Row(no: "0.1", "10.0.0.1", uses: true),
    ]

    @Test(arguments: rows) func chooses(_ row: Row) throws {
        let environment = ProxyEnvironment(row.variables)
        let proxy = try environment.proxy(scheme: row.url.scheme, host: row.url.host, port: row.url.port)
        #expect(proxy?.description == row.proxy)
    }

    @Test(arguments: [
        (["HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"], "http", "CGI"),
        (["http_proxy": "http://p:1", "REQUEST_METHOD": "GET"], "http", "CGI"),
        (["HTTP_PROXY": "ftp://secret@p:1"], "http", "HTTP_PROXY"),
        (["HTTPS_PROXY": "http://secret pw@p"], "https", "HTTPS_PROXY"),
        (["all_proxy": "http://p:1/secret"], "https", "all_proxy"),
    ])
    func failsRatherThanGoingDirect(_ variables: [String: String], _ scheme: String, _ text: String) throws {
        let environment = ProxyEnvironment(variables)
        let error = #expect(throws: ProxyError.self) {
            try environment.proxy(scheme: scheme, host: "example.com", port: 443)
        }
        #expect(error?.message.contains(text) == true)
        #expect(error?.message.contains("secret") == false)
        #expect(try environment.proxy(scheme: scheme, host: "localhost", port: 443) == nil)
    }

    @Test(arguments: [
        "", "proxy", "proxy:3128", "ftp://p", "http://", "http://p/path", "http://p?q", "http://p#f", "http://p:99999",
        "http://p q", "http:///p", "socks4://p", "http://" + String(repeating: "p", count: 2048),
    ])
    func refusesAddress(_ address: String) {
        #expect(throws: ProxyError.self) { try ProxyServer(parsing: address) }
    }

    @Test func takesCredentialsFromAddressOrFields() throws {
        let address = try ProxyServer(parsing: "http://us%40er:p%3Aw@proxy.test:8/")
        #expect(address.username == "us@er")
        #expect(address.password?.revealed == "p:w")
        #expect(address.description == "http://proxy.test:8")
        let given = try ProxyServer(parsing: "http://a:b@proxy.test:8", username: "c", password: Redacted("d"))
        #expect(given.username == "c")
        #expect(given.password?.revealed == "d")
        #expect(try ProxyServer(parsing: "http://a:b@p", username: "c").password == nil)
        for (username, password) in [("a:b", "x"), ("a\n", "x"), ("a", "x\r\n")] {
            #expect(throws: ProxyError.self) {
                try ProxyServer(parsing: "http://p", username: username, password: Redacted(password))
            }
        }
        #expect(throws: ProxyError.self) {
            try ProxyServer(
                parsing: "socks5://p", username: String(repeating: "a", count: 256), password: Redacted("x"))
        }
    }
}
