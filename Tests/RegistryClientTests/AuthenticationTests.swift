import Core
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

@Suite("Authentication")
struct AuthenticationTests {
    private static let robot = RegistryCredential.basic(username: "robot", password: Redacted("hunter2"))
    private static let robotHeader = "Basic cm9ib3Q6aHVudGVyMg=="

    /// A registry behind a token server: numbers its tokens, takes those that `accepts` says.
    private static func tokenRegistry(
        challenge: String = Sample.bearer, answer: String? = nil, tokenStatus: Int = 200,
        accepts: @escaping @Sendable (String, Int) -> Bool = { header, _ in header.hasPrefix("Bearer token-") }
    ) -> ScriptedClient {
        let issued = Locked(0)
        return ScriptedClient { exchange, index in
            if exchange.url.contains("/token") {
                let number = issued.withLock { issued in
                    issued += 1
                    return issued
                }
                return .answer(
                    tokenStatus, ["Content-Type": "application/json"],
                    text: answer ?? #"{"token":"token-\#(number)","expires_in":300}"#)
            }
            guard let header = exchange.authorization, accepts(header, index) else {
                return .answer(401, ["WWW-Authenticate": challenge], text: #"{"errors":[{"code":"UNAUTHORIZED"}]}"#)
            }
            return Sample.answer(exchange)
        }
    }

    private func access(_ credential: RegistryCredential = robot) -> RegistryAccess {
        RegistryAccess(credential: credential)
    }

    @Test("A poll costs one HEAD once the token is there; the token is asked for with Basic")
    func bearer() async throws {
        let http = Self.tokenRegistry()
        let client = RegistryClient.scripted(http)
        for _ in 0..<3 { _ = try await client.repository(try repository(), access: access()).resolve(.tag("1")) }
        let head = "HEAD https://ghcr.io/v2/team/app/manifests/1"
        #expect(
            http.lines == [
                head, "GET https://auth.example/token?service=ghcr&scope=repository%3Ateam%2Fapp%3Apull", head, head,
                head,
            ])
        #expect(
            http.exchanges.map(\.authorization) == [
                nil, Self.robotHeader, "Bearer token-1", "Bearer token-1", "Bearer token-1",
            ])
    }

    @Test("A token's request is counted and logged, for whom the work is, and without what is secret")
    func told() async throws {
        let metrics = MetricsRegistry(), log = CapturedLog()
        var access = access()
        access.logger = log.logger().with(["reconcileID": "x"])
        let client = RegistryClient(
            http: Self.tokenRegistry(), metrics: metrics, openConnections: { ["https://auth.example:443": 1] })
        _ = try await client.repository(try repository(), access: access).resolve(.tag("1"))
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains(#"gotk_oci_registry_token_requests_total{host="ghcr.io"} 1"#))
        #expect(text.contains(#"gotk_oci_registry_open_connections{host="auth.example"} 1"#))
        let entries = try log.entries()
        #expect(entries.map { $0["msg"] } == ["registry request", "token request", "registry request"])
        #expect(entries.allSatisfy { $0["reconcileID"] == "x" && $0["level"] == "debug" })
        #expect(entries[1]["url"] == "https://auth.example" && entries[1]["status"] == 200)
        #expect(log.lines.allSatisfy { !$0.contains("token-1") && !$0.contains("hunter2") && !$0.contains("cm9ib3Q") })
    }

    @Test("An anonymous user gets an anonymous token")
    func anonymous() async throws {
        let http = Self.tokenRegistry()
        _ = try await RegistryClient.scripted(http).repository(try repository()).resolve(.tag("1"))
        #expect(http.exchanges[1].authorization == nil)
        #expect(http.lines.count == 3)
    }

    @Test("An identity token is exchanged with an OAuth2 POST")
    func identityToken() async throws {
        let http = Self.tokenRegistry(answer: #"{"access_token":"token-x"}"#)
        let client = RegistryClient.scripted(http)
        _ = try await client.repository(try repository(), access: access(.identityToken(Redacted("s3/cr+t")))).resolve(
            .tag("1"))
        let request = http.exchanges[1]
        #expect(request.line == "POST https://auth.example/token")
        #expect(request.headers["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=refresh_token&client_id=source-controller&service=ghcr&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=s3%2Fcr%2Bt"
        )
        #expect(request.authorization == nil)
    }

    @Test("Basic is remembered for the registry; a fixed access token is sent at once")
    func basicAndFixed() async throws {
        let http = ScriptedClient { exchange, _ in
            [Self.robotHeader, "Bearer fixed"].contains(exchange.authorization)
                ? Sample.answer(exchange) : .answer(401, ["WWW-Authenticate": "Basic realm=\"r\""])
        }
        let client = RegistryClient.scripted(http)
        for _ in 0..<2 { _ = try await client.repository(try repository(), access: access()).resolve(.tag("1")) }
        _ = try await client.repository(try repository(), access: access(.bearer(Redacted("fixed")))).resolve(.tag("1"))
        #expect(http.exchanges.map(\.authorization) == [nil, Self.robotHeader, Self.robotHeader, "Bearer fixed"])
    }

    @Test(
        "Refused credentials end in one error, not in a loop",
        arguments: [
            (RegistryCredential.anonymous, "Basic realm=\"r\""), (robot, "Basic realm=\"r\""), (robot, "Negotiate"),
            (.bearer(Redacted("fixed")), Sample.bearer), (robot, Sample.bearer),
            (.identityToken(Redacted("i")), "Basic realm=\"r\""),
            (robot, ""),
        ])
    func refused(credential: RegistryCredential, challenge: String) async throws {
        let http = Self.tokenRegistry(challenge: challenge, accepts: { _, _ in false })
        let client = RegistryClient.scripted(http)
        let error = await #expect(throws: RegistryError.self) {
            try await client.repository(try repository(), access: access(credential)).fetchManifest(.tag("1"))
        }
        #expect(error?.code == .unauthorized)
        #expect(error?.isRetryable == false)
        #expect(http.lines.count <= 3)
    }

