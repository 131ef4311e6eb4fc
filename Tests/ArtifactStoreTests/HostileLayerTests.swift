import Archiving
import Core
import Cryptography
import Foundation
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct HostileLayerTests {
    private func expectRefusal(
        _ expected: ArtifactStoreError.Code, _ layer: [UInt8], limits: ArtifactLimits? = nil, message: String = "",
        digest: Digest? = nil, size: Int64? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let fixture = try await StoreFixture()
        let kept = try await fixture.ingest(try await Layers.plain(["old": "1"]), revision: "old")
        do {
            _ = try await fixture.ingest(
                layer, revision: "new", rules: ArtifactRules(limits: limits), digest: digest, size: size)
            Issue.record("stored", sourceLocation: sourceLocation)
        } catch {
            #expect(code(error) == expected, "\(error)", sourceLocation: sourceLocation)
            #expect(message.isEmpty || "\(error)".contains(message), "\(error)", sourceLocation: sourceLocation)
            #expect("\(error)".utf8.count < 600, sourceLocation: sourceLocation)
        }
        // Nothing of it stays, and what was there is untouched.
        #expect(fixture.names(".ingest").isEmpty, sourceLocation: sourceLocation)
        #expect(fixture.files.count == 2, sourceLocation: sourceLocation)
        #expect(fixture.store.artifact(StoreFixture.object) == kept, sourceLocation: sourceLocation)
        #expect(fixture.store.storedBytes == kept.size, sourceLocation: sourceLocation)
    }

    @Test(arguments: ["../up", "a/../../up", "/etc/passwd", "a/..", "//x", ".."])
    func pathsThatLeadOut(path: String) async throws {
        try await expectRefusal(
            .unsafePath, try await Layers.odd("add('\(path)', data=b'x')"), message: "the archive has")
        try await expectRefusal(.unsafePath, try await Layers.odd("add('\(path)', SYMTYPE, link='x')"))
    }

    @Test(arguments: [".", "./.", ".//."])
    func filesThatAreTheRoot(path: String) async throws {
        try await expectRefusal(
            .unsafePath, try await Layers.odd("add('\(path)', data=b'x')"),
            message: "the archive has a file that is called '\(path)'")
    }

    @Test func whatIsNoArchive() async throws {
        try await expectRefusal(.notGzip, [UInt8]("<!DOCTYPE html>".utf8))
        try await expectRefusal(.notGzip, [])
        let layer = try await Layers.plain(["a": "1"])
        let archive = try await CommandLineTool.run("gzip", ["-dc"], input: layer).stdout
        try await expectRefusal(.notGzip, archive)
        let text = try await CommandLineTool.run("gzip", ["-c"], input: [UInt8](repeating: 65, count: 5000)).stdout
        try await expectRefusal(.notTar, text)
        try await expectRefusal(.notTar, try await CommandLineTool.run("gzip", ["-c"], input: []).stdout)
        try await expectRefusal(.damagedArchive, [UInt8](layer.dropLast(20)))
        let cut = try await CommandLineTool.run("gzip", ["-c"], input: [UInt8](archive.prefix(700))).stdout
        try await expectRefusal(.damagedArchive, cut)
    }

    @Test func bytesThatAreNotTheAnnouncedOnes() async throws {
        let layer = try await Layers.plain(["a": "1"])
        try await expectRefusal(.layerDigest, layer, message: "as announced", digest: Digest.of([1]))
        // That they are no archive either says less.
        try await expectRefusal(.layerDigest, [1, 2, 3], digest: Digest.of([1]))
        try await expectRefusal(.layerSize, layer, message: "fewer than", size: Int64(layer.count) + 1)
        try await expectRefusal(.layerSize, layer, message: "more than", size: Int64(layer.count) - 1)
    }

    @Test func limits() async throws {
        let layer = try await Layers.odd("add('d/e/a', data=b'x' * 5000)\nadd('b', data=b'y')")
        func limited(_ change: (inout ArtifactLimits) -> Void) -> ArtifactLimits {
            var limits = ArtifactLimits()
            change(&limits)
            return limits
        }
        try await expectRefusal(.layerSize, layer, limits: limited { $0.layerSize = 10 }, message: "--layer-size-limit")
        try await expectRefusal(
            .unpackedSize, layer, limits: limited { $0.unpackedSize = 6000 }, message: "--unpacked-size-limit")
        try await expectRefusal(
            .entryCount, layer, limits: limited { $0.entryCount = 1 }, message: "--entry-count-limit")
        // Folders that are only implied count too.
        try await expectRefusal(
            .entryCount, layer, limits: limited { $0.entryCount = 3 }, message: "--entry-count-limit")
        try await expectRefusal(
            .pathLength, layer, limits: limited { $0.path.length = 4 }, message: "--path-length-limit")
        try await expectRefusal(.pathDepth, layer, limits: limited { $0.path.depth = 2 }, message: "--path-depth-limit")
        let fixture = try await StoreFixture()
        _ = try await fixture.ingest(
            layer,
            rules: ArtifactRules(
                limits: ArtifactLimits(
                    layerSize: Int64(layer.count), unpackedSize: 10_240, entryCount: 4, pathLength: 5, pathDepth: 3)))
    }

    @Test func aDecompressionBomb() async throws {
        // 100 MiB of zeros in 100 kB.
        let bomb = try await Layers.odd("add('bomb', data=bytes(100 << 20))")
        try await expectRefusal(.ratio, bomb, message: "--compression-ratio-limit")
        try await expectRefusal(
            .unpackedSize, bomb, limits: ArtifactLimits(unpackedSize: 1 << 20, compressionRatio: 10_000),
            message: "--unpacked-size-limit")
    }

    @Test func aHugeName() async throws {
        try await expectRefusal(
            .pathLength, try await Layers.odd("add('n' * 100000)"), message: "a path of 100000 bytes")
        try await expectRefusal(.pathLength, try await Layers.odd("add('n' * 2000000)"), message: "header of")
    }

    @Test func ignoreFilesThatAreTooMuch() async throws {
        try await expectRefusal(.ignoreRules, try await Layers.odd("add('.sourceignore', data=b'a' * (1100 << 10))"))
        try await expectRefusal(.ignoreRules, try await Layers.odd("add('.sourceignore', data=b'a\\n' * 20001)"))
    }

    @Test func emptyIgnoreFilesAreNotForNothing() async throws {
        try await expectRefusal(
            .ignoreRules, try await Layers.odd("for i in range(20000): add('d%05d/.sourceignore' % i)"),
            message: "too many")
    }

    @Test func anInspectionThatNobodyWaitsForEnds() throws {
        let flag = CancellationFlag()
        let lane = InspectingLane(rules: IgnoreRules(), limits: ArtifactLimits(), flag: flag)
        try lane.consume([[0x1f]])
        flag.set()
        #expect(throws: CancellationError.self) { try lane.consume([[0x8b]]) }
    }

    /// One piece may hold many entries, each of them long work for the ignore rules.
    @Test func cancellingEndsTheWorkAtTheNextEntry() async throws {
        let layer = try await Layers.plain(["a": "1", "b": "2"])
        let flag = CancellationFlag()
        let lane = InspectingLane(rules: IgnoreRules(), limits: ArtifactLimits(), flag: flag)
        let normalizer = LayerNormalizer(
            rules: IgnoreRules(), lastOccurrences: [:], limits: ArtifactLimits(), flag: flag, sink: { _ in })
        let walk = LayerWalk(normalizer, limits: ArtifactLimits())
        flag.set()
        #expect(throws: CancellationError.self) { try lane.consume(layer.span) }
        #expect { try walk.consume(layer.span) } throws: { code(ArtifactStoreError(from: $0)) == .cancelled }
    }

    @Test func intricatePatternsTakeBoundedTime() async throws {
        // Exponential for matchers that back-track.
        let fixture = try await StoreFixture()
        let pattern = String(repeating: "*a", count: 40) + "b"
        let layer = try await Layers.odd("add('\(String(repeating: "a", count: 200))')\nadd('c')")
        let artifact = try await fixture.ingest(
            layer, rules: ArtifactRules(ignore: pattern + "\n" + String(repeating: "**/a*/", count: 50)))
        #expect(try fixture.stored(artifact) == layer)
    }

    @Test func millionsOfEntries() async throws {
        // Ten million headers, packed as they come: the limit ends it after a fraction.
        let fixture = try await StoreFixture()
        let script = """
            import tarfile, sys, gzip, io
            g = gzip.GzipFile(fileobj=sys.stdout.buffer, mode='wb', compresslevel=1, mtime=0)
            for i in range(60000):
                g.write(tarfile.TarInfo('f%d' % i).tobuf(tarfile.USTAR_FORMAT))
            g.close()
            """
        let layer = try await CommandLineTool.run("python3", ["-c", script]).stdout
        await #expect {
            try await fixture.ingest(
                layer, rules: ArtifactRules(limits: ArtifactLimits(entryCount: 50_000)), step: 65_536)
        } throws: {
            code($0) == .entryCount && "\($0)".contains("50000")
        }
        #expect(fixture.names(".ingest").isEmpty)
    }

    @Test(arguments: [
        "..", ".", "", "A", "a/b", "../../etc", "a_b", "-a", "a-", "a..b", "é", String(repeating: "a", count: 254),
    ])
    func objectNamesThatKubernetesHasNot(name: String) async throws {
        let fixture = try await StoreFixture()
        for object in [ObjectKey(namespace: "default", name: name), ObjectKey(namespace: name, name: "a")] {
            await #expect { try await fixture.ingest([1], object: object, rules: .init(operation: .copy)) } throws: {
                code($0) == .invalidObject
            }
            await #expect { try await fixture.store.remove(object) } throws: { code($0) == .invalidObject }
        }
    }

    @Test func theLongestNameThatKubernetesHas() async throws {
        let fixture = try await StoreFixture()
        let name = (0..<4).map { _ in String(repeating: "a", count: 62) }.joined(separator: ".") + ".a"
        let object = ObjectKey(namespace: String(repeating: "n", count: 63), name: String(name.prefix(253)))
        let layer = try await Layers.plain(["a": "1"])
        _ = try await fixture.ingest(layer, object: object)
        try await fixture.store.remove(object)
        #expect(fixture.names("ocirepository").isEmpty)
    }
}

