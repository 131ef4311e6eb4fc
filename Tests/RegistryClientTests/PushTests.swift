import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import Testing

@Suite("Pushing")
struct PushTests {
    private static let access = RegistryAccess(credential: .bearer(Redacted("secret")))

    private func push(_ http: ScriptedClient, mountingFrom other: String? = nil, chunkSize: Int64? = nil) async throws
        -> BlobPushOutcome
    {
        try await RegistryClient.scripted(http).repository(try repository(), access: Self.access).push(
            Sample.layerDescriptor, content: .bytes(Sample.layer),
            mountingFrom: try other.map { (name: String) in try repository(name) },
            chunkSize: chunkSize)
    }

    @Test("A blob that is there is not uploaded; one that can be mounted neither")
    func shortcuts() async throws {
        let there = ScriptedClient { _, _ in .answer(200) }
        #expect(try await push(there) == .existed)
        #expect(there.lines == ["HEAD https://ghcr.io/v2/team/app/blobs/\(Sample.layerDescriptor.digest)"])
        let mounting = ScriptedClient { exchange, _ in .answer(exchange.method == "HEAD" ? 404 : 201) }
        #expect(try await push(mounting, mountingFrom: "ghcr.io/team/base") == .mounted)
        #expect(
            mounting.lines.last
                == "POST https://ghcr.io/v2/team/app/blobs/uploads/?mount=sha256%3A\(Sample.layerDescriptor.digest.hex)&from=team%2Fbase"
        )
        // A repository of another registry cannot be mounted from.
        let foreign = ScriptedClient { exchange, _ in
            exchange.method == "HEAD" ? .answer(404) : .answer(202, ["Location": "/up"])
        }
        _ = try? await push(foreign, mountingFrom: "quay.io/team/base")
        #expect(foreign.lines[1] == "POST https://ghcr.io/v2/team/app/blobs/uploads/")
    }

    private static func uploadServer(_ location: String) -> ScriptedClient {
        ScriptedClient { exchange, index in
            switch exchange.method {
            case "HEAD": .answer(404)
            case "POST": .answer(202, ["Location": location])
            case "PATCH": .answer(202, ["Location": "/up/\(index)?state=x"])
            default: .answer(201)
            }
        }
    }

    @Test(
        "One PUT carries the whole blob to the place that the registry names",
        arguments: [
            ("/up/1?state=a%2Fb", "https://ghcr.io/up/1?state=a%2Fb&digest=", true),
            ("up/1", "https://ghcr.io/v2/team/app/blobs/uploads/up/1?digest=", true),
            ("https://ghcr.io/up", "https://ghcr.io/up?digest=", true),
            ("https://storage.example/up?sig=1", "https://storage.example/up?sig=1&digest=", false),
            ("https://ghcr.io:8443/up", "https://ghcr.io:8443/up?digest=", false),
        ])
    func monolithic(location: String, url: String, carriesCredentials: Bool) async throws {
        let http = Self.uploadServer(location)
        #expect(try await push(http) == .uploaded)
        let put = try #require(http.exchanges.last)
        #expect(put.line == "PUT \(url)sha256%3A\(Sample.layerDescriptor.digest.hex)")
        #expect(put.body == Sample.layer)
        #expect((put.authorization != nil) == carriesCredentials)
    }

    @Test("A chunked upload sends ranges to the places that come with each answer")
    func chunked() async throws {
        let http = Self.uploadServer("/up/0")
        #expect(try await push(http, chunkSize: 4) == .uploaded)
        let rest = http.exchanges.dropFirst(2)
        #expect(rest.map(\.method) == ["PATCH", "PATCH", "PATCH", "PUT"])
        #expect(rest.map { $0.headers["Content-Range"] } == ["0-3", "4-7", "8-8", nil])
        #expect(rest.flatMap(\.body) == Sample.layer)
        #expect(rest.last?.url == "https://ghcr.io/up/4?state=x&digest=sha256%3A\(Sample.layerDescriptor.digest.hex)")
    }

    @Test(
        "Bad upload places are refused",
        arguments: ["", "http://ghcr.io/up", "http://storage.example/up", "ftp://x/", "https://u:p@x/"])
    func refused(location: String) async throws {
        let http = Self.uploadServer(location)
        let error = await #expect(throws: RegistryError.self) { try await push(http) }
        #expect(error?.code == .invalidResponse && http.lines.count == 2)
    }

    @Test("Manifests are put by tag or digest, and what the registry stored is compared")
    func manifests() async throws {
        let http = ScriptedClient { exchange, _ in
            exchange.method == "GET"
                ? Sample.answer(exchange) : .answer(201, ["Docker-Content-Digest": Sample.digest.description])
        }
        let target = RegistryClient.scripted(http).repository(try repository(), access: Self.access)
        #expect(try await target.push(manifest: Sample.manifest, mediaType: .ociManifest) == Sample.descriptor)
        _ = try await target.push(manifest: Sample.manifest, mediaType: .ociManifest, reference: .tag("1.0"))
        #expect(try await target.tag(.tag("1.0"), as: "latest") == Sample.descriptor)
        #expect(
            http.lines == [
                "PUT https://ghcr.io/v2/team/app/manifests/\(Sample.digest)",
                "PUT https://ghcr.io/v2/team/app/manifests/1.0",
                "GET https://ghcr.io/v2/team/app/manifests/1.0", "PUT https://ghcr.io/v2/team/app/manifests/latest",
            ])
        #expect(http.exchanges.last?.body == Sample.manifest)
        #expect(http.exchanges.last?.headers["Content-Type"] == MediaType.ociManifest.description)
        await #expect(throws: RegistryError.self) {
            try await target.push(manifest: [0x7b], mediaType: .ociManifest, reference: .tag("x"))
        }
        await #expect(throws: RegistryError.self) {
            try await target.push(manifest: Sample.manifest, mediaType: .ociManifest, reference: .digest(.of("other")))
        }
    }

    @Test("A server that says 200 to anything has stored nothing")
    func webServers() async throws {
        let server = ScriptedClient { _, _ in .answer(200, ["Content-Type": "text/html"], text: "<html>") }
        let repository = RegistryClient.scripted(server).repository(try repository(), access: Self.access)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.push(manifest: Array("{}".utf8), mediaType: .ociManifest, reference: .tag("1"))
        }
        #expect(error?.code == .invalidResponse && error?.message.contains("is this a registry?") == true)
    }

    @Test("Pushing asks for a token that may push")
    func scope() async throws {
        let http = ScriptedClient { exchange, _ in
            if exchange.url.contains("/token") { return .answer(200, [:], text: #"{"token":"t"}"#) }
            return exchange.authorization == nil ? .answer(401, ["WWW-Authenticate": Sample.bearer]) : .answer(200)
        }
        _ = try await RegistryClient.scripted(http).repository(try repository()).push(
            Sample.layerDescriptor, content: .bytes(Sample.layer))
        #expect(http.lines[1].hasSuffix("scope=repository%3Ateam%2Fapp%3Apull%2Cpush"))
    }
}
