import Core
import Foundation
import TestSupport
import Testing

/// Controllers that share an API with each other, and outlive it.
@Suite(.serialized) struct ReplicaTests {
    /// An API whose own controller looks at nothing.
    static func api() async throws -> Stand {
        try await Stand(arguments: ["--watch-label-selector=nobody=here"])
    }

    static let election = [
        "--enable-leader-election", "--leader-election-lease-duration=4s", "--leader-election-renew-deadline=3s",
        "--leader-election-retry-period=500ms",
    ]

    @Test func onlyTheLeaderWorksAndAnotherTakesOver() async throws {
        let registry = try await DockerRegistry()
        let api = try await Self.api()
        let kubeconfig = api.folder.file("kubeconfig")
        let first = try Replica(kubeconfig: kubeconfig, arguments: Self.election)
        try await eventually("the first replica leads") { first.isWorking }
        let second = try Replica(kubeconfig: kubeconfig, arguments: Self.election)
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await api.wait(for: "podinfo", "Ready", "True")
        let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(url.contains(":\(first.storagePort)/"))
        #expect(!second.isWorking)
        try await eventually("what the second replica waits for is said") {
            second.hasLogged(Quote(#"Attempting to acquire leader lease"#))
                && second.hasLogged(Quote(#"New leader elected"#))
        }
        #expect(try await api.get("http://127.0.0.1:\(second.storagePort)/").status == 0, "only the leader serves")

        try await first.stop(SIGKILL)
        try await eventually("the second replica takes over") { second.isWorking }
        try await eventually(within: .seconds(40), "the second replica serves the artifact") {
            let object = try await api.object("podinfo")
            let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
            guard url.contains(":\(second.storagePort)/") else { return false }
            return try await api.get(url).status == 200
        }
    }

    /// A leader that a busy machine, or a debugger, held up knows nothing of its successor when it goes on.
    @Test func aLeaderThatSleptWritesNothingMore() async throws {
        let registry = try await DockerRegistry()
        let api = try await Self.api()
        let kubeconfig = api.folder.file("kubeconfig")
        let repository = "\(registry.address)/manifests/podinfo"
        for version in ["1.0.0", "2.0.0"] {
            try await push(try MainJobTests.content(version), to: "\(repository):\(version)")
        }
        let first = try Replica(kubeconfig: kubeconfig, arguments: Self.election)
        try await eventually("the first replica leads") { first.isWorking }
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        try await api.wait(for: "podinfo", "Ready", "True")
        let second = try Replica(kubeconfig: kubeconfig, arguments: Self.election)

        first.signal(SIGSTOP)
        try await eventually("the second replica takes over") { second.isWorking }
        // Work that both would do, were both at it.
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 2.0.0"))
        try await api.wait(for: "podinfo", "Ready", "True", containing: "2.0.0@")
        let settled = try await api.reconcile("podinfo")
        let url = settled.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(url.contains(":\(second.storagePort)/"))

        first.signal(SIGCONT)
        #expect(try await first.waitForExit() == 1)
        #expect(first.log.contains("leader election lost"), "\(first.log)")
        let object = try await api.object("podinfo")
        #expect(object == settled, "somebody wrote: \(object)\nthe old leader: \(first.log)\nthe new: \(second.log)")
        #expect(second.isRunning)
        #expect(try await api.get(url).status == 200)
    }

    @Test func anOrderlyEndHandsTheLeadershipOver() async throws {
        let api = try await Self.api()
        let kubeconfig = api.folder.file("kubeconfig")
        // So long a lease that only a release can explain a takeover.
        let election = [
            "--enable-leader-election", "--leader-election-lease-duration=10m", "--leader-election-renew-deadline=5m",
            "--leader-election-retry-period=200ms",
        ]
        let first = try Replica(kubeconfig: kubeconfig, arguments: election)
        try await eventually("the first replica leads") { first.isWorking }
        let second = try Replica(kubeconfig: kubeconfig, arguments: election)
        #expect(try await first.stop(SIGTERM) == 0)
        try await eventually("the second replica takes over") { second.isWorking }
    }

    @Test(arguments: [[], ReplicaTests.election])
    func artifactsAreServedWithoutTheAPI(arguments: [String]) async throws {
        let registry = try await DockerRegistry()
        let api = try await Self.api()
        let replica = try Replica(kubeconfig: api.folder.file("kubeconfig"), arguments: arguments)
        let repository = "\(registry.address)/manifests/podinfo"
        try await push(try MainJobTests.content("1"), to: "\(repository):1.0.0")
        try await push(try MainJobTests.content("2"), to: "\(repository):2.0.0")
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await api.wait(for: "podinfo", "Ready", "True")
        let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
        try await api.stop(SIGKILL)
        if !arguments.isEmpty {
            try await eventually("the lease is lost") { replica.hasLogged(Quote(#"Leader election lost"#)) }
            #expect(
                replica.hasLogged(
                    Quote(#"Artifacts are served on; reconciling goes on once the lease can be renewed"#)))
        }
        #expect(try await api.get(url).status == 200)
        try await api.start()
        // What changes after the API is back is seen.
        try await api.apply(MainJobTests.manifest(registry, ref: "tag: 2.0.0"))
        try await api.wait(for: "podinfo", "Ready", "True", containing: "2.0.0@", within: .seconds(90))
        #expect(replica.isRunning)
    }

    @Test func twoControllersNeverShareAStore() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        try await push(try MainJobTests.content("1"), to: "\(registry.address)/manifests/podinfo:1.0.0")
        try await stand.apply(MainJobTests.manifest(registry, ref: "tag: 1.0.0"))
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        // Another API, in which the object does not exist: to that controller all of the store would be leftovers.
        let outcome = try await CommandLineTool.run(
            Programs.controller,
            [
                "--standalone", "--standalone-addr=127.0.0.1:\(try freePort())",
                "--standalone-data=\(stand.folder.file("other"))", "--storage-path=\(stand.folder.file("artifacts"))",
                "--storage-addr=127.0.0.1:\(try freePort())", "--metrics-addr=", "--health-addr=",
            ])
        #expect(outcome.status == 1)
        #expect(outcome.errorOutput.contains("--storage-path is in use by another process"), "\(outcome.errorOutput)")
        let url = object.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(url).status == 200)
    }

    @Test func anUnreachableAPIIsRetriedAndSaid() async throws {
        let folder = try TemporaryDirectory()
        let port = try freePort()
        try folder.write(
            """
            apiVersion: v1
            kind: Config
            clusters: [{ name: c, cluster: { server: "http://127.0.0.1:\(port)" } }]
            users: [{ name: u, user: {} }]
            contexts: [{ name: x, context: { cluster: c, user: u } }]
            current-context: x
            """, to: "kubeconfig")
        let replica = try Replica(kubeconfig: folder.file("kubeconfig"))
        try await eventually("the log names the address that refuses") {
            replica.log.contains("127.0.0.1:\(port)") && replica.log.contains("refused")
        }
        try await eventually("what pages quote") {
            replica.hasLogged(Quote(#"Listing failed; it is tried again"#))
                && replica.hasLogged(Quote(#"could not connect to 127.0.0.1:2: connection refused"#))
        }
        let ready = try await CommandLineTool.run(
            "curl", ["-s", "http://127.0.0.1:\(replica.healthPort)/readyz"])
        #expect(ready.output.contains("the objects are not listed yet"))
        // Nothing that a new process would mend.
        let alive = try await CommandLineTool.run(
            "curl", ["-s", "http://127.0.0.1:\(replica.healthPort)/healthz?verbose"])
        #expect(alive.output == "[+]tasks ok\n[+]workers ok\n[+]lease ok\ncheck passed\n")
        #expect(try await replica.stop(SIGTERM) == 0)
    }

    @Test func aNamespaceThatThereIsNotIsSaid() async throws {
        let api = try await Self.api()
        let replica = try Replica(
            kubeconfig: api.folder.file("kubeconfig"), arguments: Self.election, namespace: "nowhere")
        try await eventually("the log names the namespace") {
            replica.hasLogged(Quote(#"The lease could not be read or written; it is tried again"#))
                && replica.hasLogged(Quote(#"namespaces "nowhere" not found"#))
        }
    }

    @Test(arguments: [
        (["--concurent=2"], 2, Quote(#"unknown flag: --concurent; did you mean --concurrent?"#)),
        (
            ["--storage-addr=x"], 2,
            Quote(
                #"invalid value 'x' for --storage-addr: must be <host>:<port>, [<IPv6>]:<port> or :<port> with a port from 0 to 65535"#
            )
        ),
        (
            ["--storage-path=/proc/x"], 1,
            Quote(
                #"the folder '/proc/x' of --storage-path does not exist and cannot be made; make it, or choose another folder"#
            )
        ),
        (
            ["--storage-path=/dev/null"], 1,
            Quote(#"'/dev/null' of --storage-path is not a folder; choose another path"#)
        ),
        (
            ["--health-addr=(taken)"], 1,
            Quote(
                #"cannot listen on 127.0.0.1:8180: Address already in use; stop what uses the address, or choose another"#
            )
        ),
    ])
    func aStartThatFailsSaysWhy(arguments: [String], status: Int, quote: Quote) async throws {
        let folder = try TemporaryDirectory()
        let taken = try RawServer { _ in }
        let outcome = try await CommandLineTool.run(
            Programs.controller,
            [
                "--standalone", "--standalone-addr=127.0.0.1:\(try freePort())",
                "--standalone-data=\(folder.file("data"))", "--standalone-kubeconfig=\(folder.file("kubeconfig"))",
                "--storage-path=\(folder.file("artifacts"))", "--storage-addr=127.0.0.1:\(try freePort())",
                "--metrics-addr=", "--health-addr=",
            ] + arguments.map { $0.replacing("(taken)", with: "127.0.0.1:\(taken.port)") })
        #expect(outcome.status == Int32(status))
        #expect(quote.isSaid(inLog: outcome.output + "\n" + outcome.errorOutput), "\(outcome.errorOutput)")
    }

    @Test(arguments: [
        (["--concurrent=0"], ["--concurrent", "0"]),
        (["--artifact-digest-algo=blake3"], ["--artifact-digest-algo", "blake3", "sha256"]),
        (["--feature-gates=Nonsense=true"], ["--feature-gates", "Nonsense"]),
        (["--storage-addr=nowhere"], ["--storage-addr", "nowhere"]),
        (["--watch-label-selector=a in"], ["--watch-label-selector"]),
        (["--no-such-flag"], ["--no-such-flag"]),
        (["--standalone", "--standalone-addr=0.0.0.0:1"], ["--standalone-addr", "loopback"]),
        (["--standalone-data=/nope"], ["--standalone-data", "without --standalone"]),
        (["--storage-adv-addr=http://store/"], ["--storage-adv-addr", "http://store/", "without a scheme"]),
    ])
    func aWrongFlagIsNamed(arguments: [String], fragments: [String]) async throws {
        let outcome = try await CommandLineTool.run(Programs.controller, arguments)
        #expect(outcome.status == 2)
        for fragment in fragments { #expect(outcome.errorOutput.contains(fragment), "\(outcome.errorOutput)") }
    }
}
