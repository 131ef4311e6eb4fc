import Core
import FileSystem
import Foundation
import Glibc
import HTTPServing
import TestSupport
import Testing

@testable import ArtifactStore

/// Files that are kept but not given out, and the text that is kept beside them.
@Suite struct WithholdingTests {
    private static func answer(_ fixture: StoreFixture, _ path: String) async -> (Int, String) {
        let request = HTTPServerRequest(method: "GET", path: "/\(path)", headers: [:], body: [])
        let handler = fixture.store.handler
        let response: HTTPServerResponse
        if let immediate = handler.respondImmediately(to: request) {
            response = immediate
        } else {
            response = await handler.respond(to: request)
        }
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    private static let latest = "ocirepository/default/podinfo/latest.tar.gz"

    @Test func withheldFilesAreKeptAndNotServed() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        let artifact = try await fixture.ingest(layer)
        #expect(await Self.answer(fixture, artifact.path).0 == 200)
        try await fixture.store.withhold(StoreFixture.object)
        for path in [artifact.path, Self.latest] {
            let (status, text) = await Self.answer(fixture, path)
            #expect(status == 404 && text.hasPrefix("withheld: "))
        }
        #expect(await Self.answer(fixture, "\(artifact.path)x").1.hasPrefix("not found"))
        #expect(fixture.store.artifact(StoreFixture.object)?.isWithheld == true)
        #expect(try fixture.stored(artifact) == layer)
        #expect(
            try await fixture.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
                == .intact)

