import Core
import Foundation
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct IgnoreTests {
    private func names(_ script: String, ignore: String? = nil) async throws -> Set<String> {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest(try await Layers.odd(script), rules: ArtifactRules(ignore: ignore))
        return Set(try await Layers.names(try fixture.stored(artifact)))
    }

    static let vcs =
        "add('.git/config')\nadd('.gitignore')\nadd('.gitmodules')\nadd('.gitattributes')\nadd('sub/.gitignore')\n"
    static let excluded = [
        "a.jpg", "a.jpeg", "a.gif", "a.png", "a.wmv", "a.flv", "sub/a.tar.gz", "a.zip", ".github/x", ".circleci/x",
        "sub/.travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml", "codeship-services.yml",
        "codeship-steps.yml", "sub/.goreleaser.yml", ".sops.yaml", "x/y/.flux.yaml",
    ]

    private func adding(_ names: [String]) -> String { names.map { "add('\($0)')" }.joined(separator: "\n") + "\n" }

    @Test func defaultsApplyWhenNobodySaysOtherwise() async throws {
        let script = Self.vcs + adding(Self.excluded + ["keep.yaml", "a.tar"])
        #expect(try await names(script) == ["keep.yaml", "a.tar"])
        #expect(try await names(script, ignore: "") == Set(Self.excluded + ["keep.yaml", "a.tar"]))
        #expect(
            try await names(script + "add('.sourceignore', data=b'# nothing')\n")
                == Set(Self.excluded + ["keep.yaml", "a.tar", ".sourceignore"]))
    }

    @Test func ignoreFilesAreScopedAndTheObjectHasTheLastWord() async throws {
        let script = """
            add('sub/deeper/.sourceignore', data=b'!c.txt')
            add('sub/.sourceignore', data=b'/a.txt\\n!b.txt\\nlocal/')
            add('.sourceignore', data=b'*.txt\\r\\n!a.txt')
            """ + "\n"
            + adding(["a.txt", "b.txt", "sub/a.txt", "sub/b.txt", "sub/c.txt", "sub/deeper/a.txt", "sub/deeper/c.txt"])
            + adding(["sub/local/x", "local/x", "x.yaml"])
        let files: Set = [".sourceignore", "sub/.sourceignore", "sub/deeper/.sourceignore"]
        #expect(
            try await names(script)
                == files.union(["a.txt", "sub/b.txt", "sub/deeper/a.txt", "sub/deeper/c.txt", "local/x", "x.yaml"]))
        #expect(
            try await names(script, ignore: "*.yaml\n!/b.txt\n.sourceignore")
                == ["a.txt", "b.txt", "sub/b.txt", "sub/deeper/a.txt", "sub/deeper/c.txt", "local/x"])
    }

    @Test func ignoreFilesBehindTheFilesTheyNameCountToo() async throws {
        #expect(try await names("add('z')\nadd('a')\nadd('.sourceignore', data=b'z')") == ["a", ".sourceignore"])
        // Of two the last one counts, as on a disk.
        #expect(
            try await names("add('.sourceignore', data=b'a')\nadd('a')\nadd('b')\nadd('.sourceignore', data=b'b')")
                == ["a", ".sourceignore"])
        // One in version control's own folder is no content.
        #expect(try await names("add('.git/.sourceignore', data=b'a')\nadd('a')\nadd('a.png')") == ["a"])
    }

    /// While the layer is looked at both files are in conflict with a folder; in the artifact nothing is left of that.
    @Test func afterAnIgnoredConflictANameIsThereOnce() async throws {
        for script in ["add('a/x.jpg')\n", "add('a', DIRTYPE)\n"] {
            let fixture = try await StoreFixture()
            let layer = try await Layers.odd(script + "add('a', data=b'1')\nadd('a', data=b'2')\nadd('b')")
            let artifact = try fixture.stored(
                try await fixture.ingest(layer, rules: ArtifactRules(ignore: "*.jpg\na/")))
            #expect(try await Layers.names(artifact) == ["a", "b"])
            #expect(try await Layers.content(artifact, "a") == "2")
        }
    }

    @Test func anIgnoreFileThatDropsNothingLeavesTheLayerAsItIs() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.odd("add('.sourceignore', data=b'*.txt')\nadd('a.png')\nadd('b.yaml')")
        #expect(try fixture.stored(try await fixture.ingest(layer)) == layer)
    }

    @Test func whatIsIgnoredIsNotReportedAsSkipped() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.odd("add('l', SYMTYPE, link='x')\nadd('m', SYMTYPE, link='x')\nadd('a')")
        let artifact = try await fixture.ingest(layer, rules: ArtifactRules(ignore: "/l"))
        #expect(artifact.skipped.examples == ["m"])
    }
}

