import Archiving
import Foundation
import TestSupport
import Testing

private func pack(_ path: String, _ options: ArchiveBuilder.Options = .init()) throws -> (
    [UInt8], ArchiveBuilder.Summary
) {
    final class Bytes { var all: [UInt8] = [] }
    let bytes = Bytes()
    let summary = try ArchiveBuilder.pack(path, options: options) { (piece) throws(ArchiveError) in
        for index in 0..<piece.count { bytes.all.append(piece[index]) }
    }
    return (bytes.all, summary)
}

private func extract(_ archive: [UInt8], into path: String, limits: ArchiveExtractor.Limits = .init()) throws
    -> ArchiveExtractor.Summary
{
    let extractor = try ArchiveExtractor(into: path, limits: limits)
    try inPieces(archive, 777) { try extractor.consume($0) }
    return try extractor.finish()
}

@Suite struct ArchiveBuilderTests {
    @Test func tarUnpacksWhatWasPacked() async throws {
        let folder = try TemporaryDirectory()
        let big = sampleBytes(400_000, seed: 1)
        try folder.write("a", to: "in/b/a.txt")
        try folder.write(big, to: "in/a/big")
        try folder.write("", to: "in/ünï \u{1F600}")
        try folder.write("long", to: "in/" + String(repeating: "n", count: 200))
        #expect(try await CommandLineTool.run("chmod", ["755", folder.file("in/b/a.txt")]).status == 0)
        #expect(try await CommandLineTool.run("ln", ["-s", "/etc/passwd", folder.file("in/link")]).status == 0)
        let (archive, summary) = try pack(folder.file("in"))
        #expect((summary.fileCount, summary.contentSize) == (4, Int64(big.count) + 5))
        #expect((summary.skippedCount, summary.skipped) == (1, ["link"]))
        try folder.write([], to: "out/.keep")
        let outcome = try await CommandLineTool.run(
            "tar", ["-xzpf", "-"], input: archive, directory: folder.file("out"))
        #expect(outcome.status == 0 && outcome.stderr.isEmpty, "\(outcome.errorOutput)")
        let difference = try await CommandLineTool.run(
            "diff", ["-r", "--no-dereference", "in", "out"], directory: folder.path)
        #expect(difference.output.split(separator: "\n").sorted() == ["Only in in: link", "Only in out: .keep"])
        let names = try await CommandLineTool.run("tar", ["--quoting-style=literal", "-tzf", "-"], input: archive)
            .output
            .split(separator: "\n").map(String.init)
        #expect(names == ["a/", "a/big", "b/", "b/a.txt", String(repeating: "n", count: 200), "ünï \u{1F600}"])
    }

    @Test func reproducibleArchivesDependOnContentOnly() async throws {
        let one = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        for folder in [one, other] {
            try folder.write("x", to: "d/z")
            try folder.write("y", to: "d/s/run")
        }
        _ = try await CommandLineTool.run("chmod", ["750", one.file("d/s"), one.file("d/s/run")])
        _ = try await CommandLineTool.run("chmod", ["777", other.file("d/s"), other.file("d/s/run")])
        _ = try await CommandLineTool.run("touch", ["-d", "2001-01-01", other.file("d/z")])
        let reproducible = ArchiveBuilder.Options(isReproducible: true)
        #expect(try pack(one.file("d"), reproducible).0 == pack(other.file("d"), reproducible).0)
        #expect(try pack(one.file("d")).0 != pack(other.file("d")).0)
    }

    @Test func leavesOutWhatIsIgnored() throws {
        let folder = try TemporaryDirectory()
        for name in ["a.yaml", "b.txt", "keep.txt", "sub/c.txt", "sub/d.md", ".git/config"] {
            try folder.write(name, to: "in/\(name)")
        }
        try folder.write("*.txt\n!keep.txt\n", to: "in/.sourceignore")
        try folder.write("!c.txt\n*.md\n", to: "in/sub/.sourceignore")
        let rules = try ArchiveBuilder.rules([".git/"], forFolder: folder.file("in"))
        let (archive, _) = try pack(folder.file("in"), .init(ignore: rules))
        let names = try readTar(gunzip(archive).bytes).members.map(\.name)
        #expect(names == [".sourceignore", "a.yaml", "keep.txt", "sub/", "sub/.sourceignore", "sub/c.txt"])
    }

