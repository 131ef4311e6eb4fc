internal import Archiving
internal import CommandLineParsing
internal import Core
internal import OCI
internal import RegistryClient

/// `sourcectl pull artifact`: downloads an artifact and unpacks it.
struct PullArtifact: Command {
    private static let output = Flag.string(
        "output", shorthand: "o", placeholder: "folder", help: "where to unpack to (required)")

    let path = ["pull", "artifact"]
    let usage = "oci://<repository>[:<tag>][@<digest>] --output <folder>"
    let summary = "Download an artifact and unpack it"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.output)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference = try flags.artifact()
        guard !flags[Self.output].isEmpty else { throw CommandLineError(.missingValue, "--output is required") }
        let repository = try await RegistryFlags.repository(reference.repository, flags, context)
        context.note("pulling artifact from \(reference)")
        let fetched = try await repository.fetchManifest(reference.manifest)
        let (manifest, _, selection) = try await repository.imageManifest(of: fetched)
        if let selection { context.note(selection.explanation) }
        guard let layer = manifest.layers.first else { throw OCIError(.invalidManifest, "no layers found in artifact") }
        let written = try await Self.unpack(try await repository.streamBlob(layer), to: flags[Self.output])
        for (key, name) in [(AnnotationKey.source, "source"), (AnnotationKey.revision, "revision")] {
            if let value = manifest.annotations[key] {
                context.succeed("\(name) \(RemoteText.printable(value, limit: 1024))")
            }
        }
        context.succeed("digest \(reference.repository)@\(fetched.descriptor.digest)")
        context.succeed("artifact content extracted to \(flags[Self.output]) (\(written.fileCount) files)")
    }

    private static func unpack(
        _ chunks: any AsyncSequence<[UInt8], any Error> & Sendable, to path: String
    ) async throws -> ArchiveExtractor.Summary {
        let executor = BlockingExecutor(label: "unpack", width: 1)
        let work = try await executor.run {
            try OutputFolder.make(path, of: "--output")
            return Work(try ArchiveExtractor(into: path))
        }
        for try await chunk in chunks { try await executor.run { try work.extractor.consume(chunk.span) } }
        return try await executor.run { try work.extractor.finish() }
    }

    /// Handed from thread to thread, used by one at a time.
    private final class Work: @unchecked Sendable {
        let extractor: ArchiveExtractor
        init(_ extractor: ArchiveExtractor) { self.extractor = extractor }
    }
}
