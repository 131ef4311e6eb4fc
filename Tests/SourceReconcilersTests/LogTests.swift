import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// What the log says of reconciles.
@Suite(.timeLimit(.minutes(5))) struct LogTests {
    /// Lines of the queue itself, and of what runs besides reconciles.
    private static let others: Set<String> = ["Starting workers", "All workers finished", "Listed"]

    @Test func everyLineOfAReconcileNamesIt() async throws {
        try await Workbench.run { bench in
            let layer = TarArchive.layer(["a": "content", "b.txt": "more"])
            bench.registry.push("1.0.0", layer: layer)
            bench.registry.require(username: "robot", password: "hidden-password")
            try await bench.createPullSecret("pull", [bench.host: ("robot", "hidden-password")])
            try await bench.withController { controller, recorder in
                try await bench.create("app", ["secretRef": ["name": "pull"]])
                try await bench.create("bad", ["ref": ["tag": "absent"]])
                try await eventually("both") { Set(recorder.requests.map(\.key.name)) == ["app", "bad"] }
                // A damaged file, a damaged layer, and other rules: what the store finds is part of the reconcile, too.
                try await bench.settle()
                try bench.folder.write(
                    Array("broken".utf8), to: try #require(try await bench.object().status.artifact?.path))
                try await bench.change(spec: ["ignore": "*.txt"])
                try await eventually("the new artifact") { try await bench.object().status.observedIgnore == "*.txt" }
                try await eventually("the ends") { recorder.outcomes.count == recorder.started }
            }
            let lines = try bench.log.entries().filter { !Self.others.contains($0["msg"]?.stringValue ?? "") }
            for line in lines {
                #expect(line["reconcileID"]?.stringValue?.count == 36, "\(line)")
                #expect(line["controller"] == "ocirepository" && line["controllerKind"] == "OCIRepository", "\(line)")
                #expect(line["OCIRepository"]?["name"] == line["name"] && line["namespace"] == "apps", "\(line)")
                #expect(line["OCIRepository"]?["namespace"] == "apps", "\(line)")
                #expect(line["controllerGroup"] == "source.toolkit.fluxcd.io", "\(line)")
                #expect(["debug", "info", "error"].contains(line["level"]?.stringValue ?? ""), "\(line)")
                #expect(line["ts"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } != nil, "\(line)")
            }
            let failures = lines.filter { $0["msg"] == "Reconciler error" }
            for line in failures {
                #expect(line["level"] == "error" && line["name"] == "bad", "\(line)")
                #expect(line["error"]?.stringValue?.contains("UNAUTHORIZED") == true, "\(line)")
            }
            let messages = Set(lines.compactMap { $0["msg"]?.stringValue })
            #expect(messages.contains("registry request") && messages.contains("Reconciler error"), "\(messages)")
            #expect(messages.contains { $0.hasPrefix("an artifact in the store ") }, "\(messages)")
        }
    }

    @Test func eachRequestIsALineOfTheDebugLevel() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            try await bench.create()
            try await bench.reconcile()
            let lines = try bench.log.entries().filter { $0["msg"] == "registry request" }
            #expect(lines.allSatisfy { $0["level"] == "debug" })
            let shown = lines.map { "\($0["method"]?.stringValue ?? "") \($0["url"]?.stringValue ?? "")" }
            let asked = bench.registry.exchanges.map { "\($0.method) http://\(bench.host)\($0.path)" }
            #expect(shown.filter { $0.contains("http://") } == asked, "one line each, in order")
        }
    }
}
