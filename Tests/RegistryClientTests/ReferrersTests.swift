import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import Testing

@Suite("Referrers")
struct ReferrersTests {
    private static let indexType: HTTPFields = ["Content-Type": MediaType.ociIndex.description]
    private static func entry(_ number: Int, _ type: MediaType? = "sig/x") -> Descriptor {
        Descriptor(mediaType: .ociManifest, digest: .of("\(number)"), size: 5, artifactType: type)
    }
    private static func page(_ entries: Descriptor..., link: String? = nil) -> HTTPResponse {
        var headers = indexType
        headers["Link"] = link.map { "<\($0)>; rel=\"next\"" }
        return .answer(200, headers, ImageIndex(manifests: entries).serialized())
    }
    private func referrers(_ http: ScriptedClient, type: String? = "sig/x", limit: Int = 100) async throws
        -> [Descriptor]
    {
        try await RegistryClient.scripted(http) { $0.maximumAttempts = 1 }.repository(try repository())
            .referrers(of: Sample.digest, artifactType: type, limit: limit)
    }

    @Test("Pages are followed; other types and repeated digests are left out, but not entries without a type")
    func pages() async throws {
        let http = ScriptedClient { _, index in
            index == 0
                ? Self.page(
                    Self.entry(1), Self.entry(2, "sbom/y"), Self.entry(3, nil), link: "/v2/team/app/referrers/next")
                : Self.page(Self.entry(1), Self.entry(4))
        }
        #expect(try await referrers(http) == [Self.entry(1), Self.entry(3, nil), Self.entry(4)])
        #expect(
            http.lines == [
                "GET https://ghcr.io/v2/team/app/referrers/\(Sample.digest)?artifactType=sig%2Fx",
                "GET https://ghcr.io/v2/team/app/referrers/next",
            ])
        let all = try await referrers(
            ScriptedClient { _, _ in Self.page(Self.entry(1), Self.entry(2, "sbom/y")) }, type: nil)
        #expect(all.count == 2)
    }

    @Test("Without the API, the tag schema; without that, nothing", arguments: [400, 404, 405, 406, 501, 200])
    func fallback(status: Int) async throws {
        let tag = "sha256-\(Sample.digest.hex)"
        for hasTag in [true, false] {
            let http = ScriptedClient { exchange, _ in
                if exchange.url.contains("/referrers/") {
                    return .answer(status, ["Content-Type": "text/html"], text: "<html>")
                }
                #expect(exchange.line == "GET https://ghcr.io/v2/team/app/manifests/\(tag)")
                return hasTag ? Self.page(Self.entry(1), Self.entry(2, "sbom/y")) : .answer(404)
            }
            #expect(try await referrers(http) == (hasTag ? [Self.entry(1)] : []))
        }
    }

    @Test("A long digest is cut in the tag")
    func longDigests() async throws {
        let digest = Digest.of("subject", .sha512)
        let http = ScriptedClient { exchange, _ in
            exchange.url.contains("/referrers/") ? .answer(404) : Self.page(Self.entry(1))
        }
        let found = try await RegistryClient.scripted(http).repository(try repository())
            .referrers(of: digest, artifactType: nil, limit: 10)
        #expect(found == [Self.entry(1)])
        #expect(http.lines.last == "GET https://ghcr.io/v2/team/app/manifests/sha512-\(digest.hex.prefix(64))")
    }

    @Test("A broken registry is an error, never an empty list", arguments: [401, 403, 429, 500])
    func failures(status: Int) async throws {
        await #expect(throws: RegistryError.self) { try await referrers(ScriptedClient { _, _ in .answer(status) }) }
        let later = ScriptedClient { exchange, _ in .answer(exchange.url.contains("/referrers/") ? 404 : status) }
        await #expect(throws: RegistryError.self) { try await referrers(later) }
        let broken = ScriptedClient { _, _ in
            .answer(200, Self.indexType, text: #"{"schemaVersion":2,"manifests":[{}]}"#)
        }
        await #expect(throws: RegistryError.self) { try await referrers(broken) }
    }

    @Test("The number is bounded, and so are the pages")
    func bounds() async throws {
        let http = ScriptedClient { _, index in
            Self.page(Self.entry(index * 2), Self.entry(index * 2 + 1), link: "/v2/team/app/referrers/\(index)")
        }
        #expect(try await referrers(http, limit: 5).count == 5)
        #expect(http.lines.count == 3)
        let endless = ScriptedClient { _, index in Self.page(link: "/v2/team/app/referrers/\(index)") }
        await #expect(throws: RegistryError.self) { try await referrers(endless) }
        #expect(endless.lines.count == 100)
    }

    @Test(
        "Pages elsewhere and circles are refused",
        arguments: ["https://evil.example/x", "http://ghcr.io/x", "/v2/team/app/referrers/loop"])
    func hostile(link: String) async throws {
        let http = ScriptedClient { _, _ in Self.page(Self.entry(1), link: link) }
        await #expect(throws: RegistryError.self) { try await referrers(http) }
        #expect(http.lines.allSatisfy { $0.hasPrefix("GET https://ghcr.io/v2/") } && http.lines.count <= 2)
    }
}
