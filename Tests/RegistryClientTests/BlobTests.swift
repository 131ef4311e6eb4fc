import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

@Suite("Blobs from a registry")
struct BlobTests {
    private func source(_ headers: HTTPFields = [:], _ body: [UInt8]) throws -> Repository {
        RegistryClient.scripted(ScriptedClient { _, _ in .answer(200, headers, body) }).repository(try repository())
    }

    private func download(_ source: Repository, _ descriptor: Descriptor = Sample.layerDescriptor) async throws
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        for try await chunk in try await source.streamBlob(descriptor) { bytes += chunk }
        return bytes
    }

    @Test("The right bytes pass, streamed and whole; so does the empty blob")
    func good() async throws {
        let good = try source(["Content-Length": "9"], Sample.layer)
        #expect(try await download(good) == Sample.layer)
        #expect(try await good.fetchBlob(Sample.layerDescriptor, limit: 9) == Sample.layer)
        let empty = Descriptor(mediaType: "x/y", digest: .of([UInt8]()), size: 0)
        #expect(try await download(try source([:], []), empty).isEmpty)
    }

    private static let badBlobs: [(HTTPFields, String, RegistryError.Code)] = [
        (["Content-Length": "4"], "the ", .sizeMismatch), ([:], "the ", .sizeMismatch), ([:], "", .sizeMismatch),
        ([:], "the layer and more", .sizeMismatch), ([:], "the Layer", .digestMismatch),
        (["Content-Length": "9999999999"], "the layer", .sizeMismatch),
    ]

    @Test("Short, long and other bytes fail in place of the end", arguments: badBlobs)
    func bad(headers: HTTPFields, body: String, code: RegistryError.Code) async throws {
        let bad = try source(headers, Array(body.utf8))
        let error = await #expect(throws: RegistryError.self) { try await download(bad) }
        #expect(error?.code == code)
        #expect(error?.message.contains(Sample.layerDescriptor.digest.description) == true)
        await #expect(throws: RegistryError.self) { try await bad.fetchBlob(Sample.layerDescriptor, limit: 100) }
    }

    @Test("Only a large blob gets connections of HTTP/1.1", arguments: [(9, false), (1 << 20, false), (1 << 21, true)])
    func bulk(size: Int, isBulk: Bool) async throws {
        let layer = [UInt8](repeating: 7, count: size)
        let http = ScriptedClient { _, _ in .answer(200, [:], layer) }
        let source = RegistryClient.scripted(http).repository(try repository())
        let descriptor = Descriptor(mediaType: "x/y", digest: .of(layer), size: Int64(size))
        #expect(try await download(source, descriptor).count == size)
        #expect(http.exchanges.map(\.connection.version) == [isBulk ? .http1 : .negotiated])
    }

    @Test("A blob larger than the limit is not asked for")
    func limit() async throws {
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        let source = RegistryClient.scripted(http).repository(try repository())
        let error = await #expect(throws: RegistryError.self) {
            try await source.fetchBlob(Sample.layerDescriptor, limit: 8)
        }
        #expect(error?.code == .tooLarge && http.lines.isEmpty)
    }
}

@Suite("Redirects")
struct RedirectTests {
    private static let access = RegistryAccess(credential: .basic(username: "robot", password: Redacted("hunter2")))
    private static let challenge: HTTPFields = ["WWW-Authenticate": "Basic realm=\"x\""]

    private func fetch(_ http: ScriptedClient, _ name: String = "ghcr.io/team/app") async throws -> [UInt8] {
        try await RegistryClient.scripted(http).repository(try repository(name), access: Self.access)
            .fetchBlob(Sample.layerDescriptor, limit: 100)
    }

    @Test(
        "Credentials stay with the registry's own origin",
        arguments: [
            ("https://cdn.example/blob?sig=abc", "https://cdn.example/blob?sig=abc", false),
            ("//cdn.example/blob", "https://cdn.example/blob", false),
            ("https://ghcr.io:8443/blob", "https://ghcr.io:8443/blob", false),
            ("https://ghcr.io.evil.example/blob", "https://ghcr.io.evil.example/blob", false),
            ("/elsewhere", "https://ghcr.io/elsewhere", true),
            ("other", "https://ghcr.io/v2/team/app/blobs/other", true),
            ("../other?x=/../y", "https://ghcr.io/v2/team/app/other?x=/../y", true),
            ("HTTPS://GHCR.IO:443/elsewhere", "https://ghcr.io/elsewhere", true),
        ])
    func origins(location: String, target: String, keeps: Bool) async throws {
        let http = ScriptedClient { exchange, _ in
            if exchange.url == target { return .answer(200, [:], Sample.layer) }
            return exchange.authorization == nil ? .answer(401, Self.challenge) : .answer(307, ["Location": location])
        }
        #expect(try await fetch(http) == Sample.layer)
        #expect((http.exchanges.last?.authorization != nil) == keeps)
    }

    @Test("Credentials that were left behind do not come back when a redirect returns")
    func roundTrip() async throws {
        let http = ScriptedClient { exchange, _ in
            switch exchange.url {
            case "https://cdn.example/a": .answer(302, ["Location": "https://ghcr.io/back"])
            case "https://ghcr.io/back": .answer(200, [:], Sample.layer)
            default:
                exchange.authorization == nil
                    ? .answer(401, Self.challenge) : .answer(302, ["Location": "https://cdn.example/a"])
            }
        }
        #expect(try await fetch(http) == Sample.layer)
        #expect(http.exchanges.last?.authorization == nil)
    }

