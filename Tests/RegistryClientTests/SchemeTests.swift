import Core
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

@Suite("HTTPS first, plain HTTP only where it is allowed")
struct SchemeTests {
    /// A server that speaks plain HTTP only.
    private static func plainServer(_ failure: HTTPTransportError.Code = .notTLS) -> ScriptedClient {
        ScriptedClient { exchange, _ throws(HTTPTransportError) in
            guard exchange.url.hasPrefix("http://") else { throw .failing(failure) }
            return Sample.answer(exchange)
        }
    }

    private func resolve(_ client: RegistryClient, _ name: String, insecure: Bool = false) async throws {
        let access = RegistryAccess(plainHTTP: insecure ? .allowed : .localHosts)
        _ = try await client.repository(try repository(name), access: access).resolve(.tag("1"))
    }

    @Test(
        "Local hosts are tried over HTTP without being asked to",
        arguments: [
            "localhost:5000", "localhost", "127.0.0.1:5000", "127.9.8.7", "[::1]:5000", "10.1.2.3", "192.168.0.1:80",
            "172.16.0.1", "172.31.255.255", "registry.local", "Registry.LOCAL:5000",
        ])
    func local(host: String) async throws {
        let http = Self.plainServer()
        let client = RegistryClient.scripted(http)
        try await resolve(client, "\(host)/app")
        #expect(http.lines.map { $0.hasPrefix("HEAD https://") } == [true, false])
        // What worked is remembered.
        try await resolve(client, "\(host)/app")
        #expect(http.lines.count == 3 && http.lines[2].hasPrefix("HEAD http://"))
    }