    @Test("A cached token that the registry no longer takes is renewed once")
    func renewal() async throws {
        let http = Self.tokenRegistry(accepts: { header, index in
            header == (index < 4 ? "Bearer token-1" : "Bearer token-2")
        })
        let client = RegistryClient.scripted(http)
        for _ in 0..<3 { _ = try await client.repository(try repository(), access: access()).resolve(.tag("1")) }
        #expect(
            http.exchanges.map { $0.authorization ?? "-" } == [
                "-", Self.robotHeader, "Bearer token-1", "Bearer token-1", "Bearer token-1", Self.robotHeader,
                "Bearer token-2",
            ])
    }

    @Test("A token is renewed before it expires, and kept no longer than allowed")
    func expiry() async throws {
        for (lifetime, maximum, kept, gone) in [
            (300, Duration.seconds(3600), Duration.seconds(269), Duration.seconds(2)),
            (300, .seconds(100), .seconds(99), .seconds(2)), (60, .seconds(3600), .seconds(44), .seconds(2)),
        ] {
            let time = ManualTime()
            let http = Self.tokenRegistry(answer: #"{"token":"token-x","expires_in":\#(lifetime)}"#)
            let cache = TokenCache(maximumDuration: maximum, time: time)
            let client = RegistryClient.scripted(http, time: time, cache: cache)
            func poll() async throws -> Int {
                _ = try await client.repository(try repository(), access: access()).resolve(.tag("1"))
                return http.lines.count { $0.contains("/token") }
            }
            #expect(try await poll() == 1)
            time.advance(by: kept)
            #expect(try await poll() == 1)
            time.advance(by: gone)
            #expect(try await poll() == 2)
        }
    }

    @Test("The cache is bounded; the least recently used token leaves")
    func bounded() async throws {
        let http = Self.tokenRegistry()
        let cache = TokenCache(maximumSize: 2)
        let client = RegistryClient.scripted(http, cache: cache)
        for name in ["a", "b", "a", "c", "a"] {
            _ = try await client.repository(try repository("ghcr.io/\(name)"), access: access()).resolve(.tag("1"))
        }
        #expect(cache.count == 2)
        #expect(http.lines.count { $0.contains("/token") } == 3)
        let none = TokenCache(maximumSize: 0)
        _ = try await RegistryClient.scripted(http, cache: none).repository(try repository(), access: access()).resolve(
            .tag("1"))
        #expect(none.count == 0)
    }

    @Test("Tokens are shared by nobody with another credential, connection policy, HTTP permission or repository")
    func separation() async throws {
        var proxied = access()
        proxied.connection.proxy = .server(try ProxyServer(parsing: "http://proxy.example:3128"))
        var unverified = access()
        unverified.connection.tls.verification = .none
        var insecure = access()
        insecure.plainHTTP = .allowed
        let others = [
            access(), access(.basic(username: "robo", password: Redacted("thunter2"))), access(.anonymous), proxied,
            unverified, insecure,
        ]
        let http = Self.tokenRegistry()
        let client = RegistryClient.scripted(http)
        for other in others { _ = try await client.repository(try repository(), access: other).resolve(.tag("1")) }
        _ = try await client.repository(try repository("ghcr.io/team/other"), access: access()).resolve(.tag("1"))
        #expect(http.lines.count { $0.contains("/token") } == 7)
        #expect(
            http.exchanges.compactMap(\.authorization).filter { $0.hasPrefix("Bearer") }
                == (1...7).map { "Bearer token-\($0)" })
        // The token request goes through the same proxy with the same checks.
        #expect(
            http.exchanges.filter { $0.url.contains("/token") }.map(\.connection) == others.map(\.connection) + [
                access().connection
            ])
    }

    @Test("Many at once ask for one token")
    func singleFlight() async throws {
        let http = Self.tokenRegistry()
        let client = RegistryClient.scripted(http)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    _ = try await client.repository(try repository(), access: access()).resolve(.tag("\(number)"))
                }
            }
            try await group.waitForAll()
        }
        #expect(http.lines.count { $0.contains("/token") } == 1)
    }

    @Test(
        "A realm without TLS is refused for a registry with TLS, before anything is sent there",
        arguments: [
            "http://auth.example/token", "http://ghcr.io/token", "ftp://auth.example", "https://u:p@auth.example/", "",
            "/token",
        ])
    func realms(realm: String) async throws {
        let http = Self.tokenRegistry(challenge: #"Bearer realm="\#(realm)",service="x""#)
        let error = await #expect(throws: RegistryError.self) {
            try await RegistryClient.scripted(http).repository(try repository(), access: access()).fetchManifest(
                .tag("1"))
        }
        #expect(error?.code == .invalidResponse)
        #expect(http.lines.count == 1)
    }

    @Test(
        "A token server's nonsense is no token",
        arguments: [
            "<html>log in</html>", "", "[]", "{}", #"{"token":""}"#, #"{"token":7}"#, #"{"token":"a\r\nX-Evil: 1"}"#,
            #"{"token":"a b"}"#, #"{"token":"\#(String(repeating: "x", count: 70_000))"}"#,
        ])
    func nonsense(answer: String) async throws {
        let http = Self.tokenRegistry(answer: answer)
        let error = await #expect(throws: RegistryError.self) {
            try await RegistryClient.scripted(http).repository(try repository(), access: access()).fetchManifest(
                .tag("1"))
        }
        #expect(error?.code == .invalidResponse)
        #expect(http.lines.count == 2)
        #expect((error?.message.utf8.count ?? .max) < 400)
    }

    @Test(
        "A token server's refusal says whose credentials were used, and not what they are", arguments: [400, 401, 403])
    func tokenRefused(status: Int) async throws {
        let http = Self.tokenRegistry(
            answer: #"{"error":"invalid_grant","error_description":"bad password"}"#, tokenStatus: status)
        var access = access()
        access.credentialSource = "Secret 'apps/ghcr'"
        let error = await #expect(throws: RegistryError.self) {
            try await RegistryClient.scripted(http).repository(try repository(), access: access).fetchManifest(
                .tag("1"))
        }
        #expect(error?.code == (status == 403 ? .denied : .unauthorized))
        #expect(
            error?.message
                == "cannot get a token for registry 'ghcr.io' from 'auth.example': HTTP \(status), invalid_grant: bad password; the credentials of Secret 'apps/ghcr' were used: check user name, password or token and its rights"
        )
        #expect(http.lines.count == 2)
    }

    @Test("A challenge's scope is asked for too where it names the repository differently, never more rights")
    func scopes() async throws {
        for (scope, extra) in [
            ("repository:virtual/team/app:pull", ["repository:virtual/team/app:pull"]),
            ("repository:team/app:pull", []),
            ("repository:virtual/team/app:pull,push", []), ("registry:catalog:*", []), ("repository:x:*", []),
        ] {
            let http = Self.tokenRegistry(challenge: Sample.bearer + #",scope="\#(scope)""#)
            _ = try await RegistryClient.scripted(http).repository(try repository(), access: access()).resolve(
                .tag("1"))
            let scopes = http.lines[1].split(separator: "&").filter { $0.hasPrefix("scope=") }
            #expect(scopes.count == 1 + extra.count)
        }
    }

    @Test(
        "Several challenges, quoted text and odd spacing are read",
        arguments: [
            [#"Negotiate, Bearer realm="https://auth.example/token" , service=ghcr"#],
            ["Negotiate abc==", #"BEARER Realm="https://auth.example/token", Service="ghcr""#],
            [
                #"Basic realm="a \"quoted\", Bearer realm=\"http://evil\"", Bearer realm="https://auth.example/token",service="ghcr""#
            ],
            [#"Basic, Bearer realm="https://auth.example/token",service="ghcr",error="invalid_token""#],
        ])
    func challenges(lines: [String]) async throws {
        let http = ScriptedClient { exchange, _ in
            if exchange.url.hasPrefix("https://auth.example/token?service=ghcr&") {
                return .answer(200, [:], text: #"{"token":"t"}"#)
            }
            if exchange.authorization == "Bearer t" { return Sample.answer(exchange) }
            return .answer(401, HTTPFields(lines.map { HTTPFields.Field(name: "www-authenticate", value: $0) }))
        }
        _ = try await RegistryClient.scripted(http).repository(try repository(), access: access()).resolve(.tag("1"))
        #expect(http.lines.count == 3)
    }
}