    @Test func packsASingleFile() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("content", to: "some/file.yaml")
        let members = try readTar(gunzip(try pack(path).0).bytes).members
        #expect(members.map(\.name) == ["file.yaml"])
        #expect(members.first?.content == [UInt8]("content".utf8))
        #expect { try pack(folder.file("missing")) } throws: { code($0) == .inputOutput }
    }
}

@Suite struct ArchiveExtractorTests {
    @Test func unpacksWhatTarPacked() async throws {
        let folder = try TemporaryDirectory()
        try folder.write(sampleBytes(300_000, seed: 2), to: "in/deep/er/big")
        try folder.write("x", to: "in/with space/é")
        _ = try await CommandLineTool.run("chmod", ["755", folder.file("in/with space/é")])
        let archive = try await CommandLineTool.run("tar", ["-czf", "-", "."], directory: folder.file("in")).stdout
        try FileManager.default.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: false)
        let summary = try extract(archive, into: folder.file("out"))
        #expect(summary.fileCount == 2)
        #expect(try await CommandLineTool.run("diff", ["-r", "in", "out"], directory: folder.path).status == 0)
        #expect(FileManager.default.isExecutableFile(atPath: folder.file("out/with space/é")))
        // Again over what is there.
        #expect(try extract(archive, into: folder.file("out")).fileCount == 2)
    }

    @Test(arguments: ["/absolute", "../outside", "a/../../outside", "", "."])
    func refusesNamesThatLeadOut(name: String) throws {
        let folder = try TemporaryDirectory()
        try folder.write([], to: "out/.keep")
        let archive = try gzip(
            writeTar([(TarEntry(kind: .regular, name: [UInt8](name.utf8), size: 1, mode: 0o644), [1])]))
        #expect { try extract(archive, into: folder.file("out")) } throws: { code($0) == .unsafePath }
        #expect(!FileManager.default.fileExists(atPath: folder.file("outside")))
    }

    @Test func neverWritesThroughLinks() throws {
        let folder = try TemporaryDirectory()
        try folder.write("untouched", to: "elsewhere/file")
        try folder.write([], to: "out/.keep")
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder.file("out/dir"), withDestinationPath: "../elsewhere")
        try files.createSymbolicLink(atPath: folder.file("out/file"), withDestinationPath: "../elsewhere/file")
        func archive(_ name: String) throws -> [UInt8] {
            try gzip(writeTar([(TarEntry(kind: .regular, name: [UInt8](name.utf8), size: 1, mode: 0o644), [7])]))
        }
        #expect { try extract(archive("dir/file"), into: folder.file("out")) } throws: { code($0) == .inputOutput }
        // The link itself gives way to the file.
        _ = try extract(archive("file"), into: folder.file("out"))
        #expect(try folder.read("out/file") == [7])
        #expect(try folder.read("elsewhere/file") == [UInt8]("untouched".utf8))
        // Links in the archive are not made.
        let links = try gzip(
            writeTar([
                (
                    TarEntry(
                        kind: .symbolicLink, name: [UInt8]("l".utf8), linkName: [UInt8]("../elsewhere".utf8),
                        mode: 0o777), []
                ),
                (TarEntry(kind: .regular, name: [UInt8]("l/file".utf8), size: 1, mode: 0o644), [8]),
            ]))
        #expect(try extract(links, into: folder.file("out")).skipped == ["l"])
        #expect(try folder.read("out/l/file") == [8])
        #expect(try folder.read("elsewhere/file") == [UInt8]("untouched".utf8))
    }

    @Test func limits() throws {
        let folder = try TemporaryDirectory()
        let archive = try gzip(
            writeTar([
                (TarEntry(kind: .regular, name: [UInt8]("a".utf8), size: 1, mode: 0o644), [1]),
                (TarEntry(kind: .directory, name: [UInt8]("b/c".utf8), mode: 0o755), []),
            ]))
        func limited(_ limits: ArchiveExtractor.Limits) throws {
            _ = try extract(archive, into: folder.path, limits: limits)
        }
        #expect { try limited(.init(unpackedSize: 1000)) } throws: { code($0) == .unpackedSize }
        #expect { try limited(.init(entryCount: 1)) } throws: { code($0) == .entryCount }
        #expect { try limited(.init(path: .init(length: 2))) } throws: { code($0) == .pathLength }
        #expect { try limited(.init(path: .init(depth: 1))) } throws: { code($0) == .pathDepth }
    }
}
