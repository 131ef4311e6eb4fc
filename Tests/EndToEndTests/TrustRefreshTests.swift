import Core
import Cryptography
import Foundation
import TestPKI
import TestSupport
import Testing
import VerificationFixtures

/// The trust material of keyless verification, kept fresh by TUF: a repository with keys of its own, over TLS with an
/// authority of its own, through a proxy.
@Suite(.serialized) struct TrustRefreshTests {
    private static let identity: JSONValue = [
        "issuer": "githubusercontent", "subject": "^https://github\\.com/org/repo/",
    ]

    /// A repository that is good for days, with the instance's trusted root.
    private static func repository() throws -> TUFRepository {
        var repository = try TUFRepository()
        repository.target = try SigstoreInstance.shared.get().trustedRoot.serialized()
        for role in ["root", "timestamp", "snapshot", "targets"] {
            repository.expires[role] = SystemTime().now + .seconds(3 * 24 * 3600)
        }
        return repository
    }

    /// The flags and the environment that lead to `mirror`.
    private static func arguments(
        _ mirror: TUFMirrorServer, _ repository: TUFRepository, _ folder: TemporaryDirectory, proxy: ForwardProxy? = nil
    ) throws -> [String] {
        try folder.write(try repository.root, to: "root.json")
        return [
            "--sigstore-tuf-mirror=\(mirror.url)/", "--sigstore-tuf-root=\(folder.file("root.json"))",
            "--sigstore-tuf-ca-file=\(mirror.certificates.authority.certificatePath)",
        ] + (proxy.map { ["--sigstore-tuf-proxy=http://\($0.address)"] } ?? [])
    }

    @Test func itIsFetchedKeptAndRefreshed() async throws {
        var repository = try Self.repository()
        let mirror = try await TUFMirrorServer(repository)
        let proxy = try await ForwardProxy()
        let folder = try TemporaryDirectory()
        let registry = try await DockerRegistry()
        let digest = try await KeylessTests.publish(.bundle, registry)
        let stand = try await Stand(
            arguments: try Self.arguments(mirror, repository, folder, proxy: proxy),
            environment: ["TUF_ROOT": folder.file("tuf")])
        #expect(try await stand.readiness.contains("sigstore trust: not asked for"))
        #expect(mirror.requests == 0)
        try await stand.apply(KeylessTests.manifest(registry, [Self.identity], root: false))
        try await stand.wait(for: "podinfo", "SourceVerified", "True", containing: "1.0.0@\(digest)")
        #expect(try await stand.readiness.contains("sigstore trust: good until "))
        let metrics = try await stand.metrics
        #expect(metrics.contains(#"source_controller_sigstore_trust_refreshes_total{result="success"}"#))
        #expect(mirror.requests > 0)
        #expect(proxy.log.contains("CONNECT"), "\(proxy.log)")

        // What is on the disk is enough while the mirror is away; and nothing was unlearned.
        try await mirror.stop()
        try await stand.stop()
        try await stand.start()
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        try await stand.wait(for: "podinfo", "Ready", "True")
        try await eventually("the refresh that fails") {
            try await stand.readiness.contains("refreshed before the start; the last refresh failed: ")
        }

        // The instance drops its authority. The next refresh brings that, and the next poll a new verdict.
        var root = try SigstoreInstance.shared.get().trustedRoot
        root["certificateAuthorities"] = []
        repository.target = root.serialized()
        repository.timestampVersion = 2
        repository.snapshotVersion = 2
        repository.targetsVersion = 2
        try mirror.publish(repository)
        try await mirror.start()
        try await stand.stop()
        try await stand.start()
        let number = Locked(2)
        try await eventually("the verdict by the refreshed root") {
            let token = number.withLock { number in
                number += 1; return number
            }
            _ = try await stand.kubectl(
                "annotate", "--overwrite", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=\(token)")
            let conditions = try await stand.object("podinfo").member(at: "status", "conditions")?.arrayValue ?? []
            return conditions.contains {
                $0["type"]?.stringValue == "SourceVerified" && $0["status"]?.stringValue == "False"
                    && $0["message"]?.stringValue?.contains("the trusted root names no certificate authority") == true
            }
        }

        // A mirror that goes back to the former root is not believed.
        repository.target = try SigstoreInstance.shared.get().trustedRoot.serialized()
        repository.timestampVersion = 1
        repository.snapshotVersion = 1
        repository.targetsVersion = 1
        try mirror.publish(repository)
        try await stand.stop()
        try await stand.start()
        _ = try await stand.kubectl(
            "annotate", "--overwrite", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=back")
        try await eventually("the refusal") {
            try await stand.readiness.contains(
                "the last refresh failed: timestamp metadata went back from version 2 to 1")
        }
        try await stand.wait(for: "podinfo", "SourceVerified", "False", containing: "names no certificate authority")
    }

    /// Neither keys nor trusted roots of an object's own need the mirror: nobody asks it.
    @Test func itIsNotAskedWhereItIsNotNeeded() async throws {
        let repository = try Self.repository()
        let mirror = try await TUFMirrorServer(repository)
        let folder = try TemporaryDirectory()
        let registry = try await DockerRegistry()
        _ = try await KeylessTests.publish(.bundle, registry)
        let stand = try await Stand(
            arguments: try Self.arguments(mirror, repository, folder), environment: ["TUF_ROOT": folder.file("tuf")])
        try await KeylessTests.createRoot(stand)
        try await stand.apply(KeylessTests.manifest(registry, [Self.identity]))
        try await stand.wait(for: "podinfo", "SourceVerified", "True")

        let signer = try await OpenSSLSigner()
        let digest = try await SignatureTests.publish("keyed", registry, tag: "2.0.0")
        try await signer.sign(digest, in: "manifests/podinfo", on: registry.address)
        try await RegistryAccessTests.secret(
            stand, "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.apply(SignatureTests.manifest(registry, tag: "2.0.0"))
        try await stand.wait(for: "podinfo", "SourceVerified", "True", containing: digest)

        #expect(mirror.requests == 0)
        #expect(try await stand.readiness.contains("sigstore trust: not asked for"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("tuf")))
    }

    /// The way to the mirror is guarded: without its authority nothing is fetched.
    @Test func anUnknownAuthorityIsNotTrusted() async throws {
        let repository = try Self.repository()
        let mirror = try await TUFMirrorServer(repository)
        let folder = try TemporaryDirectory()
        let registry = try await DockerRegistry()
        _ = try await KeylessTests.publish(.bundle, registry)
        var arguments = try Self.arguments(mirror, repository, folder)
        arguments.removeAll { $0.hasPrefix("--sigstore-tuf-ca-file") }
        let stand = try await Stand(arguments: arguments, environment: ["TUF_ROOT": folder.file("tuf")])
        try await stand.apply(KeylessTests.manifest(registry, [Self.identity], root: false))
        try await stand.wait(
            for: "podinfo", "SourceVerified", "False",
            containing: "using provider 'cosign keyless': unable to initialize trusted root: ")
        #expect(mirror.requests == 0)
        #expect(try await stand.readiness.contains("not trusted"))
        #expect(try await stand.readiness.contains("name a file with its CA in --sigstore-tuf-ca-file"))
    }
}
