import Core
import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct RetentionTests {
    private func revisions(_ fixture: StoreFixture) -> [String] {
        (1...9).map { "\($0)" }.filter { fixture.files.contains("\(StoreFixture.revision($0)).tar.gz") }
    }

    private func store(_ fixture: StoreFixture, _ numbers: ClosedRange<Int>) async throws {
        for number in numbers {
            _ = try await fixture.ingest(
                [UInt8]("\(number)".utf8), revision: "\(number)", rules: .init(operation: .copy))
            fixture.time.advance(by: .seconds(1))
        }
    }

    @Test func keepsTheNewestSoMany() async throws {
        let fixture = try await StoreFixture()
        try await store(fixture, 1...5)
        #expect(revisions(fixture) == ["1", "2", "3", "4", "5"])
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 3)
        #expect(revisions(fixture) == ["4", "5"])
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 0)
        #expect(fixture.store.storedBytes == 2)
    }

    @Test func aReplacedFileStaysForTheRetentionTime() async throws {
        let fixture = try await StoreFixture(configure: { $0.retentionRecords = 5 })
        try await store(fixture, 1...1)
        // However old it is, it was current until now.
        fixture.time.advance(by: .seconds(24 * 3600))
        try await store(fixture, 2...2)
        fixture.time.advance(by: .seconds(58))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 0)
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        #expect(revisions(fixture) == ["2"])
        fixture.time.advance(by: .seconds(24 * 3600))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 0, "the current one stays")
    }

    @Test func keepsWhatTheStatusNames() async throws {
        let fixture = try await StoreFixture()
        try await store(fixture, 1...4)
        fixture.time.advance(by: .seconds(600))
        let path = "ocirepository/default/podinfo/\(StoreFixture.revision("1")).tar.gz"
        #expect(try await fixture.store.collectGarbage(StoreFixture.object, keeping: path) == 2)
        #expect(revisions(fixture) == ["1", "4"])
    }

    @Test func aFullDiskIsFreed() async throws {
        let folder = try TemporaryDirectory()
        let oldest = folder.file("\(StoreFixture.object.folder)/\(StoreFixture.revision("1")).tar.gz")
        let isFull = Locked(false)
        let fixture = try await StoreFixture(
            in: folder,
            faults: FaultPoint { (step) throws(FileSystemError) in
                guard step == .indexWritten, isFull.current, FileManager.default.fileExists(atPath: oldest) else {
                    return
                }
                throw FileSystemError(operation: "write", path: "x", number: ENOSPC)
            })
        try await store(fixture, 1...3)
        isFull.withLock { $0 = true }
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        #expect(revisions(fixture) == ["2", "3"])
        #expect(try await StoreFixture(in: folder).store.storedBytes == 2)
    }

    /// What cannot be removed does not keep the rest, and is not forgotten.
    @Test func everyFileIsTried() async throws {
        let fixture = try await StoreFixture()
        try await store(fixture, 1...4)
        let path = fixture.folder.file("\(StoreFixture.object.folder)/\(StoreFixture.revision("1")).tar.gz")
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        await #expect { try await fixture.store.collectGarbage(StoreFixture.object) } throws: {
            code($0) == .inputOutput
        }
        #expect(revisions(fixture) == ["1", "3", "4"])
        try FileManager.default.removeItem(atPath: path)
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        #expect(fixture.store.storedBytes == 2)
    }

    @Test func goingBackToAnOlderRevisionMakesItCurrent() async throws {
        let fixture = try await StoreFixture()
        try await store(fixture, 1...2)
        try await store(fixture, 1...1)
        fixture.time.advance(by: .seconds(600))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        #expect(revisions(fixture) == ["1"])
    }

    @Test func removingAnObjectRemovesEverything() async throws {
        let fixture = try await StoreFixture()
        let other = ObjectKey(namespace: "default", name: "other")
        _ = try await fixture.ingest([1], object: other, rules: .init(operation: .copy))
        try await store(fixture, 1...3)
        try await fixture.store.remove(StoreFixture.object)
        #expect(fixture.names("ocirepository/default") == ["other"])
        #expect(fixture.names(".index/default") == ["other"])
        #expect(fixture.names(".layers/default") == ["other"])
        #expect(fixture.store.objects == [other])
        #expect(fixture.store.storedBytes == 1)
        try await fixture.store.remove(StoreFixture.object)
    }

    @Test func theStoresLimitIsAskedBeforeADownload() async throws {
        let fixture = try await StoreFixture(configure: { $0.sizeLimit = 10 })
        _ = try await fixture.ingest([1, 2, 3, 4, 5, 6], revision: "1", rules: .init(operation: .copy))
        let source = Chunks(bytes: [1, 2, 3, 4, 5]) { _ in Issue.record("the download began") }
        await #expect {
            try await fixture.store.ingest(
                object: StoreFixture.object, revision: "2", revisionDigest: StoreFixture.revision("2"),
                layerDigest: StoreFixture.revision("2"), layerSize: 5, rules: .init(operation: .copy), bytes: source)
        } throws: {
            code($0) == .storeFull && "\($0)".contains("--storage-size-limit")
        }
        _ = try await fixture.ingest([1, 2, 3, 4], revision: "3", rules: .init(operation: .copy))
        // Rooms that were kept are given back.
        for _ in 0..<3 {
            await #expect { try await fixture.ingest([9], revision: "4", rules: .init(operation: .copy)) } throws: {
                code($0) == .storeFull
            }
        }
    }
}

