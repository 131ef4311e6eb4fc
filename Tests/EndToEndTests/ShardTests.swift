import Core
import Foundation
import TestSupport
import Testing

/// Controllers that share an API, each with objects of its own.
@Suite(.serialized) struct ShardTests {
    private static func url(_ object: JSONValue) -> String {
        object.member(at: "status", "artifact", "url")?.stringValue ?? ""
    }

    @Test func anObjectMovesAndItsOldURLStaysForAWhile() async throws {
        let registry = try await DockerRegistry()
        let api = try await ReplicaTests.api()
        let kubeconfig = api.folder.file("kubeconfig")
        let first = try Replica(
            kubeconfig: kubeconfig, arguments: ["--watch-label-selector=!shard", "--artifact-retention-ttl=2s"])
        let second = try Replica(kubeconfig: kubeconfig, arguments: ["--watch-label-selector=shard=oci"])
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let before = Self.url(try await api.wait(for: "podinfo", "Ready", "True"))
        #expect(before.contains(":\(first.storagePort)/"))
        #expect(!second.log.contains("podinfo"), "what does not carry the label is not looked at")

        try await second.stop()
        _ = try await api.kubectl("label", "ocirepository", "podinfo", "shard=oci")
        try await eventually("the first controller's notice") {
            first.log.contains("The object is no longer this controller's")
        }
        #expect(try await api.get(before).status == 200, "nobody has stored it elsewhere yet")

        let third = try Replica(kubeconfig: kubeconfig, arguments: ["--watch-label-selector=shard=oci"])
        try await eventually("the new owner's artifact") {
            Self.url(try await api.object("podinfo")).contains(":\(third.storagePort)/")
        }
        #expect(try await api.get(Self.url(try await api.object("podinfo"))).status == 200)
        try await eventually("the end of the old URL") { try await api.get(before).status == 404 }
        #expect(!FileManager.default.fileExists(atPath: first.folder.file("artifacts/ocirepository/default/podinfo")))
    }

    @Test func onlyTheRuntimeNamespaceIsWatchedIfAsked() async throws {
        let registry = try await DockerRegistry()
        let api = try await ReplicaTests.api()
        // Its RUNTIME_NAMESPACE is `default`.
        let replica = try Replica(
            kubeconfig: api.folder.file("kubeconfig"), arguments: ["--watch-all-namespaces=false"])
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        _ = try await api.kubectl("create", "namespace", "elsewhere")
        let manifest = MainJobTests.manifest(registry, ref: "tag: 1.0.0")
        try await api.apply(manifest.replacingOccurrences(of: "namespace: default", with: "namespace: elsewhere"))
        try await api.apply(manifest)
        try await api.wait(for: "podinfo", "Ready", "True")
        let other = try await api.kubectl("-n", "elsewhere", "get", "ocirepository", "podinfo", "-o", "json")
        let object = try JSONValue(parsing: other.stdout)
        #expect(object.member(at: "metadata", "finalizers") == nil, "it was not touched")
        #expect(object.member(at: "status", "conditions") == nil)
        #expect(replica.isRunning)
    }
}
