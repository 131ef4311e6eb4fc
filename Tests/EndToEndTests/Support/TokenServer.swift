import Core
import Foundation
import HTTPServing
import TestSupport

/// A token server (distribution's token authentication, and its OAuth2 form) whose tokens a real registry takes: each is a
/// JWT that the `openssl` command signed.
final class TokenServer: HTTPHandler {
    /// What somebody asked for, and whether it was granted.
    struct Exchange: Sendable, CustomStringConvertible {
        let method: String
        /// The user of the Basic credentials, or `refresh_token`; nil for an anonymous client.
        let client: String?
        let scopes: [String]
        let status: Int

        var description: String { "\(method) \(client ?? "-") \(scopes) \(status)" }
    }

    static let service = "registry.test"
    static let issuer = "tokens.test"

    private let folder: TemporaryDirectory
    private let users: [String: String]
    private let identityToken: String
    private let server = Locked<(port: Int, task: Task<Void, any Error>?)>((0, nil))
    private let log = Locked<[Exchange]>([])
    private let issued = Locked<[String]>([])
    private let lifetime = Locked(300)

    /// Starts a server for these users and passwords, and for one identity token.
    init(users: [String: String], identityToken: String = UUID().uuidString) async throws {
        folder = try TemporaryDirectory()
        self.users = users
        self.identityToken = identityToken
        try await changeKey()
        let http = try HTTPServer(configuration: .init(address: "127.0.0.1:0", name: "tokens"), handler: self)
        let task = Task { try await http.run() }
        server.withLock { $0 = (http.port, task) }
    }

    /// Ends it: requests are refused from then on.
    func stop() { server.current.task?.cancel() }

    /// What a registry has to know of it.
    var authority: DockerRegistry.TokenAuthority {
        .init(
            realm: "http://127.0.0.1:\(server.current.port)/token", service: Self.service, issuer: Self.issuer,
            certificatePath: folder.file("certificate.pem"))
    }

    var exchanges: [Exchange] { log.current }
    /// Every token that was given out.
    var tokens: [String] { issued.current }

    /// How often `client` got a token for pulling.
    func grants(to client: String?) -> Int {
        exchanges.filter { exchange in
            exchange.client == client && exchange.status == 200 && exchange.scopes.allSatisfy { !$0.contains("push") }
        }.count
    }

    /// Says from now on that tokens are good for this long; the registry takes them longer.
    func changeLifetime(seconds: Int) { lifetime.withLock { $0 = seconds } }

    /// Signs with another key from now on. A registry that starts afterwards refuses the tokens before.
    func changeKey() async throws {
        _ = try await Self.openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "2", "-keyout",
            folder.file("key.pem"), "-out", folder.file("certificate.pem"),
        ])
    }

    // MARK: - Answers

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        let items = Self.items(request.method == "POST" ? String(decoding: request.body, as: UTF8.self) : request.query)
        let client = client(of: request, items)
        let scopes = items.filter { $0.name == "scope" }.compactMap(\.value).flatMap {
            $0.split(separator: " ").map(String.init)
        }
        let isKnown = client.isAdmitted && items.contains { $0.name == "service" && $0.value == Self.service }
        guard isKnown, let token = try? await token(for: scopes) else {
            log.withLock {
                $0.append(Exchange(method: request.method, client: client.name, scopes: scopes, status: 401))
            }
            return Self.json(401, ["details": "incorrect username or password"])
        }
        issued.withLock { $0.append(token) }
        log.withLock { $0.append(Exchange(method: request.method, client: client.name, scopes: scopes, status: 200)) }
        return Self.json(
            200,
            [
                request.method == "POST" ? "access_token" : "token": .string(token),
                "expires_in": .integer(Int64(lifetime.current)),
            ])
    }

    private func client(
        of request: HTTPServerRequest, _ items: [URLQueryItem]
    ) -> (name: String?, isAdmitted: Bool) {
        func value(_ name: String) -> String? { items.first { $0.name == name }?.value }
        if request.method == "POST" {
            let name = value("grant_type")
            return (name, name == "refresh_token" && value("refresh_token") == identityToken)
        }
        guard let header = request.headers["Authorization"], header.hasPrefix("Basic "),
            let pair = Data(base64Encoded: String(header.dropFirst(6)))
        else { return (nil, false) }
        let parts = String(decoding: pair, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init)
        return (parts.first, parts.count == 2 && users[parts[0]] == parts[1])
    }

    /// A JWT that grants `scopes` (`repository:name:pull,push`).
    private func token(for scopes: [String]) async throws -> String {
        let certificate = try folder.read("certificate.pem")
        let der = String(decoding: certificate, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }
        let header: JSONValue = ["typ": "JWT", "alg": "RS256", "x5c": [.string(der.joined())]]
        let access = scopes.compactMap { scope -> JSONValue? in
            let parts = scope.split(separator: ":").map(String.init)
            guard parts.count == 3 else { return nil }
            let actions = parts[2].split(separator: ",").map { JSONValue.string(String($0)) }
            return ["type": .string(parts[0]), "name": .string(parts[1]), "actions": .array(actions)]
        }
        let now = Int64(Date().timeIntervalSince1970)
        let claims: JSONValue = [
            "iss": .string(Self.issuer), "aud": .string(Self.service), "sub": "test", "jti": .string(UUID().uuidString),
            "iat": .integer(now), "nbf": .integer(now - 60), "exp": .integer(now + 3600), "access": .array(access),
        ]
        let text = [header, claims].map { Self.base64URL($0.serialized()) }.joined(separator: ".")
        let signature = try await Self.openssl(["dgst", "-sha256", "-sign", folder.file("key.pem")], Array(text.utf8))
        return "\(text).\(Self.base64URL(signature))"
    }

    private static func items(_ text: String?) -> [URLQueryItem] {
        var components = URLComponents()
        components.percentEncodedQuery = text?.replacingOccurrences(of: "+", with: "%20")
        return components.queryItems ?? []
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    private static func json(_ status: Int, _ value: JSONValue) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": "application/json"], body: .bytes(value.serialized()))
    }

    private static func openssl(_ arguments: [String], _ input: [UInt8] = []) async throws -> [UInt8] {
        let outcome = try await CommandLineTool.run("openssl", arguments, input: input)
        guard outcome.status == 0 else { throw StandFailure(description: "openssl: \(outcome.errorOutput)") }
        return outcome.stdout
    }
}
