import ControllerRuntime
import Core
import Cryptography
import Foundation
import KubernetesAPI
import OCI
import SourceReconcilers
import TestSupport
import Testing

/// When an artifact is made anew, when it is not, and what that costs.
@Suite struct RebuildTests {
    private static let layer = TarArchive.layer([
        "app.yaml": "kind: App", "docs/read.md": "text", "logo.png": "excluded by default",
    ])

    @Test func anUnchangedTagCostsOneHEADAndNoWrite() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let before = try await bench.json()
            let files = bench.files
            bench.registry.forgetExchanges()
            bench.api.forgetExchanges()
            bench.events.forget()
            bench.time.advance(by: .seconds(600))
            guard case .requeue(after: let delay) = try await bench.reconcile() else {
                Issue.record("it is not polled again")
                return
            }
            #expect((Duration.seconds(570)...(.seconds(630))).contains(delay))
            #expect(bench.registry.exchanges.map(\.description) == ["HEAD /v2/team/app/manifests/1.0.0"])
            #expect(!bench.api.exchanges.contains { $0.path.contains("/ocirepositories/") }, "\(bench.api.exchanges)")
            #expect(try await bench.json() == before)
            #expect(bench.files == files)
            #expect(bench.events.all.isEmpty)
        }
    }

    @Test func theStatusSaysWhatIsServed() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let bytes = try await bench.artifact()
            #expect(artifact.path == "ocirepository/apps/app/\(digest).tar.gz")
            #expect(artifact.url == "http://artifacts.test/\(artifact.path)")
            #expect(artifact.digest == Digest.of(bytes).description && artifact.size == Int64(bytes.count))
            #expect(artifact.lastUpdateTime == Timestamp(seconds: bench.time.now.seconds))
            let time = try await bench.json().member(at: "status", "artifact", "lastUpdateTime")?.stringValue ?? ""
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(time)")
            // The tag is asked for once; what follows is of the digest.
            #expect(
                bench.registry.exchanges.map(\.description) == [
                    "HEAD /v2/team/app/manifests/1.0.0", "GET /v2/team/app/manifests/\(digest)",
                    "GET /v2/team/app/blobs/\(Digest.of(Self.layer))",
                ])
        }
    }

    /// A digest that is stored already is not asked for, unless the rules that made the artifact changed.
    @Test(arguments: [JSONValue.object(["ignore": "docs/"]), ["layerSelector": ["operation": "copy"]]])
    func newRulesRebuildADigestToo(rules: JSONValue) async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create("app", ["ref": ["digest": .string(digest.description)]])
            try await bench.reconcile()
            let old = try #require(try await bench.object().status.artifact)
            try await bench.change(spec: rules)
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.artifact?.digest != old.digest && status.artifact?.revision == digest.description)
            #expect(status.observedIgnore == rules["ignore"]?.stringValue)
            #expect((status.observedLayerSelector == nil) == (rules["layerSelector"] == nil))
            #expect(try await bench.artifact() != [])
            #expect(bench.registry.downloads == 1)
        }
    }

    @Test func newIgnoreRulesRebuildWithoutADownload() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let old = try #require(try await bench.object().status.artifact)
            let oldBytes = try await bench.artifact()
            #expect(try await bench.names() == ["app.yaml", "docs/read.md"])
            #expect(try await bench.object().status.observedIgnore == nil)
            bench.registry.forgetExchanges()

            try await bench.change(spec: ["ignore": "docs/"])
            try await bench.reconcile()
            let status = try await bench.object().status
            let new = try #require(status.artifact)
            #expect(try await bench.names() == ["app.yaml", "logo.png"])
            #expect(status.observedIgnore == "docs/")
            #expect(bench.registry.downloads == 0)
            #expect(new.path != old.path && new.digest != old.digest && new.revision == old.revision)
            #expect(try bench.folder.read(old.path) == oldBytes, "an advertised file is never replaced")
            let link = bench.folder.file("ocirepository/apps/app/latest.tar.gz")
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: link)
                    == new.path.split(separator: "/").last.map(String.init))
            #expect(status.url == "http://artifacts.test/ocirepository/apps/app/latest.tar.gz")
            #expect(bench.events.all.map(\.reason) == ["NewArtifact", "NewArtifact"])

            // Empty rules are not the same as none.
            try await bench.change(spec: ["ignore": ""])
            try await bench.reconcile()
            #expect(try await bench.names() == ["app.yaml", "docs/read.md", "logo.png"])
            #expect(try await bench.object().status.observedIgnore == "")
            try await bench.change(spec: ["ignore": .null])
            try await bench.reconcile()
            #expect(try await bench.names() == ["app.yaml", "docs/read.md"])
            #expect(try await bench.object().status.observedIgnore == nil)
            #expect(bench.registry.downloads == 0)
        }
    }

    @Test func anotherOperationRebuildsWithoutADownload() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            bench.registry.forgetExchanges()
            try await bench.change(spec: ["layerSelector": ["operation": "copy"]])
            try await bench.reconcile()
            #expect(try await bench.artifact() == Self.layer)
            #expect(try await bench.object().status.observedLayerSelector?.operation == .copy)
            #expect(bench.registry.downloads == 0)
            try await bench.change(spec: ["layerSelector": .null])
            try await bench.reconcile()
            #expect(try await bench.names() == ["app.yaml", "docs/read.md"])
            #expect(try await bench.object().status.observedLayerSelector == nil)
        }
    }

    @Test func aNewGenerationAloneRebuildsNothing() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try await bench.object().status.artifact
            bench.registry.forgetExchanges()
            bench.events.forget()
            bench.time.advance(by: .seconds(5))
            try await bench.change(spec: ["interval": "20m"])
            try await bench.reconcile(priority: .requested)
            let object = try await bench.object()
            #expect(object.status.observedGeneration == 2)
            #expect(object.status.artifact == artifact)
            #expect(bench.registry.exchanges.count == 1 && bench.events.all.isEmpty)
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func theFirstLayerOfTheMediaTypeIsTaken() async throws {
        try await Workbench.run { bench in
            let layers = ["one", "two", "three"].map { TarArchive.layer(["name": $0]) }
            let types: [MediaType] = ["application/a", "application/b", "application/b"]
            bench.registry.push(
                ["1.0.0"],
                layers: zip(layers, types).map { layer, type in
                    Descriptor(mediaType: type, digest: bench.registry.store(blob: layer), size: Int64(layer.count))
                })
            try await bench.create("first")
            try await bench.reconcile("first")
            #expect(try await bench.artifact("first") == layers[0])
            try await bench.create("second", ["layerSelector": ["mediaType": "application/b"]])
            try await bench.reconcile("second")
            #expect(try await bench.artifact("second") == layers[1])
        }
    }

    @Test func copyTakesAnyBytes() async throws {
        try await Workbench.run { bench in
            let bytes = Array("neither gzip nor tar".utf8)
            bench.registry.push("1.0.0", layer: bytes, type: "application/wasm")
            try await bench.create("app", ["layerSelector": ["mediaType": "application/wasm", "operation": "copy"]])
            try await bench.reconcile()
            #expect(try await bench.artifact() == bytes)
        }
    }

    // MARK: - Behind our back

    @Test func aChangedFileIsToldAndBuiltAnew() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let good = try await bench.artifact()
            bench.events.forget()
            try bench.folder.write(good.map { $0 ^ 1 }, to: artifact.path)

            try await bench.reconcile()
            let event = try #require(bench.events.all.first)
            #expect(event.type == .warning && event.reason == "ArtifactVerificationFailed")
            #expect(event.message.contains(artifact.path) && event.message.contains(artifact.digest))
            let quote = Quote(
                #"failed to verify artifact 'ocirepository/apps/app/sha256:6e157705....tar.gz': its content has digest sha256:bd31dcdf..., not sha256:c9acdf11...; it is built anew"#
            )
            #expect(quote.matches(event.message), "\(event.message)")
            #expect(try await bench.artifact() == good)
            #expect(try await bench.object().status.artifact?.digest == artifact.digest)
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aMissingFileIsBuiltAnew() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let good = try await bench.artifact()
            try FileManager.default.removeItem(atPath: bench.folder.file(artifact.path))
            try await bench.reconcile()
            #expect(try await bench.artifact() == good)
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aMissingFileIsNotAdvertisedWhileItCannotBeBuilt() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let path = try #require(try await bench.object().status.artifact?.path)
            try FileManager.default.removeItem(atPath: bench.folder.file(path))
            bench.registry.misbehave { _ in RegistryStandIn.error(500, "UNKNOWN") }
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.artifact == nil && status.url == nil)
            #expect(status.condition(ConditionType.artifactInStorage) == nil)
            #expect(status.condition(ConditionType.fetchFailed)?.status == .yes)
            let building = status.condition(ConditionType.reconciling)?.message ?? ""
            #expect(building == "building artifact: disappeared from storage")
            #expect(Quote(#"building artifact: disappeared from storage"#).matches(building))
            #expect(try await bench.kstatus() == .inProgress)
        }
    }

    @Test func anotherAdvertisedHostOnlyChangesTheURLs() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            try await bench.create()
            try await bench.reconcile()
            let old = try #require(try await bench.object().status.artifact)
            bench.events.forget()
            bench.registry.forgetExchanges()
            try await bench.restart { $0.advertisedHost = "elsewhere.test:8080" }
            try await bench.reconcile(priority: .resync)
            let status = try await bench.object().status
            var expected = old
            expected.url = "http://elsewhere.test:8080/\(old.path)"
            #expect(status.artifact == expected)
            #expect(status.url == "http://elsewhere.test:8080/ocirepository/apps/app/latest.tar.gz")
            #expect(bench.registry.downloads == 0 && bench.events.all.isEmpty)
        }
    }

    @Test func replacedFilesStayForAWhile() async throws {
        try await Workbench.run { bench in
            var paths: [String] = []
            for version in 1...3 {
                bench.registry.push("1.0.0", layer: TarArchive.layer(["version": "\(version)"]))
                if version == 1 { try await bench.create() }
                try await bench.reconcile()
                paths.append(try #require(try await bench.object().status.artifact?.path))
                bench.time.advance(by: .seconds(10))
            }
            try await bench.reconcile()
            // Two records are kept, whatever their age.
            #expect(bench.files.filter { paths.contains($0) } == paths.suffix(2).sorted())
            bench.time.advance(by: .seconds(60))
            bench.events.forget()
            try await bench.reconcile()
            #expect(bench.files.filter { paths.contains($0) } == paths.suffix(1))
            let event = try #require(bench.events.all.first)
            #expect(event.reason == "GarbageCollectionSucceeded" && event.isTrace && event.type == .normal)
            #expect(event.message == "garbage collected 1 artifacts")
            #expect(Quote(#"garbage collected 1 artifacts"#).matches(event.message))
        }
    }
}
