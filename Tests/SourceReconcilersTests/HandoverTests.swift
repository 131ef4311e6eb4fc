import ArtifactStore
import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// Objects that leave this controller for another one: consumers hold URLs that lead here until the other one has stored.
@Suite(.timeLimit(.minutes(5))) struct HandoverTests {
    private static let layer = TarArchive.layer(["a": "content"])
    private static let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/app"

    /// A bench whose controller takes objects without the label, and that has stored one.
    private static func run(_ body: @escaping @Sendable (Workbench) async throws -> Void) async throws {
        var options = Workbench.Options()
        options.selector = "!shard"
        try await Workbench.run(options) { bench in
            bench.registry.push("1.0.0", layer: layer)
            try await bench.create()
            try await bench.reconcile()
            #expect(bench.files.count == 2)
            try await body(bench)
        }
    }

    private static func label(_ bench: Workbench, _ value: JSONValue) async throws {
        try await bench.api.ask(
            "PATCH", path, ["metadata": ["labels": ["shard": value]]], type: "application/merge-patch+json")
        try await eventually("the informer's notice") {
            (bench.informer.store.object(Workbench.key("app")) == nil) == (value != .null)
        }
    }

    /// What the other controller writes once it has stored.
    private static func storeElsewhere(_ bench: Workbench) async throws {
        try await bench.api.ask(
            "PATCH", "\(path)/status",
            ["status": ["artifact": ["url": "http://elsewhere.test/ocirepository/apps/app/x.tar.gz"]]],
            type: "application/merge-patch+json")
    }

    private static func visit(_ bench: Workbench) async -> ReconcileOutcome {
        await bench.reconciler.reconcile(ReconcileRequest(key: Workbench.key("app"), logger: bench.log.logger()))
    }

    private static func expectStay(_ bench: Workbench, _ seconds: Int) async {
        let outcome = await visit(bench)
        guard case .requeue(.seconds(seconds)) = outcome else {
            Issue.record("it should look again after \(seconds) s: \(outcome)")
            return
        }
        #expect(bench.files.count == 2)
    }

    private static func expectEnd(_ bench: Workbench) async {
        let outcome = await visit(bench)
        guard case .done = outcome else {
            Issue.record("it should be over: \(outcome)")
            return
        }
        #expect(bench.files.isEmpty)
    }

    @Test func filesStayUntilTheStatusLeadsElsewhereAndAWhileLonger() async throws {
        try await Self.run { bench in
            try await Self.label(bench, "oci")
            await Self.expectStay(bench, 60)
            bench.time.advance(by: .seconds(3600))
            await Self.expectStay(bench, 60)
            try await Self.storeElsewhere(bench)
            await Self.expectStay(bench, 60)
            bench.time.advance(by: .seconds(59))
            await Self.expectStay(bench, 1)
            bench.time.advance(by: .seconds(1))
            await Self.expectEnd(bench)
            #expect(await bench.exists(), "the object is the other controller's")
            await Self.expectEnd(bench)
        }
    }

    @Test func aRestartNeitherHurriesNorLeaks() async throws {
        try await Self.run { bench in
            try await Self.label(bench, "oci")
            try await Self.storeElsewhere(bench)
            try await bench.restart()
            #expect(bench.store.objects.count == 1, "what the start finds and asks about")
            await Self.expectStay(bench, 60)
            bench.time.advance(by: .seconds(60))
            await Self.expectEnd(bench)
        }
    }

    @Test func deletionRemovesTheFilesAtOnce() async throws {
        try await Self.run { bench in
            try await Self.label(bench, "oci")
            await Self.expectStay(bench, 60)
            try await bench.delete()
            #expect(await bench.exists(), "the finalizer is the other controller's to remove")
            await Self.expectEnd(bench)
        }
    }

    @Test func whatComesBackIsOursAsBefore() async throws {
        try await Self.run { bench in
            try await Self.label(bench, "oci")
            try await Self.storeElsewhere(bench)
            await Self.expectStay(bench, 60)
            bench.time.advance(by: .seconds(59))
            try await Self.label(bench, .null)
            bench.registry.forgetExchanges()
            try await bench.reconcile()
            #expect(bench.registry.downloads == 0, "the layer was still here")
            #expect(try await bench.object().status.artifact?.url.contains("artifacts.test") == true)
            try await Self.label(bench, "oci")
            try await Self.storeElsewhere(bench)
            await Self.expectStay(bench, 60)
        }
    }

    @Test(arguments: [403, 500])
    func anObjectThatCannotBeAskedForKeepsItsFiles(status: Int) async throws {
        try await Self.run { bench in
            try await Self.label(bench, "oci")
            bench.api.misbehave { exchange in
                guard exchange.path == Self.path, exchange.method == "GET" else { return nil }
                let body: JSONValue = ["kind": "Status", "code": .integer(Int64(status)), "message": "no"]
                return HTTPServerResponse(
                    status: status, headers: ["Content-Type": "application/json"], body: .bytes(body.serialized()))
            }
            if status == 403 {
                await Self.expectStay(bench, 60)
                bench.time.advance(by: .seconds(60))
                await Self.expectEnd(bench)
            } else {
                guard case .failed = await Self.visit(bench) else {
                    Issue.record("it must be tried again")
                    return
                }
                #expect(bench.files.count == 2)
            }
        }
    }
}