@Suite struct RebuildTests {
    @Test func otherRulesNeedNoDownload() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a.yaml": "1", "b.txt": "2"])
        let whole = try await fixture.ingest(layer)
        #expect(fixture.store.storedBytes == whole.size, "a file with two names counts once")

        let less = try #require(try await fixture.rebuild(layer, rules: ArtifactRules(ignore: "*.txt")))
        #expect(try await Layers.names(try fixture.stored(less)) == ["./", "a.yaml"].filter { $0 != "./" })
        // The advertised file keeps its bytes; the new one has a name of its own.
        #expect(try fixture.stored(whole) == layer)
        let digest = StoreFixture.revision("1.0.0")
        #expect(less.path == "ocirepository/default/podinfo/\(digest)-\(less.digest.hex.prefix(12)).tar.gz")
        #expect(fixture.store.artifact(StoreFixture.object) == less)

        // The layer is still there when the artifact that was the layer is not.
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        #expect(fixture.store.storedBytes == less.size + Int64(layer.count))
        let copy = try #require(try await fixture.rebuild(layer, rules: ArtifactRules(operation: .copy)))
        #expect(try fixture.stored(copy) == layer)
        let again = try #require(try await fixture.rebuild(layer))
        #expect(again.path == copy.path && again.digest == copy.digest)
    }

    @Test func theSameRulesGiveTheSameFileAgain() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.odd("add('a')\nadd('l', SYMTYPE, link='a')")
        let one = try await fixture.ingest(layer)
        let two = try #require(try await fixture.rebuild(layer))
        #expect(one.path == two.path && one.digest == two.digest)
        #expect(try await fixture.ingest(layer).path == one.path)
        #expect(fixture.files.count == 2)
    }

    @Test func onlyTheObjectsOwnIntactLayerIsUsed() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        #expect(try await fixture.rebuild(layer) == nil)
        _ = try await fixture.ingest(layer, object: ObjectKey(namespace: "other", name: "podinfo"))
        #expect(try await fixture.rebuild(layer) == nil, "another object's layer is not ours")
        _ = try await fixture.ingest(layer)
        #expect(try await fixture.rebuild(layer + [1]) == nil)
        try FileManager.default.removeItem(atPath: fixture.folder.file(".layers/default/podinfo"))
        try fixture.folder.write(layer.dropLast() + [7], to: ".layers/default/podinfo")
        #expect(try await fixture.rebuild(layer) == nil)
    }

    @Test func theLayerSurvivesARestart() async throws {
        let layer = try await Layers.odd("add('a')\nadd('l', SYMTYPE, link='a')")
        let first = try await StoreFixture()
        _ = try await first.ingest(layer)
        let second = try await StoreFixture(in: first.folder)
        #expect(try await second.rebuild(layer, rules: ArtifactRules(ignore: "a")) != nil)
        // It is only the current one.
        _ = try await second.ingest(try await Layers.plain(["b": "1"]), revision: "2")
        #expect(try await second.rebuild(layer) == nil)
        #expect(second.names(".layers/default") == ["podinfo"])
    }
}
