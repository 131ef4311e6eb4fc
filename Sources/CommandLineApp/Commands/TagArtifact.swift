internal import CommandLineParsing
internal import OCI
internal import RegistryClient

/// `sourcectl tag artifact`: gives an artifact further tags.
struct TagArtifact: Command {
    private static let tags = Flag.strings("tag", placeholder: "tag", help: "a tag to add; repeatable (required)")

    let path = ["tag", "artifact"]
    let usage = "oci://<repository>:<tag> --tag <tag>"
    let summary = "Add tags to an artifact"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.tags)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference = try flags.artifact()
        guard !flags[Self.tags].isEmpty else { throw CommandLineError(.missingValue, "--tag is required") }
        for tag in flags[Self.tags] {
            do { try ManifestReference.validate(tag: tag) } catch {
                throw CommandLineError(.invalidValue, error.message)
            }
        }
        let repository = try await RegistryFlags.repository(reference.repository, flags, context)
        context.note("tagging artifact")
        for tag in flags[Self.tags] {
            try await repository.tag(reference.manifest, as: tag)
            context.succeed("artifact tagged as \(reference.repository):\(tag)")
        }
    }
}