@Suite struct IntegrityTests {
    private func damage(_ fixture: StoreFixture, _ artifact: StoredArtifact) throws {
        let handle = try #require(FileHandle(forWritingAtPath: fixture.folder.file(artifact.path)))
        try handle.write(contentsOf: [0xff])
        try handle.close()
    }

    @Test func tellsIntactMissingAndDamaged() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        func verdict() async throws -> IntegrityVerdict {
            try await fixture.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
        }
        #expect(try await verdict() == .intact)
        #expect(
            try await fixture.store.verify(
                object: StoreFixture.object, path: artifact.path, digest: StoreFixture.revision("x"))
                == .damaged(found: artifact.digest))
        #expect(
            try await fixture.store.verify(object: StoreFixture.object, path: "other", digest: artifact.digest)
                == .missing)
        try damage(fixture, artifact)
        guard case .damaged = try await verdict() else {
            Issue.record("the damage was not seen")
            return
        }
        // It is gone for good, and can be stored again.
        #expect(try await verdict() == .missing)
        #expect(fixture.store.artifact(StoreFixture.object) == nil)
        #expect(!fixture.files.contains { $0.contains("sha256") })
        _ = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        #expect(try await verdict() == .intact)
        try FileManager.default.removeItem(atPath: fixture.folder.file(artifact.path))
        #expect(try await verdict() == .missing)
    }

    @Test func aTouchedFileIsReadAgainAndStays() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        _ = try await CommandLineTool.run("touch", ["-d", "2001-01-01", fixture.folder.file(artifact.path)])
        #expect(
            try await fixture.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
                == .intact)
    }

    @Test func theScrubFindsDamageThatLeavesNoTrace() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        let path = fixture.folder.file(artifact.path)
        _ = try await CommandLineTool.run("cp", ["-p", path, fixture.folder.file("reference")])
        try damage(fixture, artifact)
        _ = try await CommandLineTool.run("touch", ["-r", fixture.folder.file("reference"), path])
        #expect(
            try await fixture.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
                == .intact, "inode, size and time are the same")
        let damaged = Locked<[ObjectKey]>([])
        let task = Task {
            try await fixture.store.scrub { object in damaged.withLock { $0.append(object) } }
        }
        try await eventually("the scrub") {
            fixture.time.advance(by: .seconds(24 * 3600))
            return !damaged.current.isEmpty
        }
        task.cancel()
        _ = await task.result
        #expect(damaged.current == [StoreFixture.object])
        #expect(fixture.store.artifact(StoreFixture.object) == nil)
    }

    @Test func aDamagedFileOfTheSameNameIsReplaced() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        try damage(fixture, artifact)
        let again = try await fixture.ingest([1, 2, 3], rules: .init(operation: .copy))
        #expect(again.path == artifact.path)
        #expect(try fixture.stored(again) == [1, 2, 3])
    }
}