        // Stored again from the layer that is kept.
        let again = try #require(try await fixture.rebuild(layer))
        #expect((again.path, again.isWithheld) == (artifact.path, false))
        #expect(await Self.answer(fixture, artifact.path).0 == 200)
        #expect(await Self.answer(fixture, Self.latest).0 == 200)
    }

    @Test func everyFileOfTheObjectIsWithheld() async throws {
        let fixture = try await StoreFixture()
        let old = try await fixture.ingest(try await Layers.plain(["a": "1"]), revision: "1")
        let new = try await fixture.ingest(try await Layers.plain(["a": "2"]), revision: "2")
        try await fixture.store.withhold(StoreFixture.object)
        for artifact in [old, new] { #expect(await Self.answer(fixture, artifact.path).0 == 404) }
    }

    /// Whatever the disk says, nothing is given out from then on.
    @Test(arguments: [FaultPoint.Step.indexWritten, .indexMoved])
    func aDiskThatFailsServesNothing(_ step: FaultPoint.Step) async throws {
        let isBroken = Locked(false)
        let fixture = try await StoreFixture(
            faults: FaultPoint { at throws(FileSystemError) in
                if at == step, isBroken.current { throw FileSystemError(operation: "write", path: "index", number: 28) }
            })
        let artifact = try await fixture.ingest(try await Layers.plain(["a": "1"]))
        isBroken.withLock { $0 = true }
        await #expect(throws: ArtifactStoreError.self) { try await fixture.store.withhold(StoreFixture.object) }
        #expect(await Self.answer(fixture, artifact.path).0 == 404)
        isBroken.withLock { $0 = false }
        try await fixture.store.withhold(StoreFixture.object)
        let second = try await StoreFixture(in: fixture.folder)
        #expect(await Self.answer(second, artifact.path).0 == 404)
    }

    @Test func theyStayWithheldAcrossRestarts() async throws {
        let first = try await StoreFixture()
        let old = try await first.ingest(try await Layers.plain(["a": "1"]), revision: "1")
        try await first.store.withhold(StoreFixture.object)
        let new = try await first.ingest(try await Layers.plain(["a": "2"]), revision: "2")
        let second = try await StoreFixture(in: first.folder)
        #expect(await Self.answer(second, old.path).0 == 404)
        #expect(await Self.answer(second, new.path).0 == 200)
        #expect(await Self.answer(second, Self.latest).0 == 200)
    }

    @Test(arguments: [true, false])
    func filesWithoutARecord(areServed: Bool) async throws {
        let first = try await StoreFixture()
        let artifact = try await first.ingest(try await Layers.plain(["a": "1"]))
        try first.folder.write("{", to: ".index/default/podinfo")
        let second = try await StoreFixture(in: first.folder, configure: { $0.servesUnknownFiles = areServed })
        #expect(await Self.answer(second, artifact.path).0 == (areServed ? 200 : 404))
        #expect(second.store.artifact(StoreFixture.object)?.isWithheld == !areServed)
    }

    @Test func whatIsNotThereIsNotWithheld() async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.withhold(StoreFixture.object)
        #expect(fixture.store.objects.isEmpty)
        #expect(await Self.answer(fixture, Self.latest).1.hasPrefix("not found"))
    }

    // MARK: - Disks that fail

    /// A store whose index cannot be written while `isBroken`.
    private static func fixture(_ isBroken: Locked<Bool>) async throws -> StoreFixture {
        try await StoreFixture(
            faults: FaultPoint { (step) throws(FileSystemError) in
                guard step == .indexWritten, isBroken.current else { return }
                throw FileSystemError(operation: "write", path: "x", number: EIO)
            })
    }

    @Test func whatCouldNotBeWrittenDownIsWithheldAllTheSame() async throws {
        let isBroken = Locked(false)
        let fixture = try await Self.fixture(isBroken)
        let artifact = try await fixture.ingest(try await Layers.plain(["a": "1"]), revision: "1")
        isBroken.withLock { $0 = true }
        await #expect { try await fixture.store.withhold(StoreFixture.object) } throws: { code($0) == .inputOutput }
        #expect(fixture.store.artifact(StoreFixture.object)?.isWithheld == true)
        isBroken.withLock { $0 = false }
        // Nor does the next change to the object's record bring it back.
        let next = try await fixture.ingest(try await Layers.plain(["a": "2"]), revision: "2")
        #expect(await Self.answer(fixture, artifact.path).0 == 404)
        #expect(await Self.answer(fixture, next.path).0 == 200)
    }

    @Test func anotherCallWritesItDown() async throws {
        let isBroken = Locked(false)
        let fixture = try await Self.fixture(isBroken)
        let artifact = try await fixture.ingest(try await Layers.plain(["a": "1"]))
        isBroken.withLock { $0 = true }
        await #expect { try await fixture.store.withhold(StoreFixture.object) } throws: { code($0) == .inputOutput }
        isBroken.withLock { $0 = false }
        try await fixture.store.withhold(StoreFixture.object)
        #expect(await Self.answer(try await StoreFixture(in: fixture.folder), artifact.path).0 == 404)
    }

    @Test func aDamagedFileIsNotServedAgainEither() async throws {
        let isBroken = Locked(false)
        let fixture = try await Self.fixture(isBroken)
        let copy = ArtifactRules(operation: .copy)
        let artifact = try await fixture.ingest([1, 2], revision: "1", rules: copy)
        try fixture.folder.write([3, 4], to: artifact.path)
        isBroken.withLock { $0 = true }
        await #expect {
            try await fixture.store.verify(object: StoreFixture.object, path: artifact.path, digest: artifact.digest)
        } throws: {
            code($0) == .inputOutput
        }
        isBroken.withLock { $0 = false }
        _ = try await fixture.ingest([5], revision: "2", rules: copy)
        #expect(await Self.answer(fixture, artifact.path).0 == 404)
    }

    // MARK: - Notes

    @Test func notesLiveWithTheArtifacts() async throws {
        let first = try await StoreFixture()
        try await first.store.keep(note: "early", of: StoreFixture.object)
        #expect(first.store.note(of: StoreFixture.object) == "early")
        #expect(first.names(".index").isEmpty, "there is nothing yet to keep it beside")
        _ = try await first.ingest(try await Layers.plain(["a": "1"]))
        #expect(try await StoreFixture(in: first.folder).store.note(of: StoreFixture.object) == "early")

        let second = try await StoreFixture(in: first.folder)
        try await second.store.keep(note: #"{"a":"\u{e9}"}"#, of: StoreFixture.object)
        let third = try await StoreFixture(in: first.folder)
        #expect(third.store.note(of: StoreFixture.object) == #"{"a":"\u{e9}"}"#)
        try await third.store.remove(StoreFixture.object)
        #expect(third.store.note(of: StoreFixture.object) == nil)
        #expect(third.names(".index").isEmpty)
    }

    @Test func notesAreBounded() async throws {
        let fixture = try await StoreFixture()
        _ = try await fixture.ingest(try await Layers.plain(["a": "1"]))
        let longest = String(repeating: "x", count: ArtifactStore.noteLimit)
        try await fixture.store.keep(note: longest, of: StoreFixture.object)
        await #expect(throws: ArtifactStoreError.self) {
            try await fixture.store.keep(note: longest + "x", of: StoreFixture.object)
        }
        #expect(fixture.store.note(of: StoreFixture.object) == longest)
        // Nor is a longer one read that somebody else wrote.
        let record = String(decoding: try fixture.folder.read(".index/default/podinfo"), as: UTF8.self)
        try fixture.folder.write(
            record.replacingOccurrences(of: longest, with: longest + "x"), to: ".index/default/podinfo")
        #expect(try await StoreFixture(in: fixture.folder).store.note(of: StoreFixture.object) == nil)
    }
}
