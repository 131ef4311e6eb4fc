import Core
import Foundation
import HTTPServing
import TestSupport
import Testing

/// That flags reach what they are about.
@Suite(.serialized) struct FlagTests {
    /// What `/metrics` says.
    private static func metrics(_ stand: Stand) async throws -> String {
        String(decoding: try await stand.get("http://127.0.0.1:\(stand.metricsPort)/metrics").body, as: UTF8.self)
    }

    @Test(arguments: [
        "--layer-size-limit=10", "--unpacked-size-limit=100", "--compression-ratio-limit=2", "--entry-count-limit=1",
        "--path-length-limit=3", "--path-depth-limit=1", "--storage-size-limit=10",
    ])
    func aLimitIsNamedByWhatIsBeyondIt(argument: String) async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand(arguments: [argument])
        let content = try MainJobTests.content("1")
        if argument.hasPrefix("--compression-ratio") {
            let zeros = try FileHandle(forWritingTo: URL(fileURLWithPath: try content.write([], to: "zeros")))
            // Beyond where the ratio begins to count.
            try zeros.truncate(atOffset: 65 << 20)
            try zeros.close()
        }
        try await push(content, to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let flag = argument.prefix { $0 != "=" }
        let object = try await stand.wait(for: "podinfo", "Ready", "False", containing: "(\(flag))")
        #expect(object.member(at: "status", "artifact") == nil)
    }

    @Test func workersAndLogsAreAsAskedFor() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand(arguments: ["--concurrent=7", "--log-level=debug"])
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(
            try await Self.metrics(stand).contains(
                #"controller_runtime_max_concurrent_reconciles{controller="ocirepository"} 7"#))
        let lines = try stand.log.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let requests = lines.filter { $0["msg"] == "registry request" }
        #expect(!requests.isEmpty)
        for line in requests {
            #expect(line["level"] == "debug" && line["name"] == "podinfo" && line["namespace"] == "default", "\(line)")
            #expect(line["reconcileID"]?.stringValue?.count == 36, "\(line)")
        }
    }

    @Test func theLeaseIsUpstreamsAndGivenBack() async throws {
        let api = try await ReplicaTests.api()
        let replica = try Replica(
            kubeconfig: api.folder.file("kubeconfig"), arguments: ["--enable-leader-election"])
        try await eventually("leadership") { replica.isWorking }
        let held = try await api.object("source-controller-leader-election", kind: "lease")
        #expect(held.member(at: "spec", "leaseDurationSeconds") == 35)
        #expect(held.member(at: "spec", "holderIdentity")?.stringValue?.isEmpty == false)
        #expect(try await replica.stop() == 0)
        let released = try await api.object("source-controller-leader-election", kind: "lease")
        #expect(released.member(at: "spec", "holderIdentity")?.stringValue ?? "" == "")
    }

    @Test func whoLeadsShowsIt() async throws {
        let stand = try await Stand(
            arguments: ["--enable-leader-election"], environment: ["RUNTIME_NAMESPACE": "default"])
        let line = #"leader_election_master_status{name="source-controller-leader-election"} 1"#
        try await eventually("leadership") { try await Self.metrics(stand).contains(line) }
    }
}

extension FlagTests {
    /// Keeps what is posted to it.
    private final class Receiver: HTTPHandler {
        let posts = Locked<[JSONValue]>([])

        func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
            posts.withLock { $0.append((try? JSONValue(parsing: request.body)) ?? .null) }
            return HTTPServerResponse(status: 202)
        }
    }

    @Test(arguments: ["flag", "variable"]) func eventsArePostedWhereAsked(to origin: String) async throws {
        let receiver = Receiver()
        let server = try HTTPServer(configuration: .init(address: "127.0.0.1:0", name: "receiver"), handler: receiver)
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        let address = "http://127.0.0.1:\(server.port)/"
        let registry = try await DockerRegistry()
        let stand = try await Stand(
            arguments: origin == "flag" ? ["--events-addr=\(address)"] : [],
            environment: origin == "flag" ? [:] : ["EVENTS_ADDR": address])
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        try await eventually("the post") { receiver.posts.current.contains { $0["reason"] == "NewArtifact" } }
        let post = try #require(receiver.posts.current.first { $0["reason"] == "NewArtifact" })
        #expect(post["severity"] == "info" && post["reportingController"] == "source-controller")
        #expect(post.member(at: "involvedObject", "uid") == object.member(at: "metadata", "uid"))
        #expect(
            post.member(at: "metadata", "source.toolkit.fluxcd.io/revision")
                == object.member(at: "status", "artifact", "revision"))
    }

    @Test func digestsAndLogsHaveTheFormThatIsAskedFor() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand(arguments: ["--artifact-digest-algo=sha512", "--log-encoding=console"])
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        let digest = object.member(at: "status", "artifact", "digest")?.stringValue ?? ""
        #expect(digest.wholeMatch(of: /sha512:[0-9a-f]{128}/) != nil, "\(digest)")
        let lines = stand.log.split(separator: "\n")
        #expect(!lines.isEmpty && lines.allSatisfy { !$0.hasPrefix("{") }, "\(lines.first ?? "")")
    }

    @Test func flagsOfOtherSourcesAreToldToDoNothing() async throws {
        let stand = try await Stand(arguments: ["--helm-cache-ttl=5m", "--ssh-kex-algos=a,b"])
        let lines = try stand.log.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        for flag in ["--helm-cache-ttl", "--ssh-kex-algos"] {
            #expect(lines.contains { $0["msg"]?.stringValue?.hasPrefix("\(flag) has no effect: ") == true }, "\(lines)")
        }
    }
}
