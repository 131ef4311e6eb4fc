import Core
import Cryptography
import Foundation
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct IngestTests {
    @Test(arguments: [1, 100, 4096, 1_000_000])
    func aCleanLayerIsTheArtifact(step: Int) async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain([
            "deploy/app.yaml": "kind: App", "ünï cödé.yaml": "x", "a/b/c/d.txt": "deep",
        ])
        let artifact = try await fixture.ingest(layer, step: step)
        #expect(try fixture.stored(artifact) == layer)
        #expect(artifact.digest == Digest.of(layer))
        #expect(artifact.size == Int64(layer.count))
        #expect(artifact.skipped.isEmpty)
        #expect(artifact.path == "ocirepository/default/podinfo/\(StoreFixture.revision("1.0.0")).tar.gz")
        #expect(artifact.revision == "1.0.0@\(StoreFixture.revision("1.0.0"))")
        #expect(fixture.store.artifact(StoreFixture.object) == artifact)
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: fixture.folder.file("ocirepository/default/podinfo/latest.tar.gz"))
        #expect(link == "\(StoreFixture.revision("1.0.0")).tar.gz")
        #expect(fixture.names(".ingest").isEmpty)
    }

    @Test func severalGzipMembersPassThrough() async throws {
        let fixture = try await StoreFixture()
        let archive = try await CommandLineTool.run(
            "gzip", ["-dc"], input: try await Layers.plain(["a": "1", "b": "2"])
        ).stdout
        var layer: [UInt8] = []
        for start in stride(from: 0, to: archive.count, by: 1000) {
            let piece = [UInt8](archive[start..<min(start + 1000, archive.count)])
            layer += try await CommandLineTool.run("gzip", ["-c"], input: piece).stdout
        }
        #expect(try fixture.stored(try await fixture.ingest(layer)) == layer)
    }

    @Test func aLayerWithLinksIsWrittenAnew() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.odd(
            """
            add('./', DIRTYPE, mode=0o777)
            add('bin', DIRTYPE, mode=0o777)
            add('bin/run', data=b'#!', mode=0o755)
            add('config.yaml', data=b'x: 1', mode=0o666)
            add('link', SYMTYPE, link='/etc/passwd')
            add('hard', LNKTYPE, link='../../etc/passwd')
            add('fifo', FIFOTYPE)
            add('char', CHRTYPE)
            """)
        let artifact = try await fixture.ingest(layer)
        let bytes = try fixture.stored(artifact)
        #expect(
            try await Layers.list(bytes) == [
                "drwxr-x--- 0/0 0 1970-01-01 00:00 bin/", "-rwx------ 0/0 2 1970-01-01 00:00 bin/run",
                "-rw------- 0/0 4 1970-01-01 00:00 config.yaml",
            ])
        #expect(artifact.digest == Digest.of(bytes))
        #expect(artifact.skipped.counts == [.link: 2, .device: 2])
        #expect(artifact.skipped.examples == ["link", "hard", "fifo", "char"])
        #expect(
            artifact.skipped.description
                == "skipped 4 entries of the layer (symbolic or hard links: 2, devices or FIFOs: 2): link, hard, fifo, char"
        )
        let many = try await Layers.odd("add('a')\nfor n in range(7): add('l%d' % n, SYMTYPE, link='a')")
        #expect(
            try await StoreFixture().ingest(many).skipped.description
                == "skipped 7 entries of the layer (symbolic or hard links: 7): l0, l1, l2, l3, l4 and 2 more")
        // Another machine, another time: the same bytes.
        let other = try await StoreFixture()
        #expect(try other.stored(try await other.ingest(layer, step: 77)) == bytes)
    }

    struct Odd: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        let names: [String]
        var testDescription: String { name }
    }

    static let odd = [
        Odd(name: "duplicate", script: "add('a', data=b'first')\nadd('b')\nadd('a', data=b'last')", names: ["b", "a"]),
        Odd(name: "duplicate spelled differently", script: "add('a')\nadd('./a', data=b'last')", names: ["a"]),
        Odd(name: "folder twice", script: "add('d', DIRTYPE)\nadd('d/f')\nadd('d', DIRTYPE)", names: ["d/", "d/f"]),
        Odd(name: "file under a file", script: "add('a', data=b'x')\nadd('a/b')\nadd('c')", names: ["a", "c"]),
        Odd(name: "file where a folder is", script: "add('a/b')\nadd('a', data=b'x')", names: ["a/b"]),
        Odd(name: "folder where a file is", script: "add('a')\nadd('a', DIRTYPE)", names: ["a"]),
        Odd(name: "backslash", script: "add('a\\\\b')\nadd('c')", names: ["c"]),
        Odd(name: "spelling", script: "add('a//b')\nadd('a/./c')\nadd('././d')", names: ["a/b", "a/c", "d"]),
        Odd(
            name: "file below a link", script: "add('l', SYMTYPE, link='/etc')\nadd('l/passwd', data=b'x')",
            names: ["l/passwd"]),
        Odd(name: "sparse", script: "add('s', data=b'x', **{'GNU.sparse.major': '1'})\nadd('c')", names: ["c"]),
        Odd(
            name: "global path", script: "t.pax_headers = {}\nadd('pax', XGLTYPE, b'14 path=other\\n')\nadd('c')",
            names: ["other"]),
    ]

    @Test(arguments: odd)
    func oddArchivesAreNormalized(odd: Odd) async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.odd(odd.script)
        let bytes = try fixture.stored(try await fixture.ingest(layer))
        #expect(bytes != layer)
        #expect(try await Layers.names(bytes) == odd.names)
        if odd.name == "duplicate" { #expect(try await Layers.content(bytes, "a") == "last") }
    }

    @Test(arguments: [
        "add('run', mode=0o4755)\nadd('d', DIRTYPE, mode=0o755)",
        "add('run', mode=0o755)\nadd('d', DIRTYPE, mode=0o2755)",
        "add('run', mode=0o755)\nadd('d', DIRTYPE, mode=0o1777)",
        "add('run', mode=0o755, **{'SCHILY.xattr.security.capability': 'x'})\nadd('d', DIRTYPE, mode=0o755)",
        "add('run', mode=0o755, **{'SCHILY.acl.access': 'user::rwx,user:0:rwx'})\nadd('d', DIRTYPE, mode=0o755)",
        "add('run', mode=0o755)\nadd('d', DIRTYPE, mode=0o755, **{'SCHILY.acl.default': 'user::rwx,user:0:rwx'})",
        "add('run', mode=0o755, **{'LIBARCHIVE.xattr.security.capability': 'eA'})\nadd('d', DIRTYPE, mode=0o755)",
    ])
    func privilegesDoNotPassThrough(script: String) async throws {
        let fixture = try await StoreFixture()
        let bytes = try fixture.stored(try await fixture.ingest(try await Layers.odd(script)))
        #expect(
            try await Layers.list(bytes) == [
                "-rwx------ 0/0 0 1970-01-01 00:00 run", "drwxr-x--- 0/0 0 1970-01-01 00:00 d/",
            ])
        let archive = try await CommandLineTool.run("gzip", ["-dc"], input: bytes)
        #expect(archive.status == 0)
        for trace in ["xattr", "acl"] { #expect(!String(decoding: archive.stdout, as: UTF8.self).contains(trace)) }
    }

    @Test func whatLiesBehindTheEndIsDropped() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        let garbage = try fixture.stored(try await fixture.ingest(layer + [UInt8]("garbage".utf8), revision: "g"))
        #expect(try await Layers.list(garbage).count == 1)
        let archive = try await CommandLineTool.run("gzip", ["-dc"], input: layer).stdout
        let behind = try await CommandLineTool.run("gzip", ["-c"], input: archive + [1, 2, 3]).stdout
        let bytes = try fixture.stored(try await fixture.ingest(behind, revision: "b"))
        #expect(bytes == garbage)
        // Zeros behind the archive are padding.
        let padded = try await CommandLineTool.run("gzip", ["-c"], input: archive + [UInt8](repeating: 0, count: 9999))
            .stdout
        #expect(try fixture.stored(try await fixture.ingest(padded, revision: "p")) == padded)
    }

    /// Some readers take an archive without its end for one that was cut.
    @Test func aMissingEndIsAdded() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a": "1"])
        let archive = try await CommandLineTool.run("gzip", ["-dc"], input: layer).stdout
        let length = (archive.lastIndex { $0 != 0 } ?? 0) / 512 * 512 + 512
        let cut = try await CommandLineTool.run("gzip", ["-c"], input: Array(archive[..<length])).stdout
        let bytes = try fixture.stored(try await fixture.ingest(cut))
        #expect(bytes != cut)
        let whole = try await CommandLineTool.run("gzip", ["-dc"], input: bytes).stdout
        #expect(whole.suffix(1024).allSatisfy { $0 == 0 })
        #expect(try await Layers.content(bytes, "a") == "1")
    }

    @Test func copyKeepsAnything() async throws {
        let fixture = try await StoreFixture()
        let bytes = [UInt8]("not gzip at all".utf8)
        let artifact = try await fixture.ingest(bytes, rules: ArtifactRules(operation: .copy))
        #expect(try fixture.stored(artifact) == bytes)
        #expect(artifact.path.hasSuffix(".tar.gz"))
    }

    @Test(arguments: [Digest.Algorithm.sha256, .sha384, .sha512], ["copy", "clean", "links"])
    func artifactsAreHashedAsConfigured(algorithm: Digest.Algorithm, kind: String) async throws {
        let fixture = try await StoreFixture(configure: { $0.digestAlgorithm = algorithm })
        let layer =
            kind == "links"
            ? try await Layers.odd("add('a')\nadd('l', SYMTYPE, link='a')") : try await Layers.plain(["a": "1"])
        let artifact = try await fixture.ingest(
            layer, rules: ArtifactRules(operation: kind == "copy" ? .copy : .extract))
        #expect(artifact.digest == Digest.of(try fixture.stored(artifact), algorithm))
    }
}
