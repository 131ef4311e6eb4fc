import Core
import Foundation
import TestSupport
import Testing

/// From `kubectl apply` to a served tarball, on real parts.
@Suite(.serialized) struct MainJobTests {
    static func manifest(_ registry: DockerRegistry, ref: String, extra: String = "", name: String = "podinfo")
        -> String
    {
        """
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: { name: \(name), namespace: default }
        spec:
          interval: 10m
          url: oci://\(registry.address)/manifests/podinfo
          ref: { \(ref) }
          \(extra)
        """
    }

    /// A folder with one file whose text tells the version.
    static func content(_ version: String) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        try folder.write("version: \(version)\n", to: "app.yaml")
        try FileManager.default.createDirectory(atPath: folder.file("deep"), withIntermediateDirectories: true)
        try folder.write("x", to: "deep/ünï cödé.yaml")
        return folder
    }

    @Test func aTagBecomesAServedTarball() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await stand.wait(
            for: "podinfo", "Ready", "True", containing: "stored artifact for digest '1.0.0@sha256:")
        let entries = try await stand.artifactEntries(of: object)
        #expect(entries.contains { $0.hasSuffix("app.yaml") })
        #expect(
            object.member(at: "status", "artifact", "metadata", "org.opencontainers.image.source")?.stringValue
                == "https://example.com/repo.git")
        #expect(object.member(at: "status", "observedGeneration") == object.member(at: "metadata", "generation"))
        #expect(object.member(at: "metadata", "finalizers")?.arrayValue == ["finalizers.fluxcd.io"])
        let events = try await stand.events(of: "podinfo")
        #expect(
            events.contains {
                $0.reason == "NewArtifact" && $0.message.hasPrefix("stored artifact with revision '1.0.0@")
            })
    }

    @Test func aNewVersionIsFollowedWhenAsked() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let repository = "\(registry.address)/manifests/podinfo"
        try await push(try Self.content("6.1.0"), to: "\(repository):6.1.0")
        try await stand.apply(Self.manifest(registry, ref: "semver: \">=1.0.0\""))
        let first = try await stand.wait(for: "podinfo", "Ready", "True", containing: "6.1.0@")
        try await push(try Self.content("6.2.0"), to: "\(repository):6.2.0")
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=now")
        let second = try await stand.wait(for: "podinfo", "Ready", "True", containing: "6.2.0@")
        #expect(second.member(at: "status", "lastHandledReconcileAt")?.stringValue == "now")
        let old = first.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(old).status == 200, "the old tarball stays until retention collects it")
        let latest = second.member(at: "status", "url")?.stringValue ?? ""
        #expect(latest.hasSuffix("/latest.tar.gz"))
        #expect(try await stand.get(latest).status == 200)
    }

    @Test func aRestartKeepsTheArtifact() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0"))
        let before = try await stand.wait(for: "podinfo", "Ready", "True")
        try await stand.stop(SIGKILL)
        try await registry.stop()
        try await stand.start()
        let url = before.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(url).status == 200, "the last good artifact is served, registry or not")
        #expect(try await stand.object("podinfo")["status"] == before["status"], "nothing changed, nothing is written")
    }

    @Test func sigtermEndsInOrder() async throws {
        let stand = try await Stand()
        #expect(try await stand.stop(SIGTERM) == 0)
    }

    @Test func aLostRegistryIsReportedAndRecoveredFrom() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        try await registry.stop()
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        let failed = try await stand.wait(
            for: "podinfo", "FetchFailed", "True", containing: "failed to determine artifact digest",
            reason: "OCIArtifactPullFailed")
        let url = failed.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(url).status == 200)
        try await registry.start()
        try await stand.wait(for: "podinfo", "Ready", "True")
        try await eventually("the event of the recovery") {
            try await stand.events(of: "podinfo").contains { $0.reason == "Succeeded" }
        }
    }

    @Test func deletionRemovesTheFiles() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        let outcome = try await stand.kubectl("delete", "ocirepository", "podinfo", "--timeout=30s")
        #expect(outcome.status == 0, "\(outcome.errorOutput)")
        let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(url).status == 404)
    }

    @Test func aSuspendedObjectKeepsItsArtifact() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0"))
        let before = try await stand.wait(for: "podinfo", "Ready", "True")
        try await stand.apply(Self.manifest(registry, ref: "tag: 1.0.0", extra: "suspend: true"))
        try await eventually("the suspended generation is observed") {
            let object = try await stand.object("podinfo")
            return object.member(at: "status", "observedGeneration")?.integerValue == 2
        }
        let after = try await stand.object("podinfo")
        #expect(after.member(at: "status", "artifact") == before.member(at: "status", "artifact"))
    }

    @Test func verificationIsNeverSkipped() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(
            Self.manifest(
                registry, ref: "tag: 1.0.0", extra: "verify: { provider: cosign, secretRef: { name: missing } }"))
        let object = try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing: "failed to verify the signature using provider 'cosign': Secret 'default/missing'")
        #expect(object.member(at: "status", "artifact") == nil)
    }

    @Test(arguments: [
        ("tag: absent", "OCIArtifactPullFailed", "failed to determine artifact digest"),
        ("semver: \"not a range\"", "ReadOperationFailed", "parse error"),
        ("semver: \">=9\"", "ReadOperationFailed", "no match found for semver: >=9"),
        ("digest: \"sha256:12\"", "OCIArtifactPullFailed", "spec.ref.digest"),
    ])
    func aBadReferenceIsExplained(ref: String, reason: String, text: String) async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try Self.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(Self.manifest(registry, ref: ref))
        let object = try await stand.wait(for: "podinfo", "Ready", "False", containing: text, reason: reason)
        #expect(object.member(at: "status", "artifact") == nil)
        try await eventually("the warning event") {
            try await stand.events(of: "podinfo").contains { $0.type == "Warning" && $0.reason == reason }
        }
    }
}
