import Core
import Cryptography
import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct RecoveryTests {
    private let rules = ArtifactRules(operation: .copy)

    @Test func aRestartKeepsEverything() async throws {
        let first = try await StoreFixture()
        let layer = try await Layers.odd("add('a')\nadd('l', SYMTYPE, link='a')")
        _ = try await first.ingest([1], revision: "1", rules: rules)
        let artifact = try await first.ingest(layer, revision: "2", rules: ArtifactRules(ignore: "x"))
        try first.folder.write("half", to: ".ingest/layer-7")
        try first.folder.write("half", to: ".ingest/folder/file")
        let second = try await StoreFixture(in: first.folder, time: first.time)
        #expect(second.names(".ingest").isEmpty)
        #expect(second.store.artifact(StoreFixture.object) == artifact)
        #expect(second.store.storedBytes == first.store.storedBytes)
        second.time.advance(by: .seconds(600))
        #expect(try await second.store.collectGarbage(StoreFixture.object) == 1)
        #expect(second.store.objects == [StoreFixture.object])
    }

    @Test(arguments: ["missing", "empty", "torn", "garbage", "other version"])
    func withoutItsIndexTheFilesSpeakForThemselves(kind: String) async throws {
        let first = try await StoreFixture()
        _ = try await first.ingest([1], revision: "1", rules: rules)
        let artifact = try await first.ingest([2], revision: "2", rules: rules)
        let index = first.folder.file(".index/default/podinfo")
        let bytes = try first.folder.read(".index/default/podinfo")
        switch kind {
        case "missing": try FileManager.default.removeItem(atPath: index)
        case "empty": try first.folder.write([], to: ".index/default/podinfo")
        case "torn": try first.folder.write(bytes.prefix(bytes.count / 2), to: ".index/default/podinfo")
        case "garbage": try first.folder.write([0xff, 0xfe], to: ".index/default/podinfo")
        default: try first.folder.write("{\"version\":99,\"artifacts\":[]}", to: ".index/default/podinfo")
        }
        let second = try await StoreFixture(in: first.folder)
        let found = try #require(second.store.artifact(StoreFixture.object))
        #expect((found.path, found.digest, found.size) == (artifact.path, artifact.digest, artifact.size))
        #expect(
            try await second.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
                == .intact)
        #expect(second.files.count == 3)
    }

    @Test func filesOfAnotherControllerAreAdopted() async throws {
        let folder = try TemporaryDirectory()
        let name = "\(StoreFixture.revision("1")).tar.gz"
        try folder.write([1, 2], to: "ocirepository/default/podinfo/\(name)")
        try folder.write([], to: "ocirepository/default/podinfo/\(name).lock")
        try folder.write([3], to: "gitrepository/default/podinfo/other.tar.gz")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("ocirepository/default/podinfo/latest.tar.gz"), withDestinationPath: name)
        let fixture = try await StoreFixture(in: folder)
        let artifact = try #require(fixture.store.artifact(StoreFixture.object))
        #expect(artifact.path == "ocirepository/default/podinfo/\(name)")
        #expect(artifact.digest == Digest.of([1, 2]))
        #expect(artifact.revision.isEmpty)
        #expect(try folder.read("gitrepository/default/podinfo/other.tar.gz") == [3])
    }

    @Test func damagedFilesAreNotServedAgain() async throws {
        let first = try await StoreFixture()
        let old = try await first.ingest([1], revision: "1", rules: rules)
        first.time.advance(by: .seconds(1))
        let new = try await first.ingest([2], revision: "2", rules: rules)
        try first.folder.write([3], to: new.path)
        let second = try await StoreFixture(in: first.folder)
        #expect(second.store.artifact(StoreFixture.object)?.path == old.path)
        #expect(second.store.artifact(StoreFixture.object, path: new.path) == nil)
        #expect(second.log.lines.contains { $0.contains("damaged") })
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: second.folder.file("ocirepository/default/podinfo/latest.tar.gz"))
        #expect(old.path.hasSuffix(link))
    }

    @Test func linksAndOddNamesInTheStoreAreNotFollowed() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("secret", to: "secret.tar.gz")
        try folder.write([1], to: "ocirepository/default/podinfo/.hidden.tar.gz")
        try folder.write([1], to: "ocirepository/default/podinfo/not an artifact.tar.gz")
        let files = FileManager.default
        try files.createSymbolicLink(
            atPath: folder.file("ocirepository/default/podinfo/a.tar.gz"), withDestinationPath: "../../../secret.tar.gz"
        )
        try files.createSymbolicLink(
            atPath: folder.file("ocirepository/default/podinfo/latest.tar.gz"),
            withDestinationPath: "../../../secret.tar.gz")
        try files.createSymbolicLink(atPath: folder.file("ocirepository/linked"), withDestinationPath: "default")
        let fixture = try await StoreFixture(in: folder)
        #expect(fixture.store.artifact(StoreFixture.object) == nil)
        #expect(fixture.store.objects == [StoreFixture.object])
    }

    /// What one object's files or a stranger's do to the start, they do to that object only.
    @Test func oddEntriesDoNotStopTheStart() async throws {
        let first = try await StoreFixture()
        let artifact = try await first.ingest([1], rules: rules)
        let other = ObjectKey(namespace: "default", name: "other")
        _ = try await first.ingest([2], object: other, rules: rules)
        let folder = first.folder
        try folder.write("x", to: "ocirepository/default/stray")
        try folder.write("x", to: "ocirepository/stray")
        try folder.write("x", to: ".index/stray/stray")
        for path in [".index/default/podinfo", ".layers/default/podinfo"] {
            try FileManager.default.removeItem(atPath: folder.file(path))
            try folder.write("x", to: path + "/x")
        }
        let second = try await StoreFixture(in: folder)
        #expect(second.store.artifact(StoreFixture.object)?.path == artifact.path)
        #expect(second.store.artifact(other) != nil)
        #expect(second.store.objects == [other, StoreFixture.object])
        #expect(second.log.lines.contains { $0.contains("index of an object cannot be written") })
    }

    /// A store whose next start cannot read the first file it comes to.
    private func restarted(_ first: StoreFixture) async throws -> StoreFixture {
        let isBroken = Locked(true)
        return try await StoreFixture(
            in: first.folder, time: first.time,
            faults: FaultPoint { (step) throws(FileSystemError) in
                let fails = isBroken.withLock { isBroken in
                    guard step == .fileRead else { return false }
                    defer { isBroken = false }
                    return isBroken
                }
                if fails { throw FileSystemError(operation: "read", path: "x", number: EIO) }
            })
    }

    @Test func aFileThatCannotBeReadIsLeftOut() async throws {
        let first = try await StoreFixture()
        for number in 1...3 {
            _ = try await first.ingest(
                [UInt8(number)], object: ObjectKey(namespace: "default", name: "object-\(number)"), rules: rules)
        }
        let second = try await restarted(first)
        #expect(second.store.objects.count == 3)
        #expect(second.store.objects.filter { second.store.artifact($0) != nil }.count == 2)
        #expect(second.log.lines.contains { $0.contains("cannot be read") })
        #expect(
            String(decoding: second.metrics.exposition(), as: UTF8.self).split(separator: "\n")
                .contains("source_controller_store_integrity_failures_total 1"))
        // It is still there, and the next start may have better luck.
        let third = try await StoreFixture(in: first.folder)
        #expect(third.store.objects.filter { third.store.artifact($0) != nil }.count == 3)
    }

    @Test func aWithheldFileThatCannotBeReadStaysWithheld() async throws {
        let first = try await StoreFixture()
        let artifact = try await first.ingest([1], rules: rules)
        try await first.store.withhold(StoreFixture.object)
        let second = try await restarted(first)
        #expect(second.store.artifact(StoreFixture.object)?.isWithheld == true)
        let third = try await StoreFixture(in: first.folder)
        #expect(third.store.artifact(StoreFixture.object)?.isWithheld == true)
        #expect(
            try await third.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
                == .intact)
    }

    @Test func aFullDiskDoesNotStopTheStart() async throws {
        let first = try await StoreFixture()
        let artifact = try await first.ingest([1], rules: rules)
        let second = try await StoreFixture(
            in: first.folder,
            faults: FaultPoint { (step) throws(FileSystemError) in
                if step == .indexWritten { throw FileSystemError(operation: "write", path: "x", number: ENOSPC) }
            })
        #expect(second.store.artifact(StoreFixture.object)?.path == artifact.path)
    }

    @Test func anUnusableFolderIsSaidAtOnce() throws {
        let folder = try TemporaryDirectory()
        try folder.write([], to: "file")
        for path in [folder.file("missing"), folder.file("file")] {
            #expect { try ArtifactStore(configuration: .init(path: path)) } throws: {
                code($0) == .inputOutput && "\($0)".contains("--storage-path")
            }
        }
    }
}

