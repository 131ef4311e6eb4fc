import Core
import Cryptography
import FileSystem
import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import ArtifactStore

/// A download: bytes in chunks, and perhaps an error at the end.
struct Chunks: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error
    var bytes: [UInt8]
    var step = 1000
    var failure: (any Error & Sendable)?
    /// Called before each chunk.
    var onChunk: @Sendable (Int) async throws -> Void = { _ in }

    struct Iterator: AsyncIteratorProtocol {
        let chunks: Chunks
        var offset = 0
        var number = 0
        mutating func next() async throws -> [UInt8]? {
            try await chunks.onChunk(number)
            number += 1
            guard offset < chunks.bytes.count else {
                if let failure = chunks.failure { throw failure }
                return nil
            }
            let end = Swift.min(offset + chunks.step, chunks.bytes.count)
            defer { offset = end }
            return [UInt8](chunks.bytes[offset..<end])
        }
        mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? { try await next() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }
}

/// A store in a folder of its own, driven by a clock of the test.
struct StoreFixture {
    let folder: TemporaryDirectory
    let time: ManualTime
    let log = CapturedLog()
    let metrics = MetricsRegistry()
    let store: ArtifactStore

    static let object = ObjectKey(namespace: "default", name: "podinfo")

    init(
        in folder: TemporaryDirectory? = nil, time: ManualTime = ManualTime(),
        configure: (inout ArtifactStore.Configuration) -> Void = { _ in }, faults: FaultPoint? = nil
    ) async throws {
        self.folder = try folder ?? TemporaryDirectory()
        self.time = time
        var configuration = ArtifactStore.Configuration(path: self.folder.path)
        configure(&configuration)
        store = try ArtifactStore(
            configuration: configuration, time: time, metrics: metrics, logger: log.logger(), executor: nil,
            faults: faults)
        try await store.recover()
    }

    func ingest(
        _ layer: [UInt8], revision: String = "1.0.0", object: ObjectKey = Self.object,
        rules: ArtifactRules = ArtifactRules(), digest: Digest? = nil, size: Int64? = nil, step: Int = 1000
    ) async throws -> StoredArtifact {
        try await store.ingest(
            object: object, revision: "\(revision)@\(Self.revision(revision))", revisionDigest: Self.revision(revision),
            layerDigest: digest ?? Digest.of(layer), layerSize: size ?? Int64(layer.count), rules: rules,
            bytes: Chunks(bytes: layer, step: step))
    }

    func rebuild(
        _ layer: [UInt8], revision: String = "1.0.0", rules: ArtifactRules = ArtifactRules()
    ) async throws -> StoredArtifact? {
        try await store.rebuild(
            object: Self.object, revision: "\(revision)@\(Self.revision(revision))",
            revisionDigest: Self.revision(revision), layerDigest: Digest.of(layer), layerSize: Int64(layer.count),
            rules: rules)
    }

    static func revision(_ name: String) -> Digest { Digest.of([UInt8]("revision \(name)".utf8)) }

    func stored(_ artifact: StoredArtifact) throws -> [UInt8] { try folder.read(artifact.path) }

    /// Names of everything in a folder of the store.
    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.file(path))) ?? []).sorted()
    }

    var files: [String] { names(Self.object.folder) }
}

/// Makes archives with the real tar, or with Python where tar is too well-behaved.
enum Layers {
    /// A gzipped archive of these files, as a publisher would make it.
    static func plain(_ files: KeyValuePairs<String, String>, arguments: [String] = []) async throws -> [UInt8] {
        let folder = try TemporaryDirectory()
        try folder.write([], to: "in/.placeholder")
        try FileManager.default.removeItem(atPath: folder.file("in/.placeholder"))
        for (name, text) in files { try folder.write(text, to: "in/\(name)") }
        let outcome = try await CommandLineTool.run(
            "tar",
            ["--sort=name", "--mtime=@1700000000", "--owner=1000", "--group=1000"] + arguments + ["-czf", "-", "."],
            directory: folder.file("in"))
        try #require(outcome.status == 0, "\(outcome.errorOutput)")
        return outcome.stdout
    }

    /// A gzipped archive that a Python script makes: `add(name, type, data, link)`, constants of `tarfile`.
    static func odd(_ script: String) async throws -> [UInt8] {
        let prelude = """
            import tarfile, io, sys, gzip
            from tarfile import TarInfo, REGTYPE, DIRTYPE, SYMTYPE, LNKTYPE, FIFOTYPE, CHRTYPE, XGLTYPE
            out = io.BytesIO()
            t = tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT)
            def add(name, type=REGTYPE, data=b'', link='', mode=0o644, **pax):
                i = TarInfo(name); i.type = type; i.size = len(data); i.linkname = link; i.mode = mode
                i.mtime = 1700000000; i.uid = 1000; i.uname = 'somebody'; i.pax_headers = pax
                t.addfile(i, io.BytesIO(data))

            """
        let end = "\nt.close()\nsys.stdout.buffer.write(gzip.compress(out.getvalue(), mtime=0))\n"
        let outcome = try await CommandLineTool.run("python3", ["-c", prelude + script + end])
        try #require(outcome.status == 0, "\(outcome.errorOutput)")
        return outcome.stdout
    }

    /// What the real tar sees in an artifact: `mode owner/group size date name` for each entry.
    static func list(_ artifact: [UInt8]) async throws -> [String] {
        let outcome = try await CommandLineTool.run("tar", ["--utc", "-tvzf", "-"], input: artifact)
        try #require(outcome.status == 0, "\(outcome.errorOutput)")
        return outcome.output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
    }

    /// The names in an artifact, as the real tar sees them.
    static func names(_ artifact: [UInt8]) async throws -> [String] {
        let outcome = try await CommandLineTool.run("tar", ["--quoting-style=literal", "-tzf", "-"], input: artifact)
        try #require(outcome.status == 0, "\(outcome.errorOutput)")
        return outcome.output.split(separator: "\n").map(String.init)
    }

    /// The content of one file in an artifact.
    static func content(_ artifact: [UInt8], _ name: String) async throws -> String {
        try await CommandLineTool.run("tar", ["-xzOf", "-", name], input: artifact).output
    }
}

func code(_ error: any Error) -> ArtifactStoreError.Code? { (error as? ArtifactStoreError)?.code }
