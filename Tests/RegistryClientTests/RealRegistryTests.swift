import Core
import Cryptography
import HTTPServing
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

/// Against Debian's docker-registry over real connections.
@Suite("A real registry", .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct RealRegistryTests {
    /// Content that spans many reads.
    private static let layer = [UInt8]((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) })
    private static let descriptor = Descriptor(mediaType: .fluxContent, digest: .of(layer), size: Int64(layer.count))

    private func publish(_ target: Repository, tag: String, chunkSize: Int64? = nil) async throws -> Descriptor {
        try await target.push(Self.descriptor, content: .bytes(Self.layer), chunkSize: chunkSize)
        try await target.push(Sample.configDescriptor, content: .bytes(Sample.config))
        let manifest = ImageManifest(
            config: Sample.configDescriptor, layers: [Self.descriptor], annotations: [AnnotationKey.source: "here"])
        return try await target.push(manifest: manifest.serialized(), mediaType: .ociManifest, reference: .tag(tag))
    }

    private func download(_ source: Repository, _ descriptor: Descriptor) async throws -> Int {
        var count = 0
        for try await chunk in try await source.streamBlob(descriptor) { count += chunk.count }
        return count
    }

    @Test(
        "What is pushed, in one piece or in chunks, comes back; a poll is one HEAD",
        arguments: [nil, 1_000_000] as [Int64?])
    func roundTrip(chunkSize: Int64?) async throws {
        let registry = try await DockerRegistry()
        let metrics = MetricsRegistry()
        let client = RegistryClient(http: CurlClient(), metrics: metrics)
        let reference = try repository("\(registry.address)/team/app")
        let target = client.repository(reference)
        let pushed = try await publish(target, tag: "1.0", chunkSize: chunkSize)
        #expect(try await target.resolve(.tag("1.0")) == pushed)
        let fetched = try await target.fetchManifest(.digest(pushed.digest))
        let (manifest, _, selection) = try await target.imageManifest(of: fetched)
        #expect(manifest.layers == [Self.descriptor] && selection == nil)
        #expect(try await download(target, Self.descriptor) == Self.layer.count)

        try await target.tag(.tag("1.0"), as: "latest")
        #expect(try await target.tags(limit: 10).sorted() == ["1.0", "latest"])
        #expect(try await target.push(Self.descriptor, content: .bytes(Self.layer)) == .existed)
        let other = client.repository(try repository("\(registry.address)/team/other"))
        #expect(try await other.push(Self.descriptor, content: .bytes(Self.layer), mountingFrom: reference) == .mounted)
        #expect(try await target.referrers(of: pushed.digest, limit: 10).isEmpty)

        let missing = await #expect(throws: RegistryError.self) { try await target.resolve(.tag("2.0")) }
        #expect(missing?.code == .notFound && missing?.registryCode == "MANIFEST_UNKNOWN")
        let unknown = await #expect(throws: RegistryError.self) {
            try await client.repository(try repository("\(registry.address)/none")).fetchManifest(.tag("1"))
        }
        #expect(unknown?.registryCode == "MANIFEST_UNKNOWN" || unknown?.registryCode == "NAME_UNKNOWN")
        let absent = Descriptor(mediaType: .fluxContent, digest: .of("absent"), size: 3)
        let blob = await #expect(throws: RegistryError.self) { try await target.fetchBlob(absent, limit: 10) }
        #expect(blob?.registryCode == "BLOB_UNKNOWN")

        func heads() -> String? {
            String(decoding: metrics.exposition(), as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix("gotk_oci_registry_requests_total") && $0.contains(#"method="HEAD",code="200""#)
            }.map(String.init)
        }
        let before = heads()
        _ = try await client.repository(reference).resolve(.tag("1.0"))
        #expect(heads() != before)
        #expect(heads()?.contains("host=\"\(registry.address)\"") == true)
    }

    @Test("An index is followed to the manifest for the layer's media type")
    func index() async throws {
        let registry = try await DockerRegistry()
        let target = RegistryClient(http: CurlClient()).repository(try repository("\(registry.address)/multi"))
        let pushed = try await publish(target, tag: "single")
        var entry = pushed
        entry.platform = Platform(os: "linux", architecture: "arm64")
        let index = ImageIndex(manifests: [entry])
        let top = try await target.push(manifest: index.serialized(), mediaType: .ociIndex, reference: .tag("multi"))
        let fetched = try await target.fetchManifest(.tag("multi"))
        #expect(fetched.descriptor == top)
        let chosen = try await target.imageManifest(of: fetched, layerMediaType: MediaType.fluxContent.description)
        #expect(chosen.descriptor == pushed)
        #expect(chosen.selection?.explanation.contains("linux/arm64") == true)
    }

    @Test("Basic credentials over plain HTTP on loopback: right, wrong and none")
    func htpasswd() async throws {
        var protection = DockerRegistry.Protection()
        protection.login = ("robot", "hunter2")
        let registry = try await DockerRegistry(protection)
        let client = RegistryClient(http: CurlClient())
        func access(_ password: String) -> RegistryAccess {
            RegistryAccess(credential: .basic(username: "robot", password: Redacted(password)))
        }
        let reference = try repository("\(registry.address)/team/app")
        _ = try await publish(client.repository(reference, access: access("hunter2")), tag: "1.0", chunkSize: 900_000)
        for wrong in [access("hunter3"), RegistryAccess()] {
            let error = await #expect(throws: RegistryError.self) {
                try await client.repository(reference, access: wrong).resolve(.tag("1.0"))
            }
            #expect(error?.code == .unauthorized)
            #expect(error?.registryCode == "UNAUTHORIZED")
        }
        _ = try await client.repository(reference, access: access("hunter2")).resolve(.tag("1.0"))
    }

    @Test("TLS with a CA of its own, a client certificate, and no way around either")
    func tls() async throws {
        let certificates = try await TestCertificates()
        var protection = DockerRegistry.Protection()
        protection.certificates = certificates
        protection.requiresClientCertificate = true
        let registry = try await DockerRegistry(protection)
        let client = RegistryClient.scripted(CurlClient()) { $0.maximumAttempts = 1 }
        let reference = try repository("\(registry.address)/team/app")
        var access = RegistryAccess()
        access.connection.tls.additionalRoots = certificates.authority.certificate
        access.connection.tls.identity = try TLSIdentity(
            certificatePEM: certificates.client.certificate, keyPEM: Redacted(certificates.client.key))
        _ = try await publish(client.repository(reference, access: access), tag: "1.0")

        var withoutIdentity = access
        withoutIdentity.connection.tls.identity = nil
        var withoutRoot = access
        withoutRoot.connection.tls.additionalRoots = nil
        for wrong in [withoutIdentity, withoutRoot, RegistryAccess()] {
            let error = await #expect(throws: RegistryError.self) {
                try await client.repository(reference, access: wrong).resolve(.tag("1.0"))
            }
            #expect(error?.httpStatus == nil)
            #expect(error?.code == .transport)
        }
        var unverified = withoutRoot
        unverified.connection.tls.verification = .none
        _ = try await client.repository(reference, access: unverified).resolve(.tag("1.0"))
    }

    @Test("A registry that is gone is a retryable error that names it")
    func gone() async throws {
        let registry = try await DockerRegistry()
        let client = RegistryClient.scripted(CurlClient())
        let reference = try repository("\(registry.address)/team/app")
        _ = try await publish(client.repository(reference), tag: "1.0")
        try await registry.stop()
        let error = await #expect(throws: RegistryError.self) {
            try await client.repository(reference).resolve(.tag("1.0"))
        }
        #expect(error?.code == .transport && error?.isRetryable == true)
        #expect(error?.message.contains(registry.address) == true)
    }
}

