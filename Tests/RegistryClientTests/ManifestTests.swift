import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import Testing

@Suite("Manifests from a registry")
struct ManifestTests {
    private static let accept =
        "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

    @Test("Resolving is one HEAD; fetching checks the digest")
    func good() async throws {
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        let source = RegistryClient.scripted(http).repository(try repository())
        #expect(try await source.resolve(.tag("1.0")) == Sample.descriptor)
        #expect(http.lines == ["HEAD https://ghcr.io/v2/team/app/manifests/1.0"])
        #expect(http.exchanges[0].headers["Accept"] == Self.accept)
        for reference in [ManifestReference.tag("1.0"), .digest(Sample.digest)] {
            let fetched = try await source.fetchManifest(reference)
            #expect(fetched.bytes == Sample.manifest)
            #expect(fetched.descriptor == Sample.descriptor)
        }
        #expect(http.lines.last == "GET https://ghcr.io/v2/team/app/manifests/\(Sample.digest)")
    }

    @Test("Docker Hub is asked at index.docker.io, with the library prefix")
    func dockerHub() async throws {
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        _ = try await RegistryClient.scripted(http).repository(try repository("nginx")).resolve(.tag("latest"))
        #expect(http.lines == ["HEAD https://index.docker.io/v2/library/nginx/manifests/latest"])
    }

    private static let unhelpfulHeads: [(Int, HTTPFields)] = [
        (200, ["Content-Type": MediaType.ociManifest.description, "Content-Length": "9"]),
        (200, ["Content-Type": MediaType.ociManifest.description, "Docker-Content-Digest": "md5:1"]),
        (200, ["Docker-Content-Digest": Sample.digest.description, "Content-Length": "9"]),
        (404, [:]), (405, [:]), (400, [:]),
    ]

    @Test("Where HEAD says too little or is refused, GET and a hash of our own take over", arguments: unhelpfulHeads)
    func fallback(status: Int, headers: HTTPFields) async throws {
        let http = ScriptedClient { exchange, _ in
            exchange.method == "HEAD" ? .answer(status, headers) : .answer(200, [:], Sample.manifest)
        }
        let descriptor = try await RegistryClient.scripted(http).repository(try repository()).resolve(.tag("1.0"))
        #expect(descriptor == Sample.descriptor)
        #expect(http.exchanges.map(\.method) == ["HEAD", "GET"])
    }

    @Test("Other bytes than asked for are refused, whoever vouches for them")
    func digests() async throws {
        let other = Digest.of("other")
        let lyingHeader: HTTPFields = ["Docker-Content-Digest": other.description]
        let http = ScriptedClient { exchange, _ in
            var headers = Sample.manifestHeaders
            headers["Docker-Content-Digest"] = other.description
            return exchange.method == "HEAD" ? .answer(200, headers) : .answer(200, lyingHeader, Sample.manifest)
        }
        let source = RegistryClient.scripted(http).repository(try repository())
        for reference in [ManifestReference.tag("1.0"), .digest(other), .digest(.of("third"))] {
            let error = await #expect(throws: RegistryError.self) { try await source.fetchManifest(reference) }
            #expect(error?.code == .digestMismatch)
        }
        let error = await #expect(throws: RegistryError.self) { try await source.resolve(.digest(Sample.digest)) }
        #expect(error?.code == .digestMismatch)
    }

    @Test("A digest of another algorithm is checked with it")
    func sha512() async throws {
        let http = ScriptedClient { exchange, _ in .answer(200, [:], Sample.manifest) }
        let source = RegistryClient.scripted(http).repository(try repository())
        let digest = Digest.of(Sample.manifest, .sha512)
        #expect(try await source.fetchManifest(.digest(digest)).descriptor.digest == digest)
        await #expect(throws: RegistryError.self) { try await source.fetchManifest(.digest(.of("x", .sha512))) }
    }

    @Test("A manifest over 4 MiB is refused, announced or not")
    func size() async throws {
        let large = [UInt8](repeating: 0x20, count: Manifest.maximumSize + 1)
        for headers in [["Content-Length": "\(large.count)"], [:]] as [HTTPFields] {
            let http = ScriptedClient { _, _ in .answer(200, headers, large) }
            let source = RegistryClient.scripted(http).repository(try repository())
            let error = await #expect(throws: RegistryError.self) { try await source.fetchManifest(.tag("x")) }
            #expect(error?.code == .tooLarge)
            #expect(error?.isRetryable == false)
        }
    }

