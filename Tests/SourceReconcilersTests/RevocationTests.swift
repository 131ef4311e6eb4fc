import Core
import Cryptography
import HTTPServing
import HTTPTransport
import KubernetesAPI
import OCI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing
import Verification

/// Questions about revocation are the object's: they go through its proxy and end with its time.
@Suite(.timeLimit(.minutes(5))) struct RevocationTests {
    private static let keys = Result { try NotationKeys() }

    /// Fails every question, after a time that the test's clock is moved by.
    private final class SlowResponders: RevocationFetching {
        struct Failure: Error, CustomStringConvertible { let description = "connection refused" }

        let asked = Locked<[(url: String, timeout: Duration)]>([])
        let delay: Duration
        let clock = Locked<ManualTime?>(nil)

        init(delay: Duration = .zero) { self.delay = delay }

        func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
            asked.withLock { $0.append((String(request.url.prefix(14)), request.timeout)) }
            clock.current?.advance(by: delay)
            throw Failure()
        }
    }

    /// Publishes an artifact that is signed with a certificate whose revocation these responders know.
    private static func publish(_ bench: Workbench, responders: [String]) async throws -> JSONValue {
        let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
        var recipe = try NotationRecipe(
            try keys.get(), .jws, mediaType: MediaType.ociManifest.description, digest: digest,
            size: bench.registry.manifest(digest).count)
        if !responders.isEmpty { recipe.changeLeaf = { $0.extensions.append(.ocsp(responders)) } }
        let envelope = try recipe.envelope(), empty = Array("{}".utf8)
        let signature = ImageManifest(
            artifactType: NotationVerifier.artifactType,
            config: Descriptor(
                mediaType: .ociEmpty, digest: bench.registry.store(blob: empty), size: Int64(empty.count)),
            layers: [
                Descriptor(
                    mediaType: MediaType(recipe.format.rawValue), digest: bench.registry.store(blob: envelope),
                    size: Int64(envelope.count))
            ])
        let referrer = bench.registry.descriptor(
            bench.registry.store(manifest: signature.serialized()), artifactType: NotationVerifier.artifactType)
        bench.registry.misbehave { exchange in
            guard exchange.path.contains("/referrers/") else { return nil }
            return HTTPServerResponse(
                status: 200, headers: ["Content-Type": MediaType.ociIndex.description],
                body: .bytes(ImageIndex(manifests: [referrer]).serialized()))
        }
        let policy: JSONValue = [
            "version": "1.0",
            "trustPolicies": [
                [
                    "name": "tests", "registryScopes": ["*"], "signatureVerification": ["level": "strict"],
                    "trustStores": ["ca:acme"], "trustedIdentities": ["*"],
                ]
            ],
        ]
        try await bench.createSecret(
            "notation",
            [
                "trustpolicy.json": String(decoding: policy.serialized(), as: UTF8.self),
                "notation.crt": try recipe.root().pem,
            ], isSecret: false)
        return ["verify": ["provider": "notation", "secretRef": ["name": "notation"]]]
    }

    @Test func aVerificationIsTimed() async throws {
        try await Workbench.run { bench in
            try await bench.create("app", try await Self.publish(bench, responders: []))
            try await bench.reconcile()
            try await bench.reconcile()
            let verdict = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(verdict.status == .yes, "\(verdict.message)")
            #expect(
                String(decoding: bench.metrics.exposition(), as: UTF8.self).contains(
                    #"gotk_oci_verification_duration_seconds_count{provider="notation"} 1"#), "once, not at each poll")
        }
    }

    @Test(arguments: [false, true])
    func theObjectsProxyIsUsed(hasProxy: Bool) async throws {
        let responders = SlowResponders()
        let ways = Locked<[ConnectionPolicy]>([])
        var options = Workbench.Options()
        options.revocation = { policy in
            ways.withLock { $0.append(policy) }
            return responders
        }
        try await Workbench.run(options) { bench in
            var spec = try await Self.publish(bench, responders: ["http://a.test/"])
            var proxy = ProxyPolicy.environment(ProxyEnvironment([:]))
            if hasProxy {
                let port = try freePort()
                bench.keep(try ChildProcess("/usr/bin/microsocks", ["-i", "127.0.0.1", "-p", "\(port)"]))
                let address = "socks5://127.0.0.1:\(port)"
                proxy = .server(try ProxyServer(parsing: address))
                try await bench.createSecret("proxy", ["address": address], isSecret: false)
                spec["proxySecretRef"] = ["name": "proxy"]
                // The proxy may still be starting: then there is nothing to verify yet.
            }
            try await bench.create("app", spec)
            try await eventually("the question") {
                try await bench.reconcile()
                return !responders.asked.current.isEmpty
            }
            #expect(ways.current.last == ConnectionPolicy(proxy: proxy), "and no certificates of the registry's")
            let verdict = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(verdict.message.contains("is revoked could not be found out"), "\(verdict.message)")
            #expect(verdict.message.contains("connection refused"), "\(verdict.message)")
        }
    }

    @Test func allQuestionsTogetherEndWithTheObjectsTime() async throws {
        let responders = SlowResponders(delay: .seconds(59))
        var options = Workbench.Options()
        options.revocation = { _ in responders }
        try await Workbench.run(options) { bench in
            responders.clock.withLock { $0 = bench.time }
            let urls = ["http://a.test/", "http://b.test/", "http://c.test/"]
            try await bench.create(
                "app", try await Self.publish(bench, responders: urls).merging(patch: ["timeout": "60s"]))
            try await bench.reconcile()
            #expect(responders.asked.current.map(\.url) == Array(urls.prefix(2)), "the third would come too late")
            #expect(responders.asked.current.map(\.timeout) == [.seconds(2), .seconds(1)])
            let verdict = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(
                verdict.message.contains("the verification was not done within 1m0s (spec.timeout); raise it"),
                "\(verdict.message)")
        }
    }
}