    @Test("A client certificate is shown to the registry's host only")
    func clientCertificate() async throws {
        let folder = try TemporaryDirectory()
        let made = try await CommandLineTool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=client",
                "-keyout", folder.file("key"), "-out", folder.file("crt"),
            ])
        #expect(made.status == 0)
        var access = RegistryAccess()
        access.connection.tls.identity = try TLSIdentity(
            certificatePEM: folder.read("crt"), keyPEM: Redacted(folder.read("key")))
        for (location, keeps) in [("https://cdn.example/a", false), ("https://ghcr.io:8443/a", true)] {
            let http = ScriptedClient { _, index in
                index == 0 ? .answer(302, ["Location": location]) : .answer(200, [:], Sample.layer)
            }
            _ = try await RegistryClient.scripted(http).repository(try repository(), access: access)
                .fetchBlob(Sample.layerDescriptor, limit: 100)
            #expect(http.exchanges[0].connection.tls.identity != nil)
            #expect((http.exchanges[1].connection.tls.identity != nil) == keeps)
        }
        // A token server is another host, too, and is waited for half a minute at the most.
        let http = ScriptedClient { exchange, _ in
            if exchange.url.hasPrefix("https://auth.example") { return .answer(200, [:], text: #"{"token":"t"}"#) }
            return exchange.authorization == nil
                ? .answer(401, ["WWW-Authenticate": Sample.bearer]) : .answer(200, [:], Sample.layer)
        }
        _ = try await RegistryClient.scripted(http).repository(try repository(), access: access)
            .fetchBlob(Sample.layerDescriptor, limit: 100)
        #expect(http.exchanges.map { $0.connection.tls.identity != nil } == [true, false, true])
        #expect(http.exchanges[1].deadline == .seconds(30))
    }

    @Test(
        "Bad redirects are refused",
        arguments: [
            "http://ghcr.io/x", "http://cdn.example/x", "ftp://cdn.example/x", "file:///etc/passwd", "",
            "https://user:pass@cdn.example/x", "https:///x", "https://cdn.example/a b", "https://cdn.exa\\mple/",
            "javascript:alert(1)", "https://cdn.example:99999/",
        ])
    func refused(location: String) async throws {
        let http = ScriptedClient { _, index in
            index == 0 ? .answer(302, ["Location": location]) : .answer(200, [:], Sample.layer)
        }
        let error = await #expect(throws: RegistryError.self) { try await fetch(http) }
        #expect(error?.code == .invalidResponse)
        #expect(http.lines.count == 1)
        #expect(error?.message.contains("pass") == false)
    }

    @Test(
        "What another origin refuses is not blamed on the registry or the credentials",
        arguments: [
            (401, "", "HTTP 401; it is sent no credentials"),
            (403, "<Error><Code>AccessDenied</Code>", "HTTP 403, AccessDenied; it is sent no credentials"),
            (403, "<Error><Code>hunter 2</Code>", "HTTP 403; it is sent no credentials"),
            (404, "<html>", "HTTP 404; the registry's storage does not have"), (500, "<html>", "HTTP 500"),
        ])
    func foreignRefusal(status: Int, body: String, text: String) async throws {
        let http = ScriptedClient { exchange, _ in
            exchange.url.hasPrefix("https://cdn.example")
                ? .answer(status, ["Content-Type": "text/html"], Array(body.utf8))
                : .answer(302, ["Location": "https://cdn.example/x?sig=secret"])
        }
        let error = await #expect(throws: RegistryError.self) { try await fetch(http) }
        #expect(error?.message.contains("redirected to 'cdn.example': \(text)") == true, "\(error?.message ?? "")")
        #expect(error?.endpoint == "cdn.example" && error?.message.contains("secret") == false)
        // The registry's own refusal after a redirect within it is about the credentials all the same.
        let own = ScriptedClient { exchange, _ in
            exchange.url.hasSuffix("/x") ? .answer(403) : .answer(302, ["Location": "/x"])
        }
        let other = await #expect(throws: RegistryError.self) { try await fetch(own) }
        #expect(other?.message.contains("check that they may do this") == true, "\(other?.message ?? "")")
    }

    @Test("Redirects end after ten")
    func bounded() async throws {
        let http = ScriptedClient { _, index in .answer(302, ["Location": "/\(index)"]) }
        await #expect(throws: RegistryError.self) { try await fetch(http) }
        #expect(http.lines.count == 11)
    }

    @Test("Another origin's challenge is not answered")
    func foreignChallenge() async throws {
        let http = ScriptedClient { exchange, index in
            exchange.url.hasPrefix("https://cdn.example")
                ? .answer(401, Self.challenge) : .answer(302, ["Location": "https://cdn.example/x"])
        }
        let error = await #expect(throws: RegistryError.self) { try await fetch(http) }
        #expect(error?.code == .unauthorized)
        #expect(http.exchanges.allSatisfy { $0.authorization == nil })
    }
}
