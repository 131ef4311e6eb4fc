import ArtifactStore
import ControllerRuntime
import Core
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// The series of objects: that they are there, and that they go with the object.
@Suite struct MetricTests {
    private static func exposition(_ bench: Workbench) -> String {
        String(decoding: bench.metrics.exposition(), as: UTF8.self)
    }

    private static let labels = #"{kind="OCIRepository",name="app",namespace="apps"}"#

    @Test func theSeriesOfAnObjectGoWithIt() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            QueueAge.expose(in: bench.metrics, of: bench.informer.store) { [:] }
            try await bench.create()
            try await bench.reconcile()
            let text = Self.exposition(bench)
            let series = [
                "gotk_oci_ready\(Self.labels) 1",
                "gotk_oci_last_success_timestamp_seconds\(Self.labels) \(bench.time.now.seconds)",
                "gotk_oci_queue_age_seconds\(Self.labels) 0",
                "gotk_oci_artifact_withheld\(Self.labels) 0",
                #"gotk_reconcile_duration_seconds_count{kind="OCIRepository",name="app",namespace="apps"} "#,
            ]
            let bounds = text.split(separator: "\n").compactMap { line in
                line.hasPrefix("gotk_reconcile_duration_seconds_bucket{")
                    ? line.firstMatch(of: /le="([^"]+)"/).flatMap { Double($0.output.1) } : nil
            }.filter(\.isFinite)
            #expect(bounds.count == 10 && bounds.first == 0.01 && bounds.last.map { abs($0 - 1800) < 0.001 } == true)
            let factors = zip(bounds.dropFirst(), bounds).map { $0 / $1 }
            #expect(factors.allSatisfy { abs($0 - factors[0]) < 0.01 }, "\(bounds) do not grow evenly")
            for line in series { #expect(text.contains(line), "\(line) is not in:\n\(text)") }
            try await bench.delete()
            try await bench.reconcile()
            try await eventually("the end of the object") { bench.informer.store.count == 0 }
            #expect(!Self.exposition(bench).contains(#"name="app""#))
        }
    }

    @Test func whatARegistryAndTheStoreDoIsCounted() async throws {
        try await Workbench.run { bench in
            let layer = TarArchive.layer(["a": "content", "b.txt": "more"])
            bench.registry.push("1.0.0", layer: layer)
            try await bench.create()
            try await bench.reconcile()
            try await bench.change(spec: ["ignore": "*.txt"])
            try await bench.reconcile()
            bench.time.advance(by: .seconds(60))
            // Retention collects the first artifact; somebody breaks the second, which is then made again from the layer.
            try await bench.reconcile()
            let path = try #require(try await bench.object().status.artifact?.path)
            try bench.folder.write(Array("broken".utf8), to: path)
            try await bench.reconcile()
            let text = Self.exposition(bench), host = "{host=\"\(bench.host)\"}"
            let received = text.split(separator: "\n").first {
                $0.hasPrefix("gotk_oci_registry_received_bytes_total\(host) ")
            }
            #expect((received?.split(separator: " ").last.flatMap { Int($0) } ?? 0) > layer.count, "\(text)")
            for line in [
                "gotk_oci_registry_request_duration_seconds_count\(host) ",
                "gotk_oci_registry_download_duration_seconds_count\(host) 1",
                "source_controller_store_bytes \(bench.store.storedBytes)",
                "source_controller_store_files 1",
                "source_controller_store_collected_files_total 1",
                "source_controller_store_integrity_failures_total 1",
                #"source_controller_store_ingests_total{result="stored"} 1"#,
                #"source_controller_store_ingests_total{result="rebuilt"} 2"#,
                "source_controller_store_ingest_duration_seconds_count ",
            ] { #expect(text.contains(line), "\(line) is not in:\n\(text)") }
        }
    }

    @Test func anObjectThatWaitsShowsHowLong() async throws {
        try await Workbench.run { bench in
            try await bench.create()
            try await bench.settle()
            QueueAge.expose(in: bench.metrics, of: bench.informer.store) { [Workbench.key("app"): .milliseconds(2500)] }
            #expect(Self.exposition(bench).contains("gotk_oci_queue_age_seconds\(Self.labels) 2.5"))
        }
    }
}