    @Test("Docker's schema 1 is refused by HEAD and GET, with a next step")
    func schema1() async throws {
        let http = ScriptedClient { _, _ in
            .answer(200, ["Content-Type": MediaType.dockerSchema1Signed.description], text: #"{"schemaVersion":1}"#)
        }
        let source = RegistryClient.scripted(http).repository(try repository())
        for error in [
            await #expect(throws: RegistryError.self) { try await source.resolve(.tag("x")) },
            await #expect(throws: RegistryError.self) { try await source.fetchManifest(.tag("x")) },
        ] {
            #expect(error?.message.contains("schema 1") == true && error?.message.contains("push") == true)
        }
    }

    @Test(
        "A tag that is none never becomes a request",
        arguments: ["", "../../other/manifests/x", "a b", "a?b", "a#b", "%2e"])
    func hostileTags(tag: String) async throws {
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        let source = RegistryClient.scripted(http).repository(try repository())
        await #expect(throws: RegistryError.self) { try await source.resolve(.tag(tag)) }
        await #expect(throws: RegistryError.self) { try await source.fetchManifest(.tag(tag)) }
        #expect(http.lines.isEmpty)
    }
}

@Suite("What went wrong is said, bounded and without secrets")
struct FailureMessageTests {
    private func failure(
        _ status: Int, _ body: String, _ headers: HTTPFields = [:], access: RegistryAccess = RegistryAccess()
    ) async throws -> RegistryError {
        let http = ScriptedClient { _, _ in .answer(status, headers, text: body) }
        let client = RegistryClient.scripted(http) { $0.maximumAttempts = 1 }
        let source = client.repository(try repository(), access: access)
        return try #require(await #expect(throws: RegistryError.self) { try await source.resolve(.tag("1.0")) })
    }

    @Test(
        "Status, error code and next step",
        arguments: [
            (
                404, #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
                RegistryError.Code.notFound,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 404, MANIFEST_UNKNOWN: manifest unknown; the repository has no such tag or digest"
            ),
            (
                404, #"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, .notFound,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 404, NAME_UNKNOWN; the registry has no such repository (or hides it from these credentials)"
            ),
            (
                403, "", .denied,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 403; no credentials were given (anonymous); credentials may be needed"
            ),
            (
                401, "", .unauthorized,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 401; no credentials were given (anonymous); give credentials"
            ),
            (
                200, "<!DOCTYPE html><html>login</html>", .invalidResponse,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': answered HTML instead of JSON: is this a registry? Check its host and port"
            ),
            (
                418, "<html>", .invalidResponse,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 418, answered HTML instead of JSON: is this a registry? Check its host and port"
            ),
            (
                405, "", .invalidResponse,
                "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 405, is this a registry? Check its host and port"
            ),
            (500, "boom", .server, "cannot resolve tag '1.0' of 'team/app' at registry 'ghcr.io': HTTP 500"),
        ])
    func messages(status: Int, body: String, code: RegistryError.Code, message: String) async throws {
        let error = try await failure(status, body)
        #expect(error.code == code)
        #expect(error.message == message)
        #expect(error.httpStatus == (status == 200 ? nil : status))
    }

    @Test("A registry's text is cut at 256 characters and printable; its code is only taken if it is one")
    func hostileText() async throws {
        let long = String(repeating: "A", count: 5000)
        let error = try await failure(
            403, #"{"errors":[{"code":"\u001b[31m","message":"\u0007\u001b[2J\#(long)"}]}"#)
        #expect(error.registryCode == nil)
        #expect(error.message.utf8.count < 700)
        #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        let endless = try await failure(403, String(repeating: " ", count: 100_000))
        #expect(endless.code == .denied)
    }

    @Test("Where the credentials came from is said, what they are is not")
    func credentials() async throws {
        let access = RegistryAccess(
            credential: .basic(username: "robot", password: Redacted("hunter2")),
            credentialSource: "Secret 'apps/ghcr' (entry 'ghcr.io')")
        let error = try await failure(401, "", ["WWW-Authenticate": "Basic realm=\"x\""], access: access)
        #expect(error.code == .unauthorized)
        #expect(error.message.contains("the credentials of Secret 'apps/ghcr' (entry 'ghcr.io') were used"))
        for secret in ["hunter2", "robot:hunter2", "cm9ib3Q6aHVudGVyMg=="] { #expect(!"\(error)".contains(secret)) }
    }
}
