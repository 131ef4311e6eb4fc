import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import Testing

@Suite("What a server repeats of our secrets is not shown")
struct SecretEchoTests {
    private static let json: HTTPFields = ["Content-Type": "application/json"]

    private static func registryError(_ message: String, code: String = "DENIED") -> [UInt8] {
        JSONValue.object(["errors": .array([.object(["code": .string(code), "message": .string(message)])])])
            .serialized()
    }

    /// What the user is told when the registry answers `status` with what `said` makes of the request's `Authorization`.
    private func failure(
        _ credential: RegistryCredential, challenge: String, status: Int = 403, token: String = "t0ken",
        _ said: @escaping @Sendable (String) -> [UInt8]
    ) async throws -> RegistryError {
        let http = ScriptedClient { exchange, _ in
            if exchange.url.contains("/token") { return .answer(200, Self.json, text: #"{"token":"\#(token)"}"#) }
            guard let header = exchange.authorization else { return .answer(401, ["WWW-Authenticate": challenge]) }
            return .answer(status, Self.json, said(header))
        }
        return try await failure(http, credential)
    }

    private func failure(_ http: ScriptedClient, _ credential: RegistryCredential) async throws -> RegistryError {
        let client = RegistryClient.scripted(http)
        let access = RegistryAccess(credential: credential)
        return try #require(
            await #expect(throws: RegistryError.self) {
                try await client.repository(try repository(), access: access).fetchManifest(.tag("1"))
            })
    }

    private func basic(_ password: String) -> RegistryCredential {
        .basic(username: "robot", password: Redacted(password))
    }

    @Test("The password and its Basic form", arguments: [401, 403, 404, 429, 500, 418])
    func password(status: Int) async throws {
        let error = try await failure(basic("hunter2"), challenge: "Basic realm=\"r\"", status: status) { header in
            Self.registryError("no 'robot:hunter2' (\(header), \(header.dropLast(2))) here")
        }
        #expect(error.detailed.contains("DENIED: no 'robot:***' (Basic ***, Basic ***) here"))
    }

    @Test(
        "What encodings make of the password",
        arguments: [
            ("p/w d+\u{e9}", "p%2Fw%20d%2B%C3%A9"), ("p/w d+\u{e9}", "p%2fw%20d%2b%c3%a9"),
            ("p/w d+\u{e9}", "p%2Fw+d%2B%C3%A9"), ("say \"it\\", #"say \"it\\"#), ("hunter2\n", "hunter2"),
            ("???>>>", "cm9ib3Q6Pz8_Pj4-"), ("abc", "robot:abc"), ("abc", "cm9ib3Q6YWJj"), ("", "cm9ib3Q6"),
            ("???>>>", "cm9ib3Q6Pz8%2FPj4%2B"),
        ])
    func encodings(password: String, said: String) async throws {
        let error = try await failure(basic(password), challenge: "Basic realm=\"r\"") { _ in
            Self.registryError("<\(said)> <\(said)>")
        }
        #expect(error.message.contains("DENIED: <***> <***>;"), "\(error.message)")
    }

    @Test("Passwords of less than four bytes stay what any text has")
    func short() async throws {
        let error = try await failure(basic("abc"), challenge: "Basic realm=\"r\"") { _ in
            Self.registryError("know your abc")
        }
        #expect(error.message.contains("DENIED: know your abc;"))
    }

    @Test("A secret is no error code and no name of a request")
    func codesAndNames() async throws {
        let code = try await failure(basic("hunter2"), challenge: "Basic realm=\"r\"") { _ in
            Self.registryError("no", code: "hunter2")
        }
        #expect(code.registryCode == nil && !code.detailed.contains("hunter2"))
        let unique = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
        let named = try await failure(basic(unique), challenge: "Basic realm=\"r\"") { _ in
            Self.registryError("no \(unique)")
        }
        #expect(named.particulars == nil && named.message.contains("no ***"))
    }

    @Test("Nothing is left of a secret where the message is cut, or where the server cut it")
    func cuts() async throws {
        for padding in 240...256 {
            let error = try await failure(basic("hunter2"), challenge: "Basic realm=\"r\"") { _ in
                Self.registryError(String(repeating: ".", count: padding) + "hunter2")
            }
            #expect(!error.message.contains("hu"))
        }
        let long = String(repeating: "0123456789abcdef", count: 8)
        let error = try await failure(.bearer(Redacted(long)), challenge: Sample.bearer) { _ in
            Self.registryError("token \(long.prefix(50))... is bad")
        }
        #expect(error.message.contains("token ***... is bad"))
    }

    @Test("The token that a token server gave, and that of the user")
    func bearer() async throws {
        let given = try await failure(basic("hunter2"), challenge: Sample.bearer, token: "t0k/en") { header in
            Self.registryError("\(header) t0k%2Fen of hunter2")
        }
        #expect(given.message.contains("DENIED: Bearer *** *** of ***"))
        let fixed = try await failure(.bearer(Redacted("fixed-token")), challenge: Sample.bearer) { header in
            Self.registryError("\(header) is bad")
        }
        #expect(fixed.message.contains("DENIED: Bearer *** is bad"))
        // Also after a redirect within the registry.
        let count = Locked(0)
        let http = ScriptedClient { exchange, _ in
            if exchange.url.contains("/token") {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                return .answer(200, Self.json, text: #"{"token":"issued-\#(number)","expires_in":300}"#)
            }
            guard let header = exchange.authorization else { return .answer(401, ["WWW-Authenticate": Sample.bearer]) }
            if exchange.url.contains("/moved") { return .answer(403, Self.json, Self.registryError("\(header)")) }
            return .answer(307, ["Location": "/moved"])
        }
        #expect(try await failure(http, .anonymous).message.contains("DENIED: Bearer ***"))
    }

    @Test("A token server's words: the password, its Basic form, the refresh token", arguments: [400, 401, 403, 500])
    func tokenServer(status: Int) async throws {
        let http = ScriptedClient { exchange, _ in
            guard exchange.url.contains("/token") else { return .answer(401, ["WWW-Authenticate": Sample.bearer]) }
            let form = String(decoding: exchange.body, as: UTF8.self)
            let said = "hunter2 \(exchange.authorization ?? "") \(form) s3/cr+t"
            return .answer(
                status, Self.json,
                JSONValue.object(["error": "invalid_grant", "error_description": .string(said)]).serialized())
        }
        let password = try await failure(http, basic("hunter2")).message
        #expect(password.contains("invalid_grant: *** Basic ***"))
        let refresh = try await failure(http, .identityToken(Redacted("s3/cr+t"))).message
        #expect(refresh.hasSuffix("refresh_token=*** ***") || refresh.contains("refresh_token=*** ***;"))
    }
}