    @Test(
        "Other hosts are not, whatever their names look like",
        arguments: [
            "ghcr.io", "172.32.0.1", "172.15.0.1", "11.0.0.1", "192.169.0.1", "10.0.0.1.nip.io",
            "localhost.evil.example",
            "evil-localhost.io", "registry.local.evil.example", "xlocal.io", "010.0.0.1", "[fd00::1]",
            "127.0.0.1.evil.io",
        ])
    func foreign(host: String) async throws {
        let http = Self.plainServer()
        let error = await #expect(throws: RegistryError.self) {
            try await resolve(RegistryClient.scripted(http) { $0.maximumAttempts = 1 }, "\(host)/app")
        }
        #expect(error?.code == .transport)
        #expect(http.lines.allSatisfy { $0.hasPrefix("HEAD https://") })
    }

    @Test("insecure allows HTTP for any host, and a flag turns the unasked cases off")
    func permission() async throws {
        let http = Self.plainServer()
        try await resolve(RegistryClient.scripted(http), "ghcr.io/app", insecure: true)
        let strict = RegistryClient.scripted(http) {
            $0.allowsLocalPlainHTTP = false
            $0.maximumAttempts = 1
        }
        await #expect(throws: RegistryError.self) { try await resolve(strict, "localhost:5000/app") }
        try await resolve(strict, "localhost:5000/app", insecure: true)
    }

    @Test("A certificate that is not trusted is no reason to give up TLS")
    func untrusted() async throws {
        for code in [HTTPTransportError.Code.tls, .resolve, .proxy, .invalidRequest] {
            let http = Self.plainServer(code)
            let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
            await #expect(throws: RegistryError.self) {
                try await resolve(client, "localhost:5000/app", insecure: true)
            }
            #expect(http.lines.count == 1)
        }
        for code in [HTTPTransportError.Code.notTLS, .connect, .closed, .protocol, .timeout] {
            try await resolve(RegistryClient.scripted(Self.plainServer(code)), "localhost:5000/app")
        }
    }

    @Test("A registry that answered over HTTPS is not tried over HTTP afterwards")
    func noDowngrade() async throws {
        let http = ScriptedClient { exchange, index throws(HTTPTransportError) in
            if index == 0 { return Sample.answer(exchange) }
            throw .failing(.connect)
        }
        let client = RegistryClient.scripted(http)
        try await resolve(client, "localhost:5000/app")
        await #expect(throws: RegistryError.self) { try await resolve(client, "localhost:5000/app") }
        #expect(http.lines.allSatisfy { $0.hasPrefix("HEAD https://") })
    }

    @Test("A registry that got TLS is found over HTTPS once HTTP fails")
    func upgrade() async throws {
        let hasTLS = Locked(false)
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            guard exchange.url.hasPrefix("https://") == hasTLS.current else { throw .failing(.connect) }
            return Sample.answer(exchange)
        }
        let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
        try await resolve(client, "localhost:5000/app")
        hasTLS.withLock { $0 = true }
        await #expect(throws: RegistryError.self) { try await resolve(client, "localhost:5000/app") }
        try await resolve(client, "localhost:5000/app")
        #expect(http.lines.last?.hasPrefix("HEAD https://") == true)
    }

    @Test("A server with TLS that refuses plain HTTP is not taken for one without")
    func speaksTLSAfterAll() async throws {
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            guard exchange.url.hasPrefix("http://") else { throw .failing(.closed) }
            return .answer(400, text: "Client sent an HTTP request to an HTTPS server.")
        }
        let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
        for round in 1...2 {
            let error = await #expect(throws: RegistryError.self) { try await resolve(client, "localhost:5000/app") }
            #expect(error?.code == .transport)
            #expect(http.lines.count { $0.hasPrefix("HEAD https://") } == round)
        }
    }

    @Test("A plain server that refuses the request says so itself")
    func plainServerRefuses() async throws {
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            guard exchange.url.hasPrefix("http://") else { throw .failing(.notTLS) }
            return .answer(400, text: "bad request")
        }
        let error = await #expect(throws: RegistryError.self) {
            try await resolve(RegistryClient.scripted(http) { $0.maximumAttempts = 1 }, "localhost:5000/app")
        }
        #expect(error?.httpStatus == 400)
    }

    @Test(
        "Who keeps silent over plain HTTP is not said to have trouble with TLS",
        arguments: [HTTPTransportError.Code.notTLS, .closed, .protocol, .timeout])
    func silentOverPlainHTTP(refusal: HTTPTransportError.Code) async throws {
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            throw .failing(exchange.url.hasPrefix("http://") ? .timeout : refusal)
        }
        let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
        let error = await #expect(throws: RegistryError.self) {
            try await resolve(client, "registry.example/app", insecure: true)
        }
        #expect(error?.code == .timeout && error?.isRetryable == true)
        #expect(
            error?.message.hasSuffix(
                "'registry.example': it failed: timeout over plain HTTP; see that a registry listens there, and that it works"
            )
                == true, "\(String(describing: error))")
    }

    @Test("Where there is no TLS, what went wrong over HTTP is said; where nothing listens, what went wrong over HTTPS")
    func otherFailuresOfBoth() async throws {
        for (https, http, said) in [
            (HTTPTransportError.Code.notTLS, HTTPTransportError.Code.closed, "it failed: closed over plain HTTP"),
            (.connect, .connect, "it failed: connect"), (.closed, .closed, "it failed: closed"),
        ] {
            let script = ScriptedClient { exchange, _ throws(HTTPTransportError) in
                throw .failing(exchange.url.hasPrefix("http://") ? http : https)
            }
            let client = RegistryClient.scripted(script) { $0.maximumAttempts = 1 }
            let error = await #expect(throws: RegistryError.self) { try await resolve(client, "localhost:5000/app") }
            #expect(error?.message.hasSuffix(said) == true, "\(String(describing: error))")
            #expect(script.lines.count == 2)
        }
    }

    @Test("Trouble with a token server or a redirect's target is no reason to try the registry over HTTP")
    func troubleElsewhere() async throws {
        for isRedirect in [true, false] {
            let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
                guard exchange.url.hasPrefix("https://localhost") else { throw .failing(.connect) }
                return isRedirect
                    ? .answer(307, ["Location": "https://cdn.example/x"])
                    : .answer(401, ["WWW-Authenticate": Sample.bearer])
            }
            await #expect(throws: RegistryError.self) {
                try await resolve(RegistryClient.scripted(http), "localhost:5000/app")
            }
            #expect(!http.lines.contains { $0.contains("http://") })
        }
    }

    @Test("One user's plain HTTP is not another's")
    func separation() async throws {
        let http = Self.plainServer()
        let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
        try await resolve(client, "ghcr.io/app", insecure: true)
        await #expect(throws: RegistryError.self) { try await resolve(client, "ghcr.io/app") }
    }

    @Test("Plain HTTP is said in the log, once")
    func logged() async throws {
        final class Lines: LogSink {
            let lines = Locked<[String]>([])
            func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        }
        let sink = Lines()
        let client = RegistryClient(http: Self.plainServer(), logger: Logger(sink: sink))
        for _ in 0..<3 { try await resolve(client, "localhost:5000/app") }
        #expect(sink.lines.current.count == 1)
        #expect(sink.lines.current.first?.contains("plain HTTP") == true)
    }

    @Test("A registry without TLS may name a token server without TLS only where HTTP is allowed for it")
    func plainRealm() async throws {
        for (realm, insecure, isAsked) in [
            ("http://127.0.0.1:5001/token", false, true), ("http://auth.example/token", false, false),
            ("http://auth.example/token", true, true), ("https://auth.example/token", false, true),
        ] {
            let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
                if exchange.url.contains("/token") { return .answer(200, [:], text: #"{"token":"t"}"#) }
                guard exchange.url.hasPrefix("http://") else { throw .failing(.notTLS) }
                return exchange.authorization == nil
                    ? .answer(401, ["WWW-Authenticate": #"Bearer realm="\#(realm)""#]) : Sample.answer(exchange)
            }
            try? await resolve(RegistryClient.scripted(http), "localhost:5000/app", insecure: insecure)
            #expect(http.lines.contains { $0.contains("/token") } == isAsked)
        }
    }
}