@Suite struct CrashTests {
    /// The work ends at one step of storing a second artifact.
    @Test(arguments: FaultPoint.Step.ofCommits, [false, true])
    func killedAtAnyStepNothingTornIsServed(step: FaultPoint.Step, isNormalized: Bool) async throws {
        let folder = try TemporaryDirectory()
        let layers = try await Self.layers(isNormalized)
        let before = try await StoreFixture(in: folder)
        let old = try await before.ingest(layers.old, revision: "old")
        // A process that is killed leaves what it has written; throwing at the step and doing nothing more leaves the same.
        let isArmed = Locked(false)
        let crashing = try await StoreFixture(
            in: folder,
            faults: FaultPoint { (reached) throws(FileSystemError) in
                guard reached == step, isArmed.current else { return }
                throw FileSystemError(operation: "go on at", path: step.rawValue, number: EIO)
            }
        ).store
        isArmed.withLock { $0 = true }
        do {
            _ = try await crashing.ingest(
                object: StoreFixture.object, revision: "new", revisionDigest: StoreFixture.revision("new"),
                layerDigest: Digest.of(layers.new), layerSize: Int64(layers.new.count), rules: ArtifactRules(),
                bytes: Chunks(bytes: layers.new))
            #expect(step == .normalized && !isNormalized, "the step was never reached")
        } catch {
            #expect(code(error) == .inputOutput)
        }

        let after = try await StoreFixture(in: folder)
        #expect(after.names(".ingest").isEmpty)
        let current = try #require(after.store.artifact(StoreFixture.object))
        let bytes = try after.stored(current)
        #expect(Digest.of(bytes) == current.digest)
        // Either the old one or the new one, whole; and the old one is still there.
        #expect(try after.stored(old) == layers.old)
        #expect(after.store.artifact(StoreFixture.object, path: old.path)?.digest == old.digest)
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: folder.file("ocirepository/default/podinfo/latest.tar.gz"))
        #expect(current.path.hasSuffix(link))
        // And the next attempt succeeds.
        let new = try await after.ingest(layers.new, revision: "new")
        #expect(after.store.artifact(StoreFixture.object) == new)
        #expect(after.names(".ingest").isEmpty)
    }

    /// The store's process is a child that kills itself.
    @Test(
        .timeLimit(.minutes(2)),
        arguments: [FaultPoint.Step.layerWritten, .synchronized, .artifactMoved, .indexWritten, .linkMade])
    func killedForReal(step: FaultPoint.Step) async throws {
        let folder = try TemporaryDirectory()
        let layers = try await Self.layers(true)
        let before = try await StoreFixture(in: folder)
        let old = try await before.ingest(layers.old, revision: "old")
        try folder.write(layers.new, to: "new-layer")
        let path = folder.path
        let name = step.rawValue
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, name = name as String] in
            let folder = URL(fileURLWithPath: path)
            let layer = [UInt8](try Data(contentsOf: folder.appendingPathComponent("new-layer")))
            let isArmed = Locked(false)
            let store = try ArtifactStore(
                configuration: .init(path: path), time: SystemTime(), metrics: MetricsRegistry(), logger: .disabled,
                executor: nil,
                faults: FaultPoint { (reached) throws(FileSystemError) in
                    if reached.rawValue == name && isArmed.current { kill(getpid(), SIGKILL) }
                })
            try await store.recover()
            isArmed.withLock { $0 = true }
            _ = try await store.ingest(
                object: ObjectKey(namespace: "default", name: "podinfo"), revision: "new",
                revisionDigest: Digest.of([UInt8]("revision new".utf8)), layerDigest: Digest.of(layer),
                layerSize: Int64(layer.count), rules: ArtifactRules(), bytes: Chunks(bytes: layer))
        }
        let after = try await StoreFixture(in: folder)
        #expect(after.names(".ingest").isEmpty)
        let current = try #require(after.store.artifact(StoreFixture.object))
        #expect(Digest.of(try after.stored(current)) == current.digest)
        #expect(try after.stored(old) == layers.old)
        _ = try await after.ingest(layers.new, revision: "new")
    }

    /// The number of a file in the making is another one at each try, which must not make another message.
    @Test func messagesNameNoTry() {
        for (number, other) in [(7, "/data/ocirepository/a/b/c-7"), (12, "/x/.ingest-1/y-2")] {
            let path = "/data/.ingest/layer-\(number)"
            let error = FileSystemError(operation: "rename to '\(other)'", path: path, number: ENOTDIR)
            #expect(
                ArtifactStoreError(error).message
                    == "cannot rename to '\(other)' '/data/.ingest/layer': Not a directory")
        }
        let error = FileSystemError(operation: "write to", path: "/data/.ingest/artifact-3", number: ENOSPC)
        #expect(ArtifactStoreError(error).message.contains("cannot write to '/data/.ingest/artifact': "))
    }

    @Test func aFullDiskIsSaidAndLeavesNothing() async throws {
        let fixture = try await StoreFixture(
            faults: FaultPoint { (step) throws(FileSystemError) in
                if step == .synchronized { throw FileSystemError(operation: "synchronize", path: "x", number: ENOSPC) }
            })
        await #expect { try await fixture.ingest([1], rules: .init(operation: .copy)) } throws: {
            let error = $0 as? ArtifactStoreError
            return error?.code == .diskFull && error?.category == .storage && "\($0)".contains("--storage-path")
        }
        #expect(fixture.names(".ingest").isEmpty)
        #expect(fixture.store.artifact(StoreFixture.object) == nil)
    }

    @Test(arguments: FaultPoint.Step.ofCommits)
    func aFailureAtAnyStepLeavesTheStoreAsItWas(step: FaultPoint.Step) async throws {
        let isArmed = Locked(false)
        let fixture = try await StoreFixture(
            faults: FaultPoint { (reached) throws(FileSystemError) in
                guard reached == step, isArmed.current else { return }
                throw FileSystemError(operation: "go on at", path: step.rawValue, number: ENOSPC)
            })
        let layers = try await Self.layers(true)
        let old = try await fixture.ingest(layers.old, revision: "old")
        isArmed.withLock { $0 = true }
        await #expect { try await fixture.ingest(layers.new, revision: "new") } throws: { code($0) == .diskFull }
        #expect(fixture.store.artifact(StoreFixture.object) == old)
        #expect(fixture.files == ["latest.tar.gz", "\(StoreFixture.revision("old")).tar.gz"].sorted())
        #expect(try fixture.folder.read("ocirepository/default/podinfo/latest.tar.gz") == layers.old)
        #expect(fixture.names(".ingest").isEmpty)
        isArmed.withLock { $0 = false }
        let new = try await fixture.ingest(layers.new, revision: "new")
        #expect(new.path == "ocirepository/default/podinfo/\(StoreFixture.revision("new")).tar.gz")
        #expect(fixture.store.artifact(StoreFixture.object) == new)
    }

    private static func layers(_ isNormalized: Bool) async throws -> (old: [UInt8], new: [UInt8]) {
        let old = try await Layers.plain(["a": "old"])
        let new =
            isNormalized
            ? try await Layers.odd("add('a', data=b'new')\nadd('l', SYMTYPE, link='a')")
            : try await Layers.plain(["a": "new"])
        return (old, new)
    }
}

extension FaultPoint.Step {
    fileprivate static let ofCommits = allCases.filter { $0 != .fileRead }
}