@Suite("A registry behind a token server, over real connections")
struct TokenServerTests {
    /// Registry and token server in one: tokens for `robot`, manifests for tokens.
    private struct Handler: HTTPHandler {
        let log = Locked<[String]>([])
        let port = Locked(0)

        func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
            log.withLock { $0.append("\(request.method) \(request.path) \(request.headers["Authorization"] ?? "-")") }
            func answer(_ status: Int, _ headers: HTTPFields = [:], _ body: [UInt8] = []) -> HTTPServerResponse {
                HTTPServerResponse(status: status, headers: headers, body: body.isEmpty ? .empty : .bytes(body))
            }
            if request.path == "/token" {
                guard request.headers["Authorization"] == "Basic cm9ib3Q6aHVudGVyMg==",
                    request.query == "service=test&scope=repository%3Ateam%2Fapp%3Apull"
                else { return answer(401, [:], Array(#"{"details":"incorrect username or password"}"#.utf8)) }
                return answer(200, [:], Array(#"{"token":"good","expires_in":300}"#.utf8))
            }
            guard request.headers["Authorization"] == "Bearer good" else {
                let realm = "http://127.0.0.1:\(port.current)/token"
                return answer(
                    401,
                    ["WWW-Authenticate": #"Bearer realm="\#(realm)",service="test",scope="repository:team/app:pull""#])
            }
            return answer(200, Sample.manifestHeaders, request.method == "HEAD" ? [] : Sample.manifest)
        }

        func respond(to request: HTTPServerRequest) async -> HTTPServerResponse { HTTPServerResponse(status: 404) }
    }

    @Test("Token, then polls of one request each on one connection; wrong credentials are said")
    func bearer() async throws {
        let handler = Handler()
        let server = try HTTPServer(configuration: .init(address: "127.0.0.1:0"), handler: handler, logger: .disabled)
        handler.port.withLock { $0 = server.port }
        let running = Task { try await server.run() }
        defer { running.cancel() }
        let http = CurlClient()
        let client = RegistryClient.scripted(http)
        let reference = try repository("127.0.0.1:\(server.port)/team/app")
        let access = RegistryAccess(credential: .basic(username: "robot", password: Redacted("hunter2")))
        for _ in 0..<3 {
            _ = try await client.repository(reference, access: access).fetchManifest(.digest(Sample.digest))
        }
        let path = "/v2/team/app/manifests/\(Sample.digest)"
        #expect(
            handler.log.current == [
                "GET \(path) -", "GET /token Basic cm9ib3Q6aHVudGVyMg==", "GET \(path) Bearer good",
                "GET \(path) Bearer good", "GET \(path) Bearer good",
            ])
        let wrong = RegistryAccess(credential: .basic(username: "robot", password: Redacted("wrong")))
        let error = await #expect(throws: RegistryError.self) {
            try await client.repository(reference, access: wrong).fetchManifest(.tag("1"))
        }
        #expect(error?.code == .unauthorized)
        #expect(error?.message.contains("incorrect username or password") == true)
    }
}