@Suite struct SourceFailureTests {
    struct Broken: Error, Equatable {}

    @Test func whatTheSourceThrowsComesThrough() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        await #expect {
            try await fixture.store.ingest(
                object: StoreFixture.object, revision: "r", revisionDigest: Digest.of(layer),
                layerDigest: Digest.of(layer),
                layerSize: Int64(layer.count), rules: ArtifactRules(), bytes: Chunks(bytes: layer, failure: Broken()))
        } throws: {
            let error = $0 as? ArtifactStoreError
            return error?.code == .download && error?.underlying is Broken && error?.category == .download
        }
        #expect(fixture.names(".ingest").isEmpty)
        #expect(fixture.files.isEmpty)
    }

    @Test func cancellingStopsAndCleansUp() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        let started = Locked(false)
        let source = Chunks(bytes: layer, step: 10) { number in
            if number == 2 {
                started.withLock { $0 = true }
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let task = Task {
            try await fixture.store.ingest(
                object: StoreFixture.object, revision: "r", revisionDigest: Digest.of(layer),
                layerDigest: Digest.of(layer),
                layerSize: Int64(layer.count), rules: ArtifactRules(), bytes: source)
        }
        try await eventually("the download") { started.current }
        task.cancel()
        await #expect { try await task.value } throws: { code($0) == .cancelled }
        #expect(fixture.names(".ingest").isEmpty)
    }

    @Test func removingAnObjectWhileItIsStoredLeavesNothing() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        let source = Chunks(bytes: layer, step: 10) { number in
            if number == 3 { try await fixture.store.remove(StoreFixture.object) }
        }
        await #expect {
            try await fixture.store.ingest(
                object: StoreFixture.object, revision: "r", revisionDigest: Digest.of(layer),
                layerDigest: Digest.of(layer),
                layerSize: Int64(layer.count), rules: ArtifactRules(), bytes: source)
        } throws: {
            code($0) == .removed
        }
        #expect(fixture.names("ocirepository").isEmpty)
        #expect(fixture.names(".ingest").isEmpty && fixture.names(".layers").isEmpty && fixture.names(".index").isEmpty)
        // The name can be used again.
        _ = try await fixture.ingest(layer)
    }
}
